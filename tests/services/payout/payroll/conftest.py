"""Released batches and the people and systems at their API."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from services.payout.api import create_app
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
    with TestClient(create_app(settings, service_engine, lambda: NOW, list)) as client:
        yield PayrollDesk(client, service_engine)
