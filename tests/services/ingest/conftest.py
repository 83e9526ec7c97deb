"""Ingest over a real log, asked as its callers ask it."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from earnest.local.postgres import Postgres
from services.ingest.app import create_app
from services.ingest.appender import Appender
from services.ingest.delivery_reader import DeliveryReader
from services.ingest.intake import Intake
from services.ingest.known_roster import KnownRoster
from services.ingest.published_plans import CHECK_SECONDS, CHECK_WALL_SECONDS, PublishedPlans
from services.ingest.sources import Sources
from services.ingest.store import Answers
from shared.bounded import BoundedProcess
from shared.contracts.topics import ROAD, Topic
from shared.database import service_engine
from shared.log.open import open_log
from shared.log.port import Log
from shared.settings import Settings
from tests.databases import fresh_database

SCOPES = ["deals:write", "roster:write", "plans:write"]


@dataclass
class Ingest:
    """The service and the log behind it."""

    client: TestClient
    log: Log
    app: Any
    engine: Engine
    sources: Sources
    deliveries: DeliveryReader

    def in_log(self, topic: Topic) -> list[dict[str, Any]]:
        """The facts that are durable in a topic."""
        return [orjson.loads(stored.record.value or b"null") for stored in self.log.scan(topic)]


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    digest = hashlib.sha256(b"let-me-in").hexdigest()
    other = hashlib.sha256(b"reader").hexdigest()
    path.write_text(
        json.dumps(
            [
                {"name": "crm", "sha256": digest, "scopes": SCOPES},
                {"name": "billing", "sha256": hashlib.sha256(b"billing-key").hexdigest(), "scopes": ["deals:write"]},
                {"name": "reader", "sha256": other, "scopes": ["earnings:read"]},
            ]
        )
    )
    return path


@pytest.fixture(scope="session")
def bounded() -> Iterator[BoundedProcess]:
    """Where plans are checked: one process for all tests, as it is one for all requests."""
    found = BoundedProcess(CHECK_SECONDS, CHECK_WALL_SECONDS)
    yield found
    found.close()


@pytest.fixture
def database_url(postgres_server: Postgres, template: Callable[[str], str]) -> Iterator[str]:
    """`postgresql://` URL of a database with the tables of ingest, which this test has for itself."""
    with fresh_database(postgres_server, template("ingest")) as url:
        yield url


@pytest.fixture
def start_ingest(database_url: str, keys_file: Path, bounded: BoundedProcess) -> Iterator[Callable[..., Ingest]]:
    stop = threading.Event()
    threads: list[threading.Thread] = []
    closing: list[Callable[[], object]] = []

    def start(sources_dir: Path | None = None, log: Log | None = None, **overrides: Any) -> Ingest:
        settings = Settings(
            database_url=database_url,
            keys_file=keys_file,
            sources_dir=sources_dir,
            partitions=3,
            **overrides,
        )
        engine = service_engine(settings, "ingest")
        real = open_log(settings, "ingest")
        real.ensure(ROAD)
        used = log or real
        appender = Appender(used)
        thread = threading.Thread(target=appender.run, args=(stop,))
        thread.start()
        threads.append(thread)
        closing.extend([real.close, engine.dispose])
        answers = Answers(engine)
        published = PublishedPlans(used, lock=answers.lock_publishing, bounded=bounded)
        sources = Sources(sources_dir, bounded.run)
        deliveries = DeliveryReader(sources, settings.zone, columns=published.columns, calculating=bounded.run)
        intake = Intake(
            settings,
            appender=appender,
            answers=answers,
            published=published,
            roster=KnownRoster(used),
            deliveries=deliveries,
        )
        app = create_app(settings, intake, sources=sources, ready=lambda: [])
        return Ingest(
            TestClient(app, headers={"authorization": "Bearer let-me-in"}), real, app, engine, sources, deliveries
        )

    yield start
    stop.set()
    for thread in threads:
        thread.join()
    for close in closing:
        close()


@pytest.fixture
def ingest(start_ingest: Callable[..., Ingest]) -> Ingest:
    return start_ingest()
