"""A company whose alerts are watched, and who acts on them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from services.alerts.evaluation.episodes import Findings
from services.alerts.lifecycle.service import Lifecycle
from tests.services.alerts.conftest import AppFor
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
def ask(app_for: AppFor, clock: Clock) -> Ask:
    app = app_for(KEYS, clock)

    def client(key: str = "ops") -> TestClient:
        return TestClient(app, headers={"authorization": f"Bearer {key}"}, raise_server_exceptions=False)

    return client
