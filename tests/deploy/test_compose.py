"""docker-compose.yml: well formed, safe by default, and starting what it says, as far as that can be seen without an
engine.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field

from earnest.local import kafka_jars, postgres
from shared import logins
from shared.logins import LOGINS, login_of, view_of
from shared.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


class Closed(BaseModel):
    """A part of the compose specification; a key that is not named here is a mistake."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Limits(Closed):
    cpus: str
    memory: str = Field(pattern=r"^\d+[MG]$")
    pids: int


class Resources(Closed):
    limits: Limits


class Deploy(Closed):
    resources: Resources


class Health(Closed):
    test: list[str] = Field(min_length=2)
    interval: str
    timeout: str
    retries: int
    start_period: str
    start_interval: str


class Build(Closed):
    context: str
    dockerfile: str


class Condition(Closed):
    condition: str = Field(pattern="^service_(healthy|completed_successfully)$")


class Port(Closed):
    target: int
    host_ip: str


class Logging(Closed):
    driver: str
    options: dict[str, str]


class Service(Closed):
    image: str
    user: str = Field(pattern=r"^[1-9]\d*:\d+$")
    cap_drop: list[str]
    security_opt: list[str]
    restart: str
    logging: Logging
    healthcheck: Health | None = None
    deploy: Deploy
    build: Build | None = None
    read_only: bool = False
    tmpfs: list[str] = []
    init: bool = False
    stop_signal: str | None = None
    stop_grace_period: str | None = None
    shm_size: str | None = None
    depends_on: dict[str, Condition] = {}
    environment: dict[str, str] = {}
    secrets: list[str] = []
    command: str | list[str] | None = None
    ports: list[str | Port] = []
    volumes: list[str] = []


class Secret(Closed):
    file: str


class Compose(Closed):
    name: str
    services: dict[str, Service]
    secrets: dict[str, Secret]
    volumes: dict[str, dict[str, str]]


@pytest.fixture(params=sorted(SERVICES))
def service(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each service in turn."""
    return SERVICES[request.param]


def test_the_file_is_what_the_compose_specification_allows() -> None:
    Compose.model_validate({key: value for key, value in COMPOSE.items() if not key.startswith("x-")})


def test_the_compose_client_agrees_where_it_is_installed() -> None:
    if (
        shutil.which("docker")
        and subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0
    ):
        subprocess.run(["docker", "compose", "config", "--quiet"], cwd=ROOT, check=True)


def test_every_image_is_pinned_to_a_full_version(service: dict[str, Any]) -> None:
    assert re.search(r":v?\d+\.\d+(\.\d+)?$", service["image"])


def test_no_container_may_gain_rights(service: dict[str, Any]) -> None:
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_whatever_listens_outside_listens_on_the_loopback(service: dict[str, Any]) -> None:
    for port in service.get("ports", []):
        assert (port["host_ip"] if isinstance(port, dict) else port.split(":")[0]) == "127.0.0.1"


def test_every_mounted_file_is_in_the_repository_and_every_volume_and_secret_declared(service: dict[str, Any]) -> None:
    for volume in service.get("volumes", []):
        source, *_, mode = volume.split(":")
        if source.startswith("./"):
            assert (ROOT / source).exists()
            assert mode == "ro"
        else:
            assert source in COMPOSE["volumes"]
    assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
    assert set(service.get("depends_on", {})) <= set(SERVICES)


def test_every_secret_is_a_file_that_the_script_makes_and_git_ignores(tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "deploy" / "secrets",
        tmp_path / "secrets",
        ignore=shutil.ignore_patterns("keys", "*password", "*.json", "earnest*"),
    )
    subprocess.run([sys.executable, tmp_path / "secrets" / "make.py"], check=True, capture_output=True)
    for secret in COMPOSE["secrets"].values():
        made = tmp_path / "secrets" / Path(secret["file"]).name
        assert made.stat().st_mode & 0o777 == 0o444, "a container reads it as another user"
        assert made.parent.stat().st_mode & 0o777 == 0o700, "on the host nobody else does"
        assert subprocess.run(["git", "check-ignore", "-q", secret["file"]], cwd=ROOT, check=False).returncode == 0


def test_no_password_is_in_the_environment() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if "PASSWORD" in name or "SECRET" in name:
                assert Path(value).is_relative_to("/run/secrets"), f"{name} is not a file"
            assert not re.search(r"//[^/]*:[^/]*@", str(value)), f"{name} holds a password"


@pytest.mark.parametrize("name", logins.SERVICES)
def test_a_service_of_ours_is_told_only_what_the_settings_know(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {f"EARNEST_{field.upper()}" for field in Settings.model_fields} | {
        "DATABASE_URL",
        "KAFKA_BOOTSTRAP_SERVERS",
    }
    environment = SERVICES[name]["environment"]
    assert set(environment) <= known
    for variable, value in environment.items():
        monkeypatch.setenv(variable, re.sub(r"\$\{\w+:-(\w+)\}", r"\1", value))
    settings = Settings.model_validate({})
    assert settings.log_kind == "kafka"
    port = str(getattr(settings, f"{name}_port"))
    assert SERVICES[name]["healthcheck"]["test"] == ["CMD", "earnest-ready", port]
    assert port in str(SERVICES[name]["ports"])
    assert getattr(settings, f"{name}_url") == f"http://{name}:{port}"


@pytest.mark.parametrize("name", logins.SERVICES)
def test_a_service_sees_the_passwords_of_its_own_two_logins_and_names_no_other(name: str) -> None:
    passwords = {login_of(name), view_of(name)}
    assert set(SERVICES[name]["secrets"]) & {"earnest", *LOGINS} == passwords
    assert "@" not in SERVICES[name]["environment"]["DATABASE_URL"]
    assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_the_tables_are_made_once_by_the_administrator_who_knows_every_password() -> None:
    migrate = SERVICES["migrate"]
    assert set(migrate["secrets"]) == {"earnest", "signing_key", *LOGINS}
    assert migrate["environment"]["DATABASE_URL"].startswith("postgresql://earnest@")
    assert migrate["restart"] == "no"
    assert migrate["command"] == ["earnest.cli", "migrate"]
    assert all("healthcheck" in service for name, service in SERVICES.items() if name != "migrate"), "it ends"


def test_scoring_can_have_many_instances() -> None:
    scoring = SERVICES["scoring"]
    assert all("published" not in port for port in scoring["ports"]), "two instances cannot share a port of the host"
    assert "container_name" not in scoring
    assert "volumes" not in scoring
    assert "EARNEST_MEMBER" not in scoring["environment"], "each instance is a member of its own"


def test_postgres_is_set_as_the_embedded_one() -> None:
    service = SERVICES["postgres"]
    assert service["image"].startswith("postgres:18.")
    given = dict(re.findall(r"-c (\w+)=(\S+)", service["command"]))
    ours = {name.lower(): value for name, value in postgres.SETTINGS.items()}
    assert {name: ours[name] for name in given} == given


def test_kafka_is_the_version_of_the_tests() -> None:
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{kafka_jars.VERSION}"


def test_the_image_copies_nothing_that_is_ignored() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    copied = {path for line in re.findall(r"^COPY (?!--)(.*) \S+$", dockerfile, re.M) for path in line.split()}
    assert copied == allowed
