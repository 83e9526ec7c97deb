"""The API of statements over documents in memory, and a real table for what is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import orjson
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine

from services.payout.app import create_app
from services.payout.statements.facts import StatementFacts
from services.payout.statements.routes import add_statements
from services.payout.statements.store import RunState
from services.payout.statements.team import Reports
from shared.settings import Settings
from tests.services.payout.desk import NOW, Desk
from tests.services.payout.scoring import Scoring
from tests.services.payout.statements.samples import document
from tests.services.payout.statements.test_statement_team import sales

PEOPLE = {"dana": ["statements:read"], "payroll": ["payroll:read"]}


class Drawer:
    """Frozen documents in memory: of a final run and of a draft."""

    def __init__(self) -> None:
        self.documents = {who: document(each) for who, each in sales().items()} | {"ada.brandt": document()}
        self.runs = {"run-2026-06-1": True, "run-2026-07-1": False}

    def run(self, connection: Connection, run: str) -> RunState | None:
        return RunState(run, self.runs[run]) if run in self.runs else None

    def facts(self, connection: Connection, run: str, participants: Sequence[str]) -> Mapping[str, bytes]:
        return {who: self.documents[who] for who in participants if who in self.documents}

    def people(self, connection: Connection, run: str) -> list[Reports]:
        found = [StatementFacts.model_validate_json(each).participant for each in self.documents.values()]
        return [Reports(who.id, who.name, who.manager.id if who.manager else None) for who in found]

    def runs_of(self, connection: Connection, participant_id: str) -> list[RunState]:
        return [RunState(run, final) for run, final in self.runs.items() if participant_id in self.documents]


@pytest.fixture
def drawer() -> Drawer:
    return Drawer()


@pytest.fixture
def statement_desk(service_engine: Engine, drawer: Drawer, scoring: Scoring, tmp_path: Path) -> Iterator[Desk]:
    """The API, working with the rights of the service."""
    keys = [
        {"name": name, "sha256": hashlib.sha256(f"key-{name}".encode()).hexdigest(), "scopes": scopes}
        for name, scopes in PEOPLE.items()
    ]
    (tmp_path / "keys.json").write_bytes(orjson.dumps(keys))
    settings = Settings(database_url="postgresql://nobody@localhost/unused", keys_file=tmp_path / "keys.json")
    app = create_app(settings, service_engine, lambda: NOW, list, scoring, scoring)
    app.router.routes = [route for route in app.router.routes if "statements" not in getattr(route, "path", "")]
    add_statements(app, service_engine, service_engine, drawer)
    with TestClient(app) as client:
        yield Desk(client)
