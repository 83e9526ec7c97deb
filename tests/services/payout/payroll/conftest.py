"""Released batches and the people and systems at their API."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine

from services.payout.payroll.batch import BatchLine, ReleasedBatch
from services.payout.payroll.routes import OnAnswer, router
from shared import web
from shared.settings import Settings
from tests.services.payout.payroll.payroll_desk import KEYS, NOW, PayrollDesk


@pytest.fixture
def payroll_desk(service_engine: Engine, view_engine: Engine, tmp_path: Path) -> Iterator[PayrollDesk]:
    """The API, in July 2026, with the rights of the service's role."""
    keys = [
        {"name": name, "sha256": hashlib.sha256(f"key-{name}".encode()).hexdigest(), **key}
        for name, key in KEYS.items()
    ]
    (tmp_path / "keys.json").write_bytes(orjson.dumps(keys))
    settings = Settings(database_url="postgresql://nobody@localhost/unused", keys_file=tmp_path / "keys.json")
    answered: list[tuple[str, list[str]]] = []

    def on_answer(_: Connection, batch: ReleasedBatch, *, lines: Sequence[BatchLine], **__: object) -> None:
        answered.append((batch.id, [line.line for line in lines]))

    app = web.create_app(
        "Payroll",
        "Batches without the runs they come from.",
        settings=settings,
        ready=list,
        routers=[router],
        engine=service_engine,
        view=view_engine,
        clock=lambda: NOW,
        provide=[OnAnswer(on_answer)],
    )
    with TestClient(app) as client:
        yield PayrollDesk(client, service_engine, answered)
