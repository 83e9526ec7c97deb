"""A change of the roster and the crediting of deals never pass each other unseen."""

from __future__ import annotations

import threading
from typing import Any

from polars.testing import assert_frame_equal
from sqlalchemy import Engine

from services.scoring.reference.store import ReferenceDataCache
from tests.services.scoring.conftest import Road, simple_plan

PATIENCE = 0.5


def beside(run: Any) -> threading.Thread:
    thread = threading.Thread(target=run)
    thread.start()
    thread.join(PATIENCE)
    return thread


def test_a_roster_change_waits_for_whoever_credits_and_is_seen_by_whoever_comes_after(
    road: Road, scoring_engine: Engine
) -> None:
    reference = ReferenceDataCache()
    road.person("ann", "2025-01-01", plan="rep")
    with scoring_engine.begin() as crediting:
        before = reference.lock(crediting)
        changing = beside(road.drain)
        assert changing.is_alive()
        late: list[int] = []
        with scoring_engine.connect() as other:
            waiting = beside(lambda: late.append(ReferenceDataCache().lock(other).version))
            assert waiting.is_alive(), "who comes after a waiting change must not overtake it"
            crediting.rollback()
            changing.join()
            waiting.join()
    assert late == [before.version + 1]
    with scoring_engine.begin() as connection:
        assert reference.lock(connection).roster.assignments["participant_id"].to_list() == ["ann"]


def test_what_was_rolled_back_is_not_remembered(road: Road, scoring_engine: Engine) -> None:
    reference = ReferenceDataCache()
    road.plan(simple_plan())
    road.drain()
    with scoring_engine.begin() as connection:
        held = reference.lock(connection)
        assert reference.lock(connection) is held
    road.person("ann", "2025-01-01", plan="rep")
    batch = road._take("roster", None)
    with scoring_engine.connect() as connection:
        road.steps["roster"](connection, batch)
        connection.rollback()
    with scoring_engine.begin() as connection:
        assert reference.lock(connection) is held
    road.deliver("roster", batch)
    with scoring_engine.begin() as connection:
        assert reference.lock(connection).roster.assignments.height == 1


def test_an_older_snapshot_sees_the_roster_of_its_time(road: Road, scoring_engine: Engine) -> None:
    reference = ReferenceDataCache()
    road.person("ann", "2025-01-01", plan="rep")
    road.drain()
    with scoring_engine.connect().execution_options(isolation_level="REPEATABLE READ") as old:
        assert reference.read(old).roster.assignments.height == 1
        road.person("bob", "2025-01-01", plan="rep")
        road.person("ann", "2025-02-01", plan="lead")
        road.drain()
        with scoring_engine.connect() as new:
            assert reference.read(new).roster.assignments.height == 3
        assert reference.read(old).roster.assignments.height == 1
    with scoring_engine.connect() as new:
        assert_frame_equal(
            reference.read(new).roster.assignments,
            ReferenceDataCache().read(new).roster.assignments,
            check_row_order=False,
        )
