"""Who is paid on the pay of others earns again when that changes: by deals, by the roster, by plans, in any order."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine

from services.scoring.lines.bulk import lines_of
from services.scoring.lines.service import read_month
from services.scoring.reference.store import ReferenceDataCache
from shared.contracts.lines import checked, each_line
from tests.services.scoring.conftest import Road, empty_tables, simple_plan
from tests.services.scoring.test_scoring_steps import WON, pay

REP = simple_plan(
    credits=[{"rule": "own"}],
    measures=[{"measure": "bookings", "sum_of": ["own"]}],
    components=[{"component": "commission", "kind": "flat", "measure": "bookings", "rate": "10%"}],
)


def lead(name: str = "lead", of: str = "rep", rate: str = "10%", **pay_of: Any) -> dict[str, Any]:
    """A plan that pays on the pay of those who are on another."""
    return {
        "plan": name,
        "version": 1,
        "name": name,
        "currency": "USD",
        "effective_from": date(2025, 1, 1),
        "measures": [{"measure": "team_pay", "pay_of": {"plans": [of], **pay_of}}],
        "components": [{"component": "override", "kind": "flat", "measure": "team_pay", "rate": rate}],
    }


PLANS = [REP, lead(), lead("head", "lead", "50%")]
TEAM = (
    ("ann", "rep", "bob"),
    ("abe", "rep", "bob"),
    ("bob", "lead", "cy"),
    ("dee", "lead", "cy"),
    ("cy", "head", None),
)


@pytest.fixture
def team(road: Road) -> Road:
    """ann and abe report to bob, he and dee to cy."""
    for plan in PLANS:
        road.plan(plan)
    for person, plan, manager in TEAM:
        road.person(person, "2025-01-01", plan=plan, manager=manager)
    road.drain()
    return road


def test_a_deal_moves_the_pay_of_everyone_above(team: Road) -> None:
    team.deal("D1", owner="ann", **{**WON, "amount": "1000.00"})
    team.drain()
    month = "2025-03"
    assert pay(team) == {
        ("ann", "commission", month): 10_000,
        ("bob", "override", month): 1_000,
        ("cy", "override", month): 500,
    }
    team.deal("D1", at="2025-06-01T00:00:00.000000Z", stage="lost")
    team.drain()
    assert pay(team) == {}


def test_who_changes_managers_is_counted_for_the_new_one(team: Road) -> None:
    team.deal("D1", owner="ann", **{**WON, "amount": "1000.00"})
    team.drain()
    team.person("ann", "2025-03-31", at="2025-06-01T00:00:00.000000Z", manager="dee")
    team.drain()
    assert {key[0]: amount for key, amount in pay(team).items()} == {"ann": 10_000, "dee": 1_000, "cy": 500}


def test_a_plan_that_is_published_after_the_deals_pays_who_has_no_month_yet(road: Road) -> None:
    road.plan(REP)
    for person, plan, manager in TEAM:
        road.person(person, "2025-01-01", plan=plan, manager=manager)
    road.deal("D1", owner="ann", **{**WON, "amount": "1000.00"})
    road.drain()
    road.plan(lead())
    road.drain()
    assert pay(road)["bob", "override", "2025-03"] == 1_000


@pytest.mark.parametrize("asked", [None, ["bob"], ["cy"]])
def test_lines_in_bulk_name_whose_pay_they_are_of(team: Road, asked: list[str] | None) -> None:
    team.deal("D1", owner="ann", **{**WON, "amount": "1000.00"})
    team.deal("D2", owner="abe", by="amy", **{**WON, "amount": "200.00"})
    team.drain()
    with team.engine.execution_options(isolation_level="REPEATABLE READ").connect() as connection:
        month = read_month(connection, ReferenceDataCache(), period="2025-03", participants=asked)
    tables = [checked(table) for table in lines_of(month)]
    assert all(table["settled"].all() for table in tables)
    amounts = {
        who: each_line(table).filter(participant_id=who)["amount"].to_list()
        for table in tables
        for who in table["participant_id"]
    }
    expected = {"ann": [10_000], "abe": [2_000], "bob": [200, 1_000], "cy": [600]}
    assert amounts == {who: paid for who, paid in expected.items() if asked is None or who in asked}
    for table in tables:
        for who, touched in table.select("participant_id", "touched_by").iter_rows():
            assert ({"who": "amy", "what": "deal"} in touched) == (who in ("abe", "bob", "cy"))


def test_any_order_of_facts_ends_in_the_same_pay(scoring_engine: Engine, seed: int) -> None:
    chance = random.Random(seed)
    found = []
    for _ in range(3):
        empty_tables(scoring_engine)
        road = Road(scoring_engine)
        facts = [
            *(("plan", plan) for plan in PLANS),
            *(("person", entry) for entry in TEAM),
            *(("deal", number) for number in range(6)),
            ("moves", None),
        ]
        chance.shuffle(facts)
        for kind, fact in facts:
            match kind:
                case "plan":
                    road.plan(fact)
                case "person":
                    road.person(fact[0], "2025-01-01", plan=fact[1], manager=fact[2])
                case "moves":
                    road.person("abe", "2025-03-20", at="2025-06-01T00:00:00.000000Z", manager="dee")
                case _:
                    amount = f"{100 * (fact + 1)}.00"
                    road.deal(f"D{fact}", owner=("ann", "abe")[fact % 2], **{**WON, "amount": amount})
            if chance.random() < 0.4:
                road.drain(chance)
        road.drain(chance)
        found.append(pay(road))
    assert found[0] == found[1] == found[2]
    assert {key[0]: amount for key, amount in found[0].items()} == {
        "ann": 9_000,
        "abe": 12_000,
        "bob": 900,
        "dee": 1_200,
        "cy": 1_050,
    }
