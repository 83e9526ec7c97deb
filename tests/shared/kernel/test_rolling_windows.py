"""Rolling windows: the last so many months, of which each lets go of one and adds itself."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from earnest.files.earning_explanations import explain_earnings
from earnest.files.kernel_inputs import KernelInputs
from services.scoring.lines.fact_windows import window
from shared.kernel import Plan, PlanSet, Roster, credit, measure
from shared.kernel.crediting.deals import values_table
from shared.kernel.idle_months import earn_every_month
from shared.kernel.plan.plan_set import PlanConflict
from shared.kernel.remarks.roster import roster_remarks
from shared.periods import Month
from tests.shared.kernel.small_plans import small_plan

THREE = {"measure": "three", "sum_of": ["own"], "rolling": 3, "quota": {"default": 3000}}
MEASURES = [{"measure": "bookings", "sum_of": ["own"]}, THREE]
AT_RATE = {
    "component": "commission",
    "kind": "whole",
    "measure": "bookings",
    "by": "three",
    "on": "attainment",
    "tiers": [{"up_to": "90%", "rate": "1%"}, {"rate": "2%"}],
}
STEADY = {"component": "steady", "kind": "bonus", "amount": 10, "when": "three >= 2000"}
Deals = dict[str, tuple[str, int]]


def inputs(plan: Plan, deals: Deals, **people: dict[str, str]) -> KernelInputs:
    plans = PlanSet([plan])
    said = people or {"ann": {}}
    facts = {
        who: {"2025-01-01/plan": ["rep", "", 0, ""]} | {path: [text, "", 0, ""] for path, text in more.items()}
        for who, more in said.items()
    }
    won = {"stage": "won", "currency": "USD"}
    rows = [(d, {**won, "owner": d[:3], "close_date": day, "amount": str(of)}) for d, (day, of) in deals.items()]
    return KernelInputs(
        deals=values_table(rows, plans.deal_columns), roster=Roster.from_facts(facts.items()), plans=plans
    )


def paid(plan: Plan, deals: Deals, **people: dict[str, str]) -> dict[tuple[str, str], int]:
    """Cents by participant and month."""
    given = inputs(plan, deals, **people)
    credits = credit(given.deals, given.roster, plans=given.plans).credits
    earned = earn_every_month(measure(credits, given.plans), given.roster, plans=given.plans)
    sums = earned.group_by("participant_id", "period").agg(pl.col("amount").sum())
    return {(who, period): amount for who, period, amount in sums.filter(pl.col("amount") != 0).iter_rows()}


SOLD: Deals = {"ann1": ("2024-11-05", 900), "ann2": ("2024-12-05", 900), "ann3": ("2025-02-05", 900)}


def test_a_late_deal_counts_in_the_windows_of_its_own_month_and_those_that_follow_over_the_turn_of_the_year() -> None:
    plan = small_plan(AT_RATE, measures=MEASURES, effective_from=date(2024, 1, 1))
    before = {"ann": {"2024-01-01/plan": "rep"}}
    assert paid(plan, SOLD, **before) == {("ann", "2024-11"): 900, ("ann", "2024-12"): 900, ("ann", "2025-02"): 900}
    late = SOLD | {"ann9": ("2024-12-20", 1000)}
    assert paid(plan, late, **before) == {("ann", "2024-11"): 900, ("ann", "2024-12"): 3800, ("ann", "2025-02"): 1800}


@pytest.mark.parametrize(
    ("component", "months"),
    [
        (STEADY, ["2025-02", "2025-03"]),
        ({"component": "at", "kind": "bonus", "measure": "three", "milestones": [{"at": "50%", "amount": 10}]}, None),
        ({"component": "first", "kind": "contest", "measure": "three", "prizes": [10]}, None),
    ],
    ids=["gate", "milestone", "contest"],
)
def test_a_month_without_a_deal_is_paid_by_what_the_months_before_it_brought(
    component: dict[str, Any], months: list[str] | None
) -> None:
    deals = {"ann1": ("2025-01-05", 1500), "ann2": ("2025-02-05", 1500), "bob1": ("2025-05-05", 1)}
    found = paid(small_plan(component, measures=MEASURES), deals, ann={}, bob={})
    wanted = months or ["2025-01", "2025-02", "2025-03", "2025-04"]
    assert [period for who, period in sorted(found) if who == "ann"] == wanted


def test_a_month_without_a_deal_is_explained_and_the_rate_is_told_with_its_window() -> None:
    deals = {"ann1": ("2025-01-05", 1500), "ann2": ("2025-02-05", 1500), "ann3": ("2025-05-05", 1)}
    given = inputs(small_plan(AT_RATE, STEADY, measures=MEASURES), deals)
    [march] = explain_earnings(given, "ann", period="2025-03", component="steady")
    [line] = march.parts[0].lines
    assert line.sentence.startswith(
        "Before any deal of the month, by scores, quotas and fixed amounts, and what the months before it brought."
    )
    assert "three 3,000.00" in line.sentence
    [february] = explain_earnings(given, "ann", period="2025-02", component="commission")
    told = february.parts[0].lines[0].sentence
    assert "Here attainment(three) 100.00%; attainment(three) by three 3,000.00 and quota(three) 3,000.00." in told


def test_the_facts_of_every_month_of_the_window_matter_to_a_months_pay() -> None:
    monthly = small_plan(AT_RATE, measures=MEASURES)
    assert window(monthly, Month("2025-02")).first == date(2024, 12, 1)
    quarterly = small_plan(AT_RATE | {"pays": "quarter"}, measures=MEASURES)
    assert window(quarterly, Month("2025-06")).first == date(2025, 2, 1)


def test_a_count_of_different_values_keeps_its_window_where_sums_go_on_in_the_next_version() -> None:
    def version(number: int, rolling: int) -> Plan:
        counted = {"measure": "accounts", "distinct": {"column": "account", "of": ["own"]}, "rolling": rolling}
        bonus = {"component": "c", "kind": "bonus", "amount": 5, "when": "accounts > 2"}
        return small_plan(
            bonus,
            measures=[counted],
            version=number,
            effective_from=date(2025, number, 1),
            conventions={"versions": "continue"},
        )

    PlanSet([version(1, 3), version(2, 3)])
    with pytest.raises(PlanConflict, match="rep@2 says `versions: continue`, and accounts is counted over another"):
        PlanSet([version(1, 3), version(2, 6)])


def test_a_quota_that_changes_is_told_of_every_month_of_the_window() -> None:
    plan = small_plan(AT_RATE, measures=MEASURES)
    given = inputs(plan, {}, ann={"2025-01-01/quota.three": "3000", "2025-04-01/quota.three": "6000"})
    [remark] = [each for each in roster_remarks(given.roster, given.plans) if each.kind == "late_quota"]
    assert remark.says.endswith(
        "it counts for the whole of 2025-02-01 to 2025-04-30. If it is not meant for the days before, say in the plan"
        " that quotas change by_period."
    )


def test_a_value_that_two_of_a_group_brought_leaves_the_window_once() -> None:
    counted = {"measure": "different", "distinct": {"column": "currency", "of": ["own"]}, "among": "plan", "rolling": 2}
    plan = small_plan({"component": "c", "kind": "bonus", "amount": {"measure": "different"}}, measures=[counted])
    deals = {"ann1": ("2025-05-05", 1), "bob1": ("2025-05-09", 1), "ann2": ("2025-07-24", 1)}
    found = paid(plan, deals, ann={}, bob={})
    assert found == {(who, month): 100 for who in ("ann", "bob") for month in ("2025-05", "2025-06", "2025-07")}
