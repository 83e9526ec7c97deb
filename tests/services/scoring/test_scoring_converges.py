"""Whatever the order, repetition and batching of events: the same credits and earnings as one calculation over the
facts.
"""

from __future__ import annotations

import random
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from sqlalchemy import Engine, text

from services.scoring.credit import store as stored_deals
from services.scoring.credit.deals import credits_of, uncredited_of
from shared.facts import Facts, merge
from shared.kernel import Plan, PlanSet, Roster, credit, measure
from shared.kernel.crediting.deals import deals_table
from shared.kernel.idle_months import earn_every_month
from shared.kernel.tables import EARNINGS
from tests.services.scoring.conftest import Road, empty_tables
from tests.shared.kernel.worlds import patches as deal_patches
from tests.shared.kernel.worlds import plan_versions, rosters

Event = tuple[str, tuple[Any, ...]]
worlds = st.tuples(deal_patches(), rosters(), plan_versions()).filter(
    lambda world: len({(p["plan"], p["effective_from"]) for p in world[2]}) == len(world[2])
)


def events_of(world: Any) -> list[Event]:
    """The world as calls of the road."""
    patches, changes, plans = world
    events: list[Event] = [("deals", patch) for patch in patches]
    for change in changes:
        day = change["effective_from"].isoformat()
        fields = {
            f"{day}/{name}": value for name, value in change.items() if name not in ("participant_id", "effective_from")
        }
        events.append(("roster", (change["participant_id"], fields, "2025-01-01T00:00:00.000000Z", 0, "hr")))
    return events + [("plans", (plan,)) for plan in plans]


def put(road: Road, event: Event) -> None:
    topic, content = event
    if topic == "plans":
        road.plan(content[0])
    else:
        name = {"deals": "deal_id", "roster": "participant_id"}[topic]
        road.fact(topic, name, *content)


def batch_result(events: list[Event]) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """credits, uncredited and earnings of the final facts, by the kernel alone."""
    facts: dict[str, dict[str, Facts]] = {"deals": {}, "roster": {}}
    for topic, content in events:
        if topic != "plans":
            key, fields, at, sequence, source = content
            held = facts[topic].setdefault(key, {})
            merge(held, fields, occurred_at=at, sequence=sequence, source=source)
    plans = PlanSet(Plan.model_validate(content[0]) for topic, content in events if topic == "plans")
    roster = Roster.from_facts(facts["roster"].items())
    credited = credit(deals_table(facts["deals"].items(), plans.deal_columns), roster, plans=plans)
    return (
        credited.credits,
        credited.uncredited,
        earn_every_month(measure(credited.credits, plans), roster, plans=plans),
    )


def stored_result(engine: Engine) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """credits, uncredited and earnings as the tables have them."""
    with engine.connect() as connection:
        held = stored_deals.lock(connection, connection.scalars(text("select deal_id from deal")))
        earned = connection.execute(
            text("""
                select participant_id, e->>'plan', (e->>'version')::int, e->>'component', period, (e->>'fiscal')::int,
                    (e->>'measure')::numeric, (e->>'quota')::numeric, (e->>'attainment')::numeric, (e->>'share')::bigint,
                    (e->>'amount')::bigint, e->>'currency', e->>'problem', e->>'about'
                from participant_sums, jsonb_array_elements(earnings::jsonb) e""")
        )
        return (
            credits_of(held),
            uncredited_of(held),
            pl.DataFrame([tuple(row) for row in earned], schema=EARNINGS, orient="row"),
        )


def assert_converged(engine: Engine, events: list[Event]) -> None:
    for found, expected in zip(stored_result(engine), batch_result(events), strict=True):
        assert_frame_equal(found.sort(pl.all()), expected.sort(pl.all()))


def assert_streamed_as_at_once(engine: Engine, events: list[Event], chance: random.Random) -> None:
    """Send the events, some of them twice, in an order and in batches as chance has it; what is stored is what they
    come to.
    """
    empty_tables(engine)
    road = Road(engine)
    twice = [*events, *chance.sample(events, chance.randint(0, len(events)))]
    chance.shuffle(twice)
    for event in twice:
        put(road, event)
        if chance.random() < 0.3:
            road.drain(chance)
    road.drain(chance)
    assert road.rejections == []
    assert_converged(engine, events)


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(world=worlds, chance=st.randoms(use_true_random=False))
def test_any_order_repetition_and_batching_ends_in_the_same_pay(
    scoring_engine: Engine, world: Any, chance: random.Random
) -> None:
    assert_streamed_as_at_once(scoring_engine, events_of(world), chance)
