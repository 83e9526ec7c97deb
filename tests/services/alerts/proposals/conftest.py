"""The alerts service with an alert that is open, at a time that a test may move."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from services.alerts.app import create_app
from services.alerts.evaluation.episodes import Subject
from services.alerts.evaluation.evaluator import Evaluator
from services.alerts.kpis import built_in
from services.alerts.lifecycle.service import Lifecycle
from services.alerts.notifications.worker import Sender
from shared.log.postgres import PostgresLog
from shared.settings import Settings
from tests.services.alerts.lifecycle.watched import NOON, episode, found

KEYS = {"analyst": ["alerts:read", "alerts:write", "earnings:read"], "reader": ["alerts:read"]}
Ask = Callable[[str], TestClient]


class Now:
    """The time that the service takes it to be."""

    def __init__(self) -> None:
        self.instant: datetime = NOON + timedelta(hours=1)


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def ask(
    alerts_engine: Engine,
    log: PostgresLog,
    lifecycle: Lifecycle,
    sender: Sender,
    database_url: str,
    tmp_path: Path,
    now: Now,
) -> Ask:
    """A client with a key, beside alerts about discounts and the win rate that are open."""
    keys = [
        {"name": name, "sha256": hashlib.sha256(name.encode()).hexdigest(), "scopes": scopes}
        for name, scopes in KEYS.items()
    ]
    (tmp_path / "keys.json").write_text(json.dumps(keys))
    settings = Settings(database_url=database_url, keys_file=tmp_path / "keys.json")
    evaluator = Evaluator(alerts_engine, log, catalogue=built_in(), zone=ZoneInfo("UTC"), reconcile=lifecycle.reconcile)
    win_rate = Subject("win_rate", "", detector="drift")
    with alerts_engine.begin() as connection:
        lifecycle.move(connection, [found(episode(3)), found(episode(3), subject=win_rate)], now=NOON)
    app = create_app(
        settings,
        alerts_engine,
        evaluator=evaluator,
        lifecycle=lifecycle,
        sender=sender,
        ready=list,
        clock=lambda: now.instant,
    )

    def client(name: str) -> TestClient:
        return TestClient(app, headers={"authorization": f"Bearer {name}"})

    return client
