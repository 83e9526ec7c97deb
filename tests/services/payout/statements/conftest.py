"""The API of statements over documents that no run had to be made for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from services.payout.app import create_app
from services.payout.statements.facts import StatementFacts
from shared.log.port import Log
from shared.settings import Settings
from tests.services.payout.desk import NOW, Desk
from tests.services.payout.scoring import Scoring
from tests.services.payout.statements.samples import document
from tests.services.payout.statements.test_statement_team import sales

PEOPLE = {"dana": ["statements:read"], "payroll": ["payroll:read"]}


class Drawer:
    """Frozen documents as runs keep them, in a final run and in a draft. The rules that a run's life is kept by are
    off: no run was made.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with self._engine.begin() as connection:
            connection.execute(text("set local session_replication_role = replica"))
            for run, state in (("run-2026-06-1", "approved"), ("run-2026-07-1", "calculated")):
                connection.execute(_RUN, {"id": run, "state": state, "period": run[4:11]})
        for who, facts in sales().items():
            self.put(who, document(facts))
        self.put("ada.brandt", document())

    def put(self, who: str, facts: bytes) -> None:
        """The document of somebody, in both runs."""
        participant = StatementFacts.model_validate_json(facts).participant
        manager = participant.manager.id if participant.manager else None
        values = {"who": who, "name": participant.name, "manager": manager, "facts": facts}
        with self._engine.begin() as connection:
            connection.execute(text("set local session_replication_role = replica"))
            connection.execute(_SLIP, values)


_RUN = text("""
    insert into run (id, kind, pay_group, pay_period, month, starts, ends, pay_date, author, created_at, state)
    values (:id, 'regular', 'default', :period, :period, '2026-06-01', '2026-06-30', '2026-07-15', 'dana', now(), :state)""")
_SLIP = text("""
    insert into run_slip (run, participant_id, name, manager, facts, sha256)
    select id, :who, :name, :manager, :facts, encode(sha256(:facts), 'hex') from run
    on conflict (run, participant_id) do update set name = :name, manager = :manager, facts = :facts,
        sha256 = encode(sha256(:facts), 'hex')""")


@pytest.fixture
def drawer(payout_engine: Engine) -> Drawer:
    return Drawer(payout_engine)


@pytest.fixture
def statement_desk(
    service_engine: Engine, view_engine: Engine, drawer: Drawer, scoring: Scoring, log: Log, tmp_path: Path
) -> Iterator[Desk]:
    """The API, working with the rights of the service."""
    keys = [
        {"name": name, "sha256": hashlib.sha256(f"key-{name}".encode()).hexdigest(), "scopes": scopes}
        for name, scopes in PEOPLE.items()
    ]
    (tmp_path / "keys.json").write_bytes(orjson.dumps(keys))
    settings = Settings(database_url="postgresql://nobody@localhost/unused", keys_file=tmp_path / "keys.json")
    app = create_app(
        settings, service_engine, view=view_engine, now=lambda: NOW, ready=list, lines=scoring, deals=scoring, log=log
    )
    with TestClient(app) as client:
        yield Desk(client)
