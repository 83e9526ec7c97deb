"""Declarations that lead to servers of this machine, an outbox and who sends from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from services.alerts.notifications import store
from services.alerts.notifications.message import Told
from services.alerts.notifications.worker import Declaration, Sender
from tests.services.alerts.notifications.notices import SECRET, Receiver, receiver

BERLIN = ZoneInfo("Europe/Berlin")
Write = Callable[..., None]


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hooks() -> Iterator[Receiver]:
    with receiver() as server:
        yield server


@pytest.fixture
def declare(tmp_path: Path, hooks: Receiver) -> Callable[[str], Declaration]:
    """The declaration of some subscriptions, beside secrets and channels that lead to servers here."""
    secrets = tmp_path / "notifications"
    secrets.mkdir()
    (secrets / "hook").write_text(f"{SECRET}\n")
    (secrets / "chat").write_text(f"{hooks.url}/services/T0/B0/secret-of-slack\n")

    def declared(subscriptions: str, channels: str = "") -> Declaration:
        (tmp_path / "notifications.yaml").write_text(
            f"channels:\n  hook: {{kind: webhook, url: '{hooks.url}', secret: hook}}\n"
            f"  chat: {{kind: slack, url: chat}}\n{channels}\nsubscriptions:\n{subscriptions}"
        )
        return Declaration(tmp_path / "notifications.yaml")

    return declared


@pytest.fixture
def write(alerts_engine: Engine, clock: Clock) -> Write:
    """Put what is told on its way, in a transaction of its own."""

    def written(declaration: Declaration, *each: Told) -> None:
        with alerts_engine.begin() as connection:
            store.write(connection, each, declared=declaration.current(), now=clock(), zone=BERLIN)

    return written


@pytest.fixture
def sends(alerts_engine: Engine, clock: Clock) -> Callable[..., Sender]:
    def made(declaration: Declaration, **facts: Any) -> Sender:
        usual: dict[str, Any] = {"now": clock, "charts": lambda _: None, "loopback": True}
        return Sender(alerts_engine, declaration, **usual | facts)

    return made
