"""The alerts service with an alert that is open, at a time that a test may move."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from services.alerts.evaluation.episodes import Subject
from services.alerts.lifecycle.service import Lifecycle
from services.alerts.proposals import worker
from shared.log.port import Partition, Record, Stored
from tests.services.alerts.conftest import AppFor
from tests.services.alerts.lifecycle.watched import NOON, episode, found

KEYS = {"analyst": ["alerts:read", "alerts:write", "earnings:read"], "reader": ["alerts:read"]}
Ask = Callable[[str], TestClient]
Publish = Callable[..., None]
ALERT = "average_discount.USD.1"
OTHER = "win_rate.1"


class Now:
    """The time that the service takes it to be."""

    def __init__(self) -> None:
        self.instant: datetime = NOON + timedelta(hours=1)


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def ask(app_for: AppFor, alerts_engine: Engine, lifecycle: Lifecycle, now: Now) -> Ask:
    """A client with a key, beside alerts about discounts and the win rate that are open."""
    win_rate = Subject("win_rate", "", detector="drift")
    with alerts_engine.begin() as connection:
        lifecycle.move(connection, [found(episode(3)), found(episode(3), subject=win_rate)], now=NOON)
    app = app_for(KEYS, lambda: now.instant)

    def client(name: str) -> TestClient:
        return TestClient(app, headers={"authorization": f"Bearer {name}"})

    return client


@pytest.fixture
def publish(alerts_engine: Engine) -> Publish:
    """What the worker notes of a plan version that is published."""

    def published(plan: str, version: int, effective_from: str) -> None:
        said = {"plan_id": plan, "version": version, "effective_from": effective_from, "document": {}}
        note(alerts_engine, "plans", said)

    return published


def note(engine: Engine, topic: str, said: dict[str, Any]) -> None:
    record = Stored(Partition(topic, 0), 0, Record("key", orjson.dumps(said)), 0.0)
    for _ in range(2):  # again is nothing new
        with engine.begin() as connection:
            assert not worker.step(connection, [record]).rejections


def offer(ask: Ask, *candidates: dict[str, Any], alert: str = ALERT) -> None:
    answer = ask("analyst").post(f"/v1/alerts/{alert}/proposals", json={"proposals": candidates})
    assert answer.status_code == 200


def decide(ask: Ask, proposal: str, decision: str = "accepted") -> Any:
    body = {"decision": decision, "reason": f"{decision} for a reason"}
    return ask("analyst").post(f"/v1/proposals/{proposal}/decision", json=body)


def stages(ask: Ask) -> dict[str, str]:
    return {each["proposal_id"]: each["stage"] for each in ask("reader").get("/v1/proposals").json()["proposals"]}
