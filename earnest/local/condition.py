"""How an installation is: what runs and since when, how far its services are behind, and what waits for somebody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import get_args

import httpx
import psutil
from sqlalchemy import Engine

from earnest.client import Client
from earnest.local.claims import holder
from earnest.local.drain import all_behind, readers
from earnest.local.home import Home
from earnest.local.processes import LocalError
from earnest.names import Service
from shared.log.dead_letters import open_letters
from shared.settings import Settings

SILENT = "it does not answer"
MANY = 1000
"""Dead letters of a service that are counted."""
WAITING_STATES = {
    "calculated": ("to be submitted", "earnest payout submit {run}"),
    "submitted": ("for approval", "earnest payout approve {run}"),
    "approved": ("for its export", "earnest payout export {run}"),
    "exported": ("for payroll's acknowledgement", "earnest payroll list"),
    "acknowledged": ("for payroll to report its payment", "earnest payout paid {run}"),
}


@dataclass(frozen=True, kw_only=True)
class ServiceCondition:
    """A service: whether it does its work, and why not; `remarks` are what somebody should mend all the same."""

    name: Service
    url: str
    ready: bool
    reasons: list[str]
    remarks: list[str]


@dataclass(frozen=True, kw_only=True)
class Condition:
    """An installation; `waiting` are things that somebody has to do something about, each with the command."""

    since: datetime | None
    process: int | None
    log: str
    services: list[ServiceCondition]
    behind: dict[str, int]
    waiting: list[tuple[str, str]]


def condition_of(home: Home, *, who: str) -> Condition:
    """How it is now.

    Raises:
        LocalError: nothing was ever started in the folder.
    """
    settings = home.settings()
    pid = holder(home.path)
    since = datetime.fromtimestamp(psutil.Process(pid).create_time(), UTC) if pid is not None else None
    services = services_of(settings)
    behind: dict[str, int] = {}
    waiting: list[tuple[str, str]] = []
    if any(service.ready or service.reasons != [SILENT] for service in services):
        with readers(settings) as (log, engines):
            behind = all_behind(log, engines)
            waiting = [*_set_aside(engines), *_asked(Client(home, settings), who=who)]
    return Condition(since=since, process=pid, log=settings.log_kind, services=services, behind=behind, waiting=waiting)


def services_of(settings: Settings) -> list[ServiceCondition]:
    """How the services are."""
    return [_service(name, settings) for name in get_args(Service)]


def _service(name: Service, settings: Settings) -> ServiceCondition:
    url = str(getattr(settings, f"{name}_url"))
    try:
        answer = httpx.get(f"{url}/readyz", timeout=5).json()
        return ServiceCondition(
            name=name,
            url=url,
            ready=bool(answer["ready"]),
            reasons=list(answer["reasons"]),
            remarks=list(answer.get("remarks", [])),
        )
    except (httpx.HTTPError, ValueError, KeyError):
        return ServiceCondition(name=name, url=url, ready=False, reasons=[SILENT], remarks=[])


def _set_aside(engines: Mapping[Service, Engine]) -> Iterator[tuple[str, str]]:
    for service, engine in engines.items():
        if letters := open_letters(engine, most=MANY):
            more = " or more" if letters == MANY else ""
            yield f"{letters}{more} dead letters of {service}", f"earnest dlq list --service {service}"


def _asked(client: Client, *, who: str) -> Iterator[tuple[str, str]]:
    for ask in (_quarantined, _alerts, _runs, _returned):
        try:
            yield from ask(client, who)
        except LocalError as error:  # a service that does not answer is told above; the others are asked all the same
            yield f"not known: {error}", "earnest status"


def _quarantined(client: Client, who: str) -> Iterator[tuple[str, str]]:
    for version in client.get("/v1/quarantine", who=who, service="scoring")["quarantined"]:
        name = f"{version['plan']}@{version['version']}"
        whose = f" of {version['author']}" if version["author"] else ""
        yield f"plan {name}{whose} is quarantined: {version['cause']}", "earnest quarantine list"


def _runs(client: Client, who: str) -> Iterator[tuple[str, str]]:
    runs = client.get("/v1/runs", who=who)["runs"]
    yield from waiting_runs((str(run["id"]), str(run["state"])) for run in runs)


def waiting_runs(runs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """What of runs (their ids and states) waits for somebody, each with the command: a line for each state, however
    many there are.
    """
    by_state: dict[str, list[str]] = {}
    for run, state in runs:
        by_state.setdefault(state, []).append(run)
    for state, (what, command) in WAITING_STATES.items():
        match sorted(by_state.get(state, [])):
            case []:
                continue
            case [run]:
                yield f"{run} waits {what}", command.format(run=run)
            case [first, *others]:
                yield f"{1 + len(others)} runs wait {what}, {first} to {others[-1]}", "earnest payout list"


def _returned(client: Client, who: str) -> Iterator[tuple[str, str]]:
    if lines := client.get("/v1/payroll/returned", who=who)["lines"]:
        yield f"{len(lines)} lines that payroll returned", "earnest payroll returned"


def _alerts(client: Client, who: str) -> Iterator[tuple[str, str]]:
    for alert in client.get("/v1/alerts?state=open", who=who, service="alerts")["alerts"]:
        if alert["suppressed_by"]:
            continue  # another one stands for it
        yield f"alert {alert['title']}, found on {alert['detected_on']}", f"earnest alerts show {alert['alert_id']}"
