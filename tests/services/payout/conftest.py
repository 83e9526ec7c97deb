"""A migrated schema of payout, a worker's step over it, and its API."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import orjson
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, make_url

from services.payout.api import create_app
from services.payout.worker import step
from shared.database import engine_for, migrate
from shared.log.port import Stored
from shared.log.worker import Outcome
from shared.settings import Settings
from tests.services.payout.desk import NOW, PEOPLE, Book, Desk


@pytest.fixture
def payout_engine(database_url: str) -> Iterator[Engine]:
    """An engine on a fresh, migrated schema `payout`."""
    engine = engine_for(make_url(database_url).set(drivername="postgresql+psycopg"), "payout", pool_size=10)
    migrate(engine, "payout", "services.payout")
    yield engine
    engine.dispose()


@pytest.fixture
def book(payout_engine: Engine) -> Book:
    """Book a batch of events in a transaction of its own, as the worker does."""

    def booked(batch: Sequence[Stored]) -> Outcome:
        with payout_engine.begin() as connection:
            return partial(step, lambda: NOW)(connection, batch)

    return booked


@pytest.fixture
def desk(payout_engine: Engine, tmp_path: Path) -> Iterator[Desk]:
    """The API with everybody's keys, in January 2026."""
    keys = [
        {"name": name, "sha256": hashlib.sha256(f"key-{name}".encode()).hexdigest(), "scopes": scopes}
        for name, scopes in PEOPLE.items()
    ]
    (tmp_path / "keys.json").write_bytes(orjson.dumps(keys))
    settings = Settings(database_url="postgresql://nobody@localhost/unused", keys_file=tmp_path / "keys.json")
    with TestClient(create_app(settings, payout_engine, lambda: NOW, list)) as client:
        yield Desk(client)
