"""A column of the company's own may have any name that is nobody else's: what crediting needs beside it has other
names.
"""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from shared.kernel import PlanSet, Roster, credit
from shared.kernel.crediting.deals import values_table
from shared.kernel.plan.version import Plan
from tests.shared.kernel.small_plans import small_plan

RULES = ("holder", "managers", "team", "territory")
PEOPLE = {
    "ann": {"manager": "max", "territory": "north"},
    "bob": {"manager": "max", "territory": "north"},
    "max": {"manager": "eve", "territory": "south"},
    "eve": {"manager": "ann"},  # in a circle, so that chains are kept
}
COMPONENT = {"component": "c", "kind": "flat", "measure": "bookings", "rate": "10%"}


def plan_with(name: str) -> Plan:
    rules = [{"rule": f"to_{to}", "to": to, "when": f"stage = 'won' and {name} = 'x'"} for to in RULES]
    measures = [{"measure": "bookings", "sum_of": [rule["rule"] for rule in rules]}]
    return small_plan(COMPONENT, columns={name: "text"}, credits=rules, measures=measures)


def credited(name: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    plans = PlanSet([plan_with(name)])
    roster = Roster.from_facts(
        (who, {f"2025-01-01/{path}": [value, "", 0, ""] for path, value in {"plan": "rep", **said}.items()})
        for who, said in PEOPLE.items()
    )
    won = {"stage": "won", "amount": "1000", "currency": "USD", "close_date": "2025-01-15", "territory": "north"}
    deals = [
        ("D1", {**won, "owner": "ann", f"custom.{name}": "x"}),
        ("D2", {**won, "splits": {"ann": "60", "bob": "40"}, f"custom.{name}": "x"}),
        ("D3", {**won, "owner": "zoe", f"custom.{name}": "x"}),
        ("D4", {**won, "owner": "bob", f"custom.{name}": "y"}),
    ]
    found = credit(values_table(deals, plans.deal_columns), roster, plans=plans)
    by = ["deal_id", "participant_id"]
    return found.credits.sort(*by, "rule"), found.uncredited.sort(by, nulls_last=True)


NAMES = [
    "chain",
    "holder",
    "holding",
    "known",
    "managers",
    "mate",
    "net",
    "of",
    "part",
    "plan_currency",
    "team",
    "teammate",
    "territory_of",
    "level",
    "place",
    "cap",
    "rule",
    "period",
    "reason",
    "about",
    "exchange",
]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_column_is_called_changes_no_credit(name: str) -> None:
    ours, neutral = credited(name), credited("neutral")
    assert neutral[0].height > 8
    assert {date(2025, 1, 15)} == set(neutral[0]["credit_date"])
    for found, expected in zip(ours, neutral, strict=True):
        assert found.equals(expected)
