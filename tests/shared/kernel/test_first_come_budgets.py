"""Budgets that are first come, first served: against a walk over everyone's deals, and told line by line."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from random import Random
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from shared.kernel import PlanSet, Roster, credit, earn, explain, measure, summed
from shared.kernel.crediting.deals import values_table
from tests.shared.kernel.small_plans import small_plan

SPIF = {"component": "spif", "kind": "flat", "measure": "bookings", "rate": "10%", "budget": "1000", "first_come": True}


def plan(*components: dict[str, Any], **measured: Any) -> PlanSet:
    """A plan with some components."""
    return PlanSet([small_plan(*components, measures=[{"measure": "bookings", "sum_of": ["own"]} | measured])])


PEOPLE = ("ann", "bob", "cy")
ROSTER = Roster.of(
    pl.DataFrame(
        [(who, date(2025, 1, 1), None, "rep", True) for who in PEOPLE],
        schema={"participant_id": pl.String, "effective_from": pl.Date, "manager": pl.String, "plan": pl.String, "active": pl.Boolean},
        orient="row",
    )
)  # fmt: skip


def credited(plans: PlanSet, deals: list[tuple[str, str, str]]) -> pl.DataFrame:
    """The credits of deals of some owners, amounts and dates."""
    values = [
        (f"D{number:02d}", {"stage": "won", "amount": amount, "currency": "USD", "close_date": day, "owner": who})
        for number, (who, amount, day) in enumerate(deals)
    ]
    return credit(values_table(values, plans.deal_columns), ROSTER, plans=plans).credits


def paid(earned: pl.DataFrame) -> dict[tuple[str, str], int]:
    return {
        (who, month): amount
        for who, month, amount in earned.select("participant_id", "period", "amount").iter_rows()
        if amount
    }


def test_who_comes_first_is_paid_and_the_deal_that_crosses_in_part() -> None:
    plans = plan(SPIF)
    credits = credited(
        plans, [("ann", "6000", "2025-01-05"), ("bob", "3000.50", "2025-01-07"), ("cy", "5000", "2025-01-08"), ("ann", "900", "2025-01-09")]
    )  # fmt: skip
    earned = earn(measure(credits, plans), ROSTER, plans=plans)
    assert paid(earned) == {("ann", "2025-01"): 60_000, ("bob", "2025-01"): 30_005, ("cy", "2025-01"): 9_995}
    lines = explain(credits, ROSTER, plans=plans, earnings=earned).lines
    told = lines.filter(participant_id="cy").select("rule", "amount").rows()
    assert told == [("own", 50_000), ("budget", -40_005)]


@pytest.mark.parametrize("seed", range(12))
def test_it_is_a_walk_over_everyones_deals_by_date(seed: int) -> None:
    random = Random(seed)
    reset = random.choice(["month", "quarter"])
    plans = plan(SPIF, reset=reset)
    deals = [
        (
            random.choice(PEOPLE),
            str(random.randint(-3000, 6000)),
            f"2025-0{random.randint(1, 4)}-{random.randint(1, 28):02d}",
        )
        for _ in range(30)
    ]
    left: dict[int, int] = defaultdict(lambda: 100_000)
    had: dict[tuple[int, str], int] = defaultdict(int)
    expected: dict[tuple[str, str], int] = defaultdict(int)
    for _, (who, amount, day) in sorted(enumerate(deals), key=lambda deal: (deal[1][2], deal[0])):
        month = int(day[5:7])
        window = month if reset == "month" else (month - 1) // 3
        pays = int(amount) * 10
        gives = min(pays, left[window]) if pays > 0 else max(pays, -had[window, who])
        left[window] -= gives
        had[window, who] += gives
        expected[who, day[:7]] += gives
    credits = credited(plans, deals)
    earned = earn(measure(credits, plans), ROSTER, plans=plans)
    assert paid(earned) == {key: amount for key, amount in expected.items() if amount}
    assert earn(measure(summed(credits, plans), plans), ROSTER, plans=plans).equals(earned)
    told = explain(credits, ROSTER, plans=plans, earnings=earned).lines
    in_lines = told.group_by("participant_id", "period").agg(pl.col("amount").sum())
    assert paid(in_lines) == {key: amount for key, amount in expected.items() if amount}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (SPIF | {"budget": None}, "first_come needs a budget"),
        ({"component": "a", "kind": "pool", "amount": 5, "budget": 3, "first_come": True}, "first_come needs a budget"),
        (SPIF | {"maximum": 5, "carry_over": True}, "neither carries over"),
        ({**SPIF, "kind": "slab", "tiers": [{"rate": "1%"}], "rate": None}, "of which only the sum is kept"),
        ({**SPIF, "when": "pay(other) > 1"}, "looks at what other pays"),
    ],
)
def test_what_has_no_deals_in_order_is_refused(wrong: dict[str, Any], why: str) -> None:
    said = {name: value for name, value in wrong.items() if value is not None}
    with pytest.raises(ValidationError, match=why):
        plan(said, {"component": "other", "kind": "flat", "measure": "bookings", "rate": "1%"})
