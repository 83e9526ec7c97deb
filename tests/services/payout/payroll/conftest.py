"""Released batches and the people and systems at their API."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from services.payout.payroll.routes import add_batches
from services.payout.payroll.routes_returns import add_returns
from shared import web
from shared.settings import Settings
from tests.services.payout.payroll.payroll_desk import KEYS, NOW, PayrollDesk


@pytest.fixture
def payroll_desk(service_engine: Engine, tmp_path: Path) -> Iterator[PayrollDesk]:
    """The API, in July 2026, with the rights of the service's role."""
    keys = [
        {"name": name, "sha256": hashlib.sha256(f"key-{name}".encode()).hexdigest(), **key}
        for name, key in KEYS.items()
    ]
    (tmp_path / "keys.json").write_bytes(orjson.dumps(keys))
    settings = Settings(database_url="postgresql://nobody@localhost/unused", keys_file=tmp_path / "keys.json")
    app = web.create_app("Payroll", "Batches without the runs they come from.", settings=settings, ready=list)
    add_batches(app, service_engine, service_engine, lambda: NOW)
    told: list[tuple[str, list[str]]] = []
    add_returns(
        app,
        service_engine,
        service_engine,
        lambda: NOW,
        lambda _, batch, lines, *__: told.append((batch.id, [each.line for each in lines])),
    )
    with TestClient(app) as client:
        yield PayrollDesk(client, service_engine, told)
