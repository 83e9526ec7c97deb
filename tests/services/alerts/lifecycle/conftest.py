"""A company whose alerts are watched, and who acts on them."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from services.alerts.app import create_app
from services.alerts.evaluation.episodes import Findings
from services.alerts.evaluation.evaluator import Evaluator
from services.alerts.kpis import built_in
from services.alerts.lifecycle.service import Lifecycle
from services.alerts.notifications.worker import Sender
from shared.log.postgres import PostgresLog
from shared.settings import Settings
from tests.services.alerts.lifecycle.watched import KEYS, Ask, Clock, Company, Move


@pytest.fixture
def company() -> Company:
    return Company()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def move(alerts_engine: Engine, lifecycle: Lifecycle, clock: Clock) -> Move:
    """Bring alerts in line with findings, an hour after the time before."""

    def moved(*findings: Findings) -> None:
        clock.now += timedelta(hours=1)
        with alerts_engine.begin() as connection:
            lifecycle.move(connection, findings, now=clock.now)

    return moved


@pytest.fixture
def ask(
    alerts_engine: Engine,
    log: PostgresLog,
    lifecycle: Lifecycle,
    sender: Sender,
    database_url: str,
    tmp_path: Path,
    clock: Clock,
) -> Ask:
    keys = [
        {"name": name, "sha256": hashlib.sha256(name.encode()).hexdigest(), "scopes": scopes}
        for name, scopes in KEYS.items()
    ]
    (tmp_path / "keys.json").write_text(json.dumps(keys))
    settings = Settings(database_url=database_url, keys_file=tmp_path / "keys.json")
    evaluator = Evaluator(alerts_engine, log, catalogue=built_in(), zone=ZoneInfo("UTC"), reconcile=lifecycle.reconcile)
    app = create_app(
        settings, alerts_engine, evaluator=evaluator, lifecycle=lifecycle, sender=sender, ready=list, clock=clock
    )

    def client(key: str = "ops") -> TestClient:
        return TestClient(app, headers={"authorization": f"Bearer {key}"}, raise_server_exceptions=False)

    return client
