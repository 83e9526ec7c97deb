"""What is paid by the quarter: its lines, where it looks at what a group has brought, and why months pay nothing."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from shared.kernel import Plan, PlanSet, Roster, credit, earn, explain, measure
from shared.kernel.crediting.deals import values_table
from tests.shared.kernel.small_plans import small_plan

BY_POSITION = "case position when 'junior' then 10 when 'senior' then 20 end"
GROUP_MEASURES = {"count_of": ["own"]}, {"distinct": {"column": "deal_id", "of": ["own"]}}, {"sum_of": ["own"]}
Row = tuple[str, str, int, str | None]


def paid(plan: Plan, deals: dict[str, str], people: dict[str, dict[str, str]]) -> list[Row]:
    """(participant, month, cents, problem) of what deals of 1,000.00 pay, whose lines are checked: of everyone together,
    and of each person beside the credits of everyone."""
    facts = {
        who: {"2025-01-01/plan": ["rep", "", 0, ""]} | {path: [value, "", 0, ""] for path, value in said.items()}
        for who, said in people.items()
    }
    roster, plans = Roster.from_facts(facts.items()), PlanSet([plan])
    won = {"stage": "won", "amount": "1000", "currency": "USD"}
    # A deal is named after who sold it.
    table = values_table(
        [(d, {**won, "owner": d[:3], "close_date": day}) for d, day in deals.items()], plans.deal_columns
    )
    credits = credit(table, roster, plans=plans).credits
    earned = earn(measure(credits, plans), roster, plans=plans)
    of_each = [
        explain(
            credits.filter(pl.col("participant_id") == who),
            roster,
            plans=plans,
            earnings=earned.filter(pl.col("participant_id") == who),
            everyone=credits,
        ).lines
        for who in people
    ]
    by = ["participant_id", "component", "period"]
    due = {row[:3]: row[3] for row in earned.select(*by, "amount").rows() if row[3]}
    for lines in (explain(credits, roster, plans=plans, earnings=earned).lines, pl.concat(of_each)):
        told = lines.group_by(by).agg(pl.col("amount").sum()).filter(pl.col("amount") != 0)
        assert {row[:3]: row[3] for row in told.rows()} == due
    return sorted(earned.select("participant_id", "period", "amount", "problem").rows())


@pytest.mark.parametrize("of_group", GROUP_MEASURES, ids=lambda said: next(iter(said)))
def test_a_month_that_nobody_sold_in_adds_no_line_to_a_quarter_of_what_a_group_has_brought(
    of_group: dict[str, Any],
) -> None:
    measures = [{"measure": "bookings", "sum_of": ["own"]}, {"measure": "team", "among": "plan", **of_group}]
    monthly = {
        "component": "c",
        "kind": "formula",
        "amount": "case when team < 5000 then 10 else 0 end",
        "pays": "quarter",
    }

    found = paid(small_plan(monthly, measures=measures), {"ann1": "2025-01-10"}, {"ann": {}})

    assert found == [("ann", "2025-03", 1000, None)]


def test_lines_of_a_quarter_that_begins_anew_with_it_follow_the_months_in_which_others_sold() -> None:
    measures = [
        {"measure": "bookings", "sum_of": ["own"]},
        {"measure": "team", "among": "plan", "sum_of": ["own"], "reset": "quarter"},
    ]
    quarterly = {
        "component": "c",
        "kind": "formula",
        "amount": f"case when team > 1500 then {BY_POSITION} else 0 end",
        "window": "quarter",
        "pays": "quarter",
    }
    people = {
        "ann": {"2025-01-01/position": "junior", "2025-03-01/position": "senior"},
        "bob": {"2025-01-01/position": "junior"},
    }

    found = paid(small_plan(quarterly, measures=measures), {"ann1": "2025-01-10", "bob1": "2025-02-10"}, people)

    assert found == [("ann", "2025-03", 1000, None), ("bob", "2025-03", 1000, None)]


def test_each_month_of_a_quarter_says_why_it_adds_nothing_to_it() -> None:
    monthly = {
        "component": "c",
        "kind": "flat",
        "measure": "bookings",
        "rate": {"term": "rate"},
        "multiply": [{"category": "position", "of": {"junior": 1}}],
        "pays": "quarter",
    }
    deals = {"ann1": "2025-01-10", "ann2": "2025-02-10", "ann3": "2025-03-10"}
    people = {
        "ann": {
            "2025-01-01/position": "junior",
            "2025-02-01/term.rate": "0.1",
            "2025-02-01/position": "trainee",
            "2025-03-01/position": "junior",
        }
    }

    found = paid(small_plan(monthly), deals, people)

    assert found == [
        ("ann", "2025-01", 0, "no_term"),
        ("ann", "2025-02", 0, "no_category"),
        ("ann", "2025-03", 10000, None),
    ]


def test_what_a_quarter_lacked_in_a_month_and_has_at_its_end_is_no_problem() -> None:
    quarterly = {
        "component": "c",
        "kind": "flat",
        "measure": "bookings",
        "rate": {"term": "rate"},
        "window": "quarter",
        "pays": "quarter",
    }
    measures = [{"measure": "bookings", "sum_of": ["own"], "reset": "quarter"}]
    people = {"ann": {"2025-03-01/term.rate": "0.1"}}

    found = paid(small_plan(quarterly, measures=measures), {"ann1": "2025-01-10", "ann2": "2025-03-10"}, people)

    assert found == [("ann", "2025-03", 20000, None)]
