"""Proposals that were offered when each changed one plan are there after an upgrade, with what was decided."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import as_file, files

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text
from sqlalchemy.schema import CreateSchema, DropSchema

from services.alerts.proposals import service, store
from services.alerts.proposals.proposal import DraftFile
from shared.database import engine_for, migrate
from tests.services.alerts.lifecycle.watched import NOON

BEFORE = """
insert into proposal values
    ('win_rate.1', 1, 'r', 'quotas', 'rep', null, array['w'], 'c', 'b', 's', '2025-09-01', 'roster.csv',
     E'participant_id,effective_from,quota\\nann,2025-09-01,1\\n', :effect, 'ann', now(), null, null, null, null),
    ('win_rate.1', 2, 'r', 'first_tier', 'rep', 3, array['w'], 'c', 'b', 's', '2025-09-01', 'rep-3.yaml',
     E'plan: rep\\n', :effect, 'ann', now(), 'accepted', 'because', 'bob', now())
"""
EFFECT = """{"first": "2024-07", "last": "2025-06", "currency": "USD", "cost_before": "10.00", "cost_after": "9.00",
"gain": 0, "lose": 1, "same": 2, "change_p10": "-1.00", "change_p50": "-1.00", "change_p90": "-1.00", "figures": {}}"""


@pytest.fixture
def of_before(administrator: Engine) -> Iterator[Engine]:
    """Tables as the migration before built them, with two proposals."""
    engine = engine_for(administrator.url, "alerts_before")
    with as_file(files("services.alerts") / "migrations") as folder, engine.begin() as connection:
        connection.execute(CreateSchema("alerts_before"))
        config = Config()
        config.set_main_option("script_location", str(folder))
        config.set_main_option("path_separator", "os")
        config.attributes |= {"connection": connection, "schema": "alerts_before", "service": "alerts"}
        command.upgrade(config, "0004")
        connection.execute(text(BEFORE), {"effect": EFFECT})
    yield engine
    with engine.begin() as connection:
        connection.execute(DropSchema("alerts_before", cascade=True))
    engine.dispose()


def test_they_have_their_files_and_what_was_decided_and_what_competes_is_retired(of_before: Engine) -> None:
    migrate(of_before, "alerts_before", package="services.alerts")
    with of_before.begin() as connection:
        quotas, draft = store.of_alert(connection, "win_rate.1")
        assert draft.candidate.files == (DraftFile(file="rep-3.yaml", text="plan: rep\n", plan="rep", version=3),)
        assert (draft.candidate.plans, draft.decision, draft.reason, draft.decided_by) == (
            ("rep",),
            "accepted",
            "because",
            "bob",
        )
        assert quotas.candidate.quotas == {("ann", "2025-09-01/quota.*")}
        assert quotas.candidate.effect.months == ()
        stages = [each.stage(NOON.date()) for each in service.standings(connection, [quotas, draft], today=NOON.date())]
    assert stages == ["retired", "not published"]
