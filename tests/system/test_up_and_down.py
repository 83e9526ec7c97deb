"""A whole installation: it starts, survives the death of any of its processes, goes on where it stopped, and leaves
nobody behind.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest
from kafka.admin import KafkaAdminClient

from earnest.local.home import Home
from earnest.local.processes import working_in
from earnest.local.system import PORTS
from shared.contracts.topics import DEALS
from shared.database import database_url as url_of
from shared.logins import LOGINS, SERVICES, login_of
from tests.waiting import until


class Installation:
    """An `earnest up` in a process of its own."""

    def __init__(self, home: Path, *options: str, servers: Mapping[str, str] | None = None) -> None:
        environment = {
            name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS"}
        }
        self.home = Home(home)
        self.environment = {**environment, **(servers or {}), "EARNEST_HOME": str(home)}
        command = [sys.executable, "-m", "earnest.cli", "up", *options]
        self.process = subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self.process.stdout is not None
        self.said = ""
        for line in self.process.stdout:
            self.said += line
            if line.startswith("Running."):
                return
        raise AssertionError(f"it did not start: {self.said}")

    def family(self) -> dict[str, int]:
        """The process ids of the services and of the servers by name."""
        found = {}
        for child in psutil.Process(self.process.pid).children():
            try:
                command = child.cmdline()
            except psutil.Error:  # a zombie
                continue
            if command:
                name = next((part for part in command if part.startswith("services.")), Path(command[0]).name)
                found[name.removeprefix("services.")] = child.pid
        return found

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command beside the installation, in its folder."""
        command = [sys.executable, "-m", "earnest.cli", *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)

    def ready(self) -> bool:
        """Whether every service can do its work."""
        told = json.loads((self.home.path / "environment.json").read_text())
        try:
            return all(httpx.get(f"{told[f'EARNEST_{name.upper()}_URL']}/readyz").status_code == 200 for name in PORTS)
        except httpx.TransportError:
            return False


def logged_in_now(home: Home) -> set[str]:
    """Who is logged in to the database, but for us."""
    url = url_of(home.settings()).set(drivername="postgresql").render_as_string(hide_password=False)
    others = "backend_type = 'client backend' and pid <> pg_backend_pid()"
    with psycopg.connect(url) as connection:
        return {who for (who,) in connection.execute(f"select usename from pg_stat_activity where {others}")}


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
def installation(server_folder: Path, request: pytest.FixtureRequest) -> Iterator[Installation]:
    running = Installation(server_folder / request.node.name)
    yield running
    running.process.kill()
    running.process.wait()
    until(lambda: not working_in(running.home.postgres / "data"), "the end of PostgreSQL")


def test_any_process_may_die_and_the_installation_recovers(installation: Installation) -> None:
    assert set(installation.family()) == {*PORTS, "postgres"}
    for name in PORTS:
        assert "@" not in psutil.Process(installation.family()[name]).environ()["DATABASE_URL"]
    assert set(map(login_of, PORTS)) <= logged_in_now(installation.home) <= set(LOGINS)
    second = installation.run("up")
    assert second.returncode == 1
    assert f"is in use by process {installation.process.pid}" in second.stderr
    for name in (*PORTS, "postgres"):
        first = installation.family()[name]
        os.kill(first, signal.SIGKILL)
        until(lambda name=name, first=first: installation.family().get(name) not in {None, first})  # type: ignore[misc]
        until(installation.ready, f"being ready again after {name} was killed")


def test_a_signal_drains_everything_and_the_next_start_goes_on(installation: Installation) -> None:
    family = list(installation.family().values())
    database = (installation.home.postgres / "port").read_text()
    installation.process.send_signal(signal.SIGTERM)
    output, _ = installation.process.communicate()
    assert installation.process.returncode == 0
    assert output.splitlines()[-1] == "Stopped."
    assert alive(family) == []
    log = (installation.home.logs / "supervisor.log").read_text()
    assert "did not drain" not in log
    other = installation.run("up", "--log", "kafka")
    assert other.returncode == 1
    assert "was begun with --log postgres" in other.stderr
    again = Installation(installation.home.path)
    try:
        assert again.ready()
        assert (again.home.postgres / "port").read_text() == database
        assert "Nothing was deleted" in again.run("down").stdout
        assert again.process.wait() == 0
    finally:
        again.process.kill()


def test_nobody_is_left_when_the_supervisor_is_killed(installation: Installation) -> None:
    family = list(installation.family().values())
    assert len(family) == 1 + len(SERVICES), "PostgreSQL and the services"
    installation.process.kill()
    installation.process.wait()
    until(lambda: not alive(family))
    again = Installation(installation.home.path)
    try:
        assert again.ready()
    finally:
        again.process.send_signal(signal.SIGTERM)
        again.process.wait()


def test_the_same_installation_runs_on_a_kafka_of_its_own(server_folder: Path) -> None:
    installation = Installation(server_folder / "on-kafka", "--log", "kafka")
    try:
        assert set(installation.family()) == {*PORTS, "postgres", "java"}
        assert installation.ready()
        first = installation.family()["java"]
        os.kill(first, signal.SIGKILL)
        until(lambda: installation.family().get("java") not in {None, first})
        until(installation.ready)
    finally:
        installation.process.send_signal(signal.SIGTERM)
        assert installation.process.wait() == 0


def test_existing_servers_are_used_instead_of_own_ones(
    server_folder: Path, database_url: str, kafka_servers: str
) -> None:
    servers = {"DATABASE_URL": database_url, "KAFKA_BOOTSTRAP_SERVERS": kafka_servers}
    installation = Installation(server_folder / "elsewhere", servers=servers)
    try:
        assert set(installation.family()) == set(PORTS)
        assert not installation.home.postgres.exists()
    finally:
        installation.process.send_signal(signal.SIGTERM)
        assert installation.process.wait() == 0
    with psycopg.connect(database_url) as connection:
        assert connection.execute("select 1 from pg_namespace where nspname = 'payout'").fetchone() == (1,)
    admin = KafkaAdminClient(bootstrap_servers=kafka_servers)
    try:
        assert DEALS.name in admin.list_topics()
    finally:
        admin.close()
