"""A migrated schema of payout, a worker's step over it, and its API."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import orjson
import pytest
from sqlalchemy import Engine, make_url

from earnest.local.postgres import Postgres
from services.payout.ledger.worker import step
from shared.contracts.topics import EARNINGS, ROSTER, RUNS
from shared.database import engine_for
from shared.log.port import Log, Stored
from shared.log.postgres import PostgresLog
from shared.log.step import Outcome
from shared.logins import login_of, view_of
from shared.proof.chain import sign_commits
from shared.proof.signing import Signer
from tests.databases import fresh_database
from tests.services.payout.desk import LIMITS, NOW, PEOPLE, ROLES, Book, Desk, desk_of
from tests.services.payout.scoring import Scoring


@pytest.fixture
def database_url(postgres_server: Postgres, template: Callable[[], str]) -> Iterator[str]:
    """`postgresql://` URL of a database with the tables of all services, which this test has for itself."""
    with fresh_database(postgres_server, template()) as url:
        yield url


@pytest.fixture
def payout_engine(database_url: str) -> Iterator[Engine]:
    """An engine on a fresh, migrated schema `payout`, as the owner of the tables."""
    engine = engine_for(make_url(database_url).set(drivername="postgresql+psycopg"), "payout", pool_size=10)
    yield engine
    engine.dispose()


@pytest.fixture
def service_engine(engine_of: Callable[[str, str], Engine], signer: Signer) -> Engine:
    """An engine on the same schema as the service has it: with its login, and its chain signed."""
    return sign_commits(engine_of(login_of("payout"), "payout"), "payout", signer=signer)


@pytest.fixture
def view_engine(engine_of: Callable[[str, str], Engine]) -> Engine:
    """An engine on the same schema as the service reads it for people."""
    return engine_of(view_of("payout"), "payout")


@pytest.fixture
def log(payout_engine: Engine) -> Iterator[Log]:
    """The embedded log, in the same database, with the topics that payout reads and writes."""
    opened = PostgresLog(payout_engine.url, partitions=3)
    opened.ensure([ROSTER, EARNINGS, RUNS])
    yield opened
    opened.close()


@pytest.fixture
def book(service_engine: Engine) -> Book:
    """Book a batch of events in a transaction of its own, as the worker does."""

    def booked(batch: Sequence[Stored]) -> Outcome:
        with service_engine.begin() as connection:
            return partial(step, lambda: NOW)(connection, batch)

    return booked


@pytest.fixture
def scoring(service_engine: Engine) -> Scoring:
    """What scoring says of what is booked."""
    return Scoring(service_engine)


@pytest.fixture
def desk(service_engine: Engine, view_engine: Engine, log: Log, scoring: Scoring, tmp_path: Path) -> Iterator[Desk]:
    """The API with everybody's keys, in January 2026."""
    keys = [
        {
            "name": name,
            "sha256": hashlib.sha256(f"key-{name}".encode()).hexdigest(),
            "scopes": scopes,
            "roles": ROLES.get(name, []),
            **LIMITS.get(name, {}),
        }
        for name, scopes in PEOPLE.items()
    ]
    (tmp_path / "keys.json").write_bytes(orjson.dumps(keys))
    with desk_of(scoring, engine=service_engine, view=view_engine, log=log, folder=tmp_path) as opened:
        yield opened
