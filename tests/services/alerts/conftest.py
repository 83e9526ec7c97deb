"""A migrated schema of the alerts service, and records as they lie in the log."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from fastapi import FastAPI
from sqlalchemy import URL, Engine, make_url

from earnest.local.postgres import Postgres
from services.alerts.app import create_app
from services.alerts.evaluation.evaluator import Evaluator
from services.alerts.kpis import Catalogue, built_in
from services.alerts.lifecycle.service import Lifecycle
from services.alerts.notifications.declared import NOBODY
from services.alerts.notifications.worker import Declaration, Sender
from services.alerts.rollups import store
from services.alerts.rollups.worker import BATCH, TOPICS, WORKER, CountingStep
from shared.contracts.topics import ROAD
from shared.database import engine_for
from shared.deps import utc_now
from shared.log.port import Partition, Record, Stored
from shared.log.postgres import PostgresLog
from shared.log.step import Outcome
from shared.log.worker import Worker
from shared.logins import login_of, view_of
from shared.settings import Settings
from tests.databases import fresh_database
from tests.waiting import until

Count = Callable[[Sequence[Stored]], Outcome]
AppFor = Callable[..., FastAPI]


@pytest.fixture
def database_url(postgres_server: Postgres, template: Callable[[str], str]) -> Iterator[str]:
    """`postgresql://` URL of a database with the tables of alerts, which this test has for itself."""
    with fresh_database(postgres_server, template("alerts")) as url:
        yield url


@pytest.fixture
def alerts_engine(engine_of: Callable[[str, str], Engine]) -> Engine:
    """An engine on a fresh schema `alerts`, as the service has it."""
    return engine_of(login_of("alerts"), "alerts")


@pytest.fixture
def alerts_view(engine_of: Callable[[str, str], Engine]) -> Engine:
    """An engine on the same schema as the service reads it for people."""
    return engine_of(view_of("alerts"), "alerts")


@pytest.fixture
def administrator(database_url: str) -> Iterator[Engine]:
    """An engine on the same schema for the administrator, who makes schemas beside it to verify."""
    engine = engine_for(_url(database_url), "alerts")
    yield engine
    engine.dispose()


@pytest.fixture
def log(database_url: str) -> Iterator[PostgresLog]:
    """The embedded log with all topics of the road."""
    opened = PostgresLog(_url(database_url), partitions=3)
    opened.ensure(ROAD)
    yield opened
    opened.close()


@pytest.fixture
def catalogue() -> Catalogue:
    """The KPIs that come with Earnest."""
    return built_in()


@pytest.fixture
def lifecycle(log: PostgresLog, catalogue: Catalogue) -> Lifecycle:
    """The life cycle of alerts, of which nobody is told."""
    return Lifecycle(
        log,
        catalogue=catalogue,
        zone=ZoneInfo("UTC"),
        declared=lambda: NOBODY,
        address="http://alerts.test",
        scoring="http://scoring.test",
    )


@pytest.fixture
def sender(alerts_engine: Engine) -> Sender:
    """Whoever sends notifications; nobody is told anything."""
    return Sender(alerts_engine, Declaration(None), now=utc_now, charts=lambda _: None)


@pytest.fixture
def evaluator(alerts_engine: Engine, log: PostgresLog, lifecycle: Lifecycle) -> Evaluator:
    """Evaluates the KPIs that come with Earnest."""
    return Evaluator(alerts_engine, log, catalogue=built_in(), zone=ZoneInfo("UTC"), reconcile=lifecycle.reconcile)


@pytest.fixture
def app_for(
    alerts_engine: Engine,
    alerts_view: Engine,
    evaluator: Evaluator,
    lifecycle: Lifecycle,
    sender: Sender,
    database_url: str,
    tmp_path: Path,
) -> AppFor:
    """The HTTP interface for some keys, by name the scopes of each; a key is its name."""

    def made(keys: Mapping[str, list[str]], clock: Callable[[], datetime] = utc_now) -> FastAPI:
        known = [
            {"name": name, "sha256": hashlib.sha256(name.encode()).hexdigest(), "scopes": scopes}
            for name, scopes in keys.items()
        ]
        (tmp_path / "keys.json").write_text(json.dumps(known))
        settings = Settings(database_url=database_url, keys_file=tmp_path / "keys.json")
        return create_app(
            settings,
            alerts_engine,
            view=alerts_view,
            evaluator=evaluator,
            lifecycle=lifecycle,
            sender=sender,
            ready=list,
            clock=clock,
        )

    return made


@pytest.fixture
def catch_up(log: PostgresLog, alerts_engine: Engine, catalogue: Catalogue) -> Callable[[], None]:
    """Run the worker until it has processed everything that is in the log."""

    def ran() -> None:
        stop = threading.Event()
        worker = Worker(
            WORKER, log, engine=alerts_engine, topics=TOPICS, step=CountingStep(catalogue), member="one", batch=BATCH
        )
        thread = threading.Thread(target=worker.run, args=(stop,))
        thread.start()
        until(lambda: not (thread.is_alive() and _behind(log, alerts_engine)))
        stop.set()
        thread.join()
        assert not _behind(log, alerts_engine)

    return ran


def _behind(log: PostgresLog, engine: Engine) -> bool:
    with engine.connect() as connection:
        reached = store.positions(connection, WORKER)
    ends = [end for topic in TOPICS for end in log.ends(topic).items()]
    return any(reached.get(partition, 0) < end for partition, end in ends)


@pytest.fixture
def count(alerts_engine: Engine, catalogue: Catalogue) -> Count:
    """Count a batch in a transaction of its own, as the worker does."""
    step = CountingStep(catalogue)

    def counted(batch: Sequence[Stored]) -> Outcome:
        with alerts_engine.begin() as connection:
            return step(connection, batch)

    return counted


@pytest.fixture
def deal() -> Callable[..., Stored]:
    """A deal patch in the log: `deal("d1", "2025-03-14T10:00:00.000000Z", stage="won")`."""

    def stored(deal_id: str, occurred_at: str, sequence: int = 0, **fields: Any) -> Stored:
        fact = {"deal_id": deal_id, "fields": fields, "occurred_at": occurred_at, "sequence": sequence, "source": "crm"}
        return _stored("deals", deal_id, fact)

    return stored


@pytest.fixture
def earned() -> Callable[..., Stored]:
    """Earnings of a participant and period in the log; components as (amount, measure, quota, currency), measure and quota in 10^-9."""

    def billionths(number: int) -> str:
        return f"{Decimal(number).scaleb(-9):f}"

    def stored(participant: str, period: str, revision: int, *components: tuple[int, int, int | None, str]) -> Stored:
        earnings = [
            {"component": f"c{number}", "plan": "p", "version": 1, "amount": amount, "currency": currency}
            | {"measure": billionths(measure), "quota": None if quota is None else billionths(quota)}
            for number, (amount, measure, quota, currency) in enumerate(components)
        ]
        changed = {
            "participant_id": participant,
            "period": period,
            "revision": revision,
            "earnings": earnings,
            "basis": {},
        }
        return _stored("earnings", participant, changed)

    return stored


@pytest.fixture
def assigned() -> Callable[..., Stored]:
    """What the roster says of a participant from a day on: `assigned("ada", "2025-01-01", plan="rep")`."""

    def stored(participant: str, since: str, at: str = "2025-01-01T00:00:00.000000Z", **said: Any) -> Stored:
        fields = {f"{since}/{attribute.replace('__', '.')}": value for attribute, value in said.items()}
        fact = {"participant_id": participant, "fields": fields, "occurred_at": at, "sequence": 0, "source": "hr"}
        return _stored("roster", participant, fact)

    return stored


def _url(database_url: str) -> URL:
    return make_url(database_url).set(drivername="postgresql+psycopg")


def _stored(topic: str, key: str, message: dict[str, Any]) -> Stored:
    return Stored(Partition(topic, 0), 0, Record(key, orjson.dumps(message)), 0.0)
