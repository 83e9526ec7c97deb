"""A whole installation on this machine: database, log and services, for as long as a `with` block."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from earnest.local.claims import claim_folder, claim_port, release_ports
from earnest.local.home import PASSWORDS, Home, settings_from, zone_named
from earnest.local.kafka import Kafka
from earnest.local.logins import make_passwords, prepare_database
from earnest.local.postgres import Postgres
from earnest.local.processes import LocalError
from earnest.local.server import Server
from earnest.local.supervisor import ServiceProcess, Supervisor, end_left_over
from shared.database import without_login
from shared.logins import SERVICES
from shared.settings import Settings

LogKind = Literal["postgres", "kafka"]
PORTS: Mapping[str, int] = {name: Settings.model_fields[f"{name}_port"].default for name in SERVICES}
MODULES = tuple(f"services.{name}" for name in PORTS)
KAFKA_SERVERS = "KAFKA_BOOTSTRAP_SERVERS"
TIME_ZONE = "EARNEST_TIME_ZONE"
NOTED = ("DATABASE_URL", KAFKA_SERVERS)
READY_SECONDS = 120.0


@dataclass(frozen=True)
class System:
    """A running installation."""

    home: Home
    settings: Settings
    supervisor: Supervisor

    @property
    def urls(self) -> dict[str, str]:
        """Where each service answers."""
        return {service.name: service.url for service in self.supervisor.services}

    def key(self, name: str) -> str:
        """The plain API key of one of `earnest.local.keys.PRINCIPALS`."""
        return self.home.key(name)


@contextmanager
def running_system(home: Home, log: LogKind | None = None) -> Iterator[System]:
    """Start everything that is not running elsewhere, wait until it is ready, and drain and stop it at the end.

    `log` says which log carries the events, by default the one that the folder was begun with (PostgreSQL for a new
    folder). DATABASE_URL and KAFKA_BOOTSTRAP_SERVERS in the environment name servers to use instead of starting our
    own. The processes end when the calling thread does.

    Raises:
        LocalError: the folder is in use, was begun with another log or time zone, or something did not start.
    """
    with ExitStack() as cleanup:
        cleanup.callback(claim_folder(home.path).close)
        home.make()
        # Before anything starts: services of an earlier life would work on beside ours.
        end_services(home)
        kind = log_kind(home, log)
        zone = time_zone(home)
        cleanup.callback(release_ports, home.path)
        servers: list[Server] = []
        environment = {**os.environ, **_own_variables(home), TIME_ZONE: zone}
        if "DATABASE_URL" in os.environ:
            environment.setdefault(PASSWORDS, str(home.passwords))
        else:
            postgres = Postgres(home.postgres)
            _start(postgres, servers, cleanup=cleanup)
            environment |= {"DATABASE_URL": postgres.address, PASSWORDS: str(home.passwords)}
        if kind == "postgres":
            # A Kafka that the user has for other things is not this installation's log.
            environment.pop(KAFKA_SERVERS, None)
        elif KAFKA_SERVERS not in os.environ:
            kafka = Kafka(home.kafka)
            _start(kafka, servers, cleanup=cleanup)
            environment[KAFKA_SERVERS] = kafka.bootstrap_servers
        # Noted once the log runs: a first start that failed binds nobody to its choice.
        home.log_note.write_text(kind)
        home.time_zone.write_text(zone)
        noted = {name: value for name, value in environment.items() if name in NOTED or name.startswith("EARNEST_")}
        home.note(noted)
        settings = settings_from(noted)
        make_passwords(Path(environment[PASSWORDS]))
        prepare_database(settings)
        # A service logs in as itself: the administrator's name and password are not for it.
        environment["DATABASE_URL"] = without_login(environment["DATABASE_URL"])
        services = [
            ServiceProcess(name=name, module=f"services.{name}", url=noted[f"EARNEST_{name.upper()}_URL"])
            for name in PORTS
        ]
        supervisor = Supervisor(servers, services, environment=environment, logs=home.logs)
        supervisor.start()
        cleanup.callback(supervisor.stop)
        supervisor.wait_ready(READY_SECONDS)
        yield System(home, settings, supervisor)


def end_services(home: Home) -> None:
    """End services that an earlier life left in the folder; the folder must not be held by another process."""
    end_left_over(home.path, MODULES)


def _start(server: Server, servers: list[Server], *, cleanup: ExitStack) -> None:
    """Start a server and see to its end, whatever fails after it."""
    cleanup.callback(server.stop)
    server.start()
    servers.append(server)


def log_kind(home: Home, asked: LogKind | None) -> LogKind:
    """The log to start: facts that are in one log are not in the other, so it is chosen once."""
    begun = home.log_note.read_text() if home.log_note.exists() else None
    wanted = asked or ("kafka" if KAFKA_SERVERS in os.environ else None)
    if begun and wanted and wanted != begun:
        raise LocalError(
            f"{home.path} was begun with --log {begun}: go on with that, or choose another folder with --home"
        )
    return "kafka" if "kafka" in (wanted, begun) else "postgres"


def time_zone(home: Home) -> str:
    """The company's time zone: the one that the folder was begun with, or else EARNEST_TIME_ZONE, or UTC.

    In another zone the next instant near midnight would be of another date, and of another month's pay.

    Raises:
        LocalError: EARNEST_TIME_ZONE names another, or none that there is.
    """
    begun = home.time_zone.read_text().strip() if home.time_zone.exists() else None
    wanted = os.environ.get(TIME_ZONE)
    if begun and wanted and wanted != begun:
        raise LocalError(
            f"{home.path} was begun with {TIME_ZONE}={begun}, by whose days its deals are dated: "
            f"go on with that, or choose another folder with --home"
        )
    return zone_named(begun or wanted or "UTC").key


def _own_variables(home: Home) -> dict[str, str]:
    """What the services are told besides what the user set; a port the user set stays as it is."""
    variables = {
        "EARNEST_HOME": str(home.path),
        "EARNEST_KEYS_FILE": str(home.keys_file),
        "EARNEST_CLIENT_KEY_FILE": str(home.path / "keys" / "payout"),
        "EARNEST_SIGNING_KEY_FILE": str(home.signing_key),
        "EARNEST_ANCHORS_DIR": os.environ.get("EARNEST_ANCHORS_DIR") or str(home.anchors),
        "EARNEST_MEMBER": "local",  # the same after a crash: its successor takes over at once
        "EARNEST_DELIVERIES_DIR": os.environ.get("EARNEST_DELIVERIES_DIR") or str(home.deliveries),
        "EARNEST_SOURCES_DIR": os.environ.get("EARNEST_SOURCES_DIR") or str(home.sources),
        "EARNEST_KPIS_DIR": os.environ.get("EARNEST_KPIS_DIR") or str(home.kpis),
        "EARNEST_NOTIFICATIONS_FILE": os.environ.get("EARNEST_NOTIFICATIONS_FILE") or str(home.notifications),
    }
    if home.company.exists() and "EARNEST_COMPANY_NAME" not in os.environ:
        variables["EARNEST_COMPANY_NAME"] = home.company.read_text().strip()
    ports = home.path / "ports"
    ports.mkdir(exist_ok=True)
    for name, usual in PORTS.items():
        variable = f"EARNEST_{name.upper()}_PORT"
        port = os.environ.get(variable) or str(claim_port(ports / name, usual))
        variables |= {variable: port, f"EARNEST_{name.upper()}_URL": f"http://127.0.0.1:{port}"}
    return variables
