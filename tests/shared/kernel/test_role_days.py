"""Days in role: who is paid for a part of a month, how it is told, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import ValidationError

from shared.explanation import Line, parts
from shared.kernel import PlanSet, Roster, credit, explain, measure
from shared.kernel.checks import findings
from shared.kernel.crediting.deals import values_table
from shared.kernel.idle_months import earn_every_month
from shared.kernel.plan.document import document
from tests.shared.kernel.small_plans import small_plan as plan

FLAT = {"component": "commission", "kind": "flat", "measure": "bookings", "rate": "10%"}
ALLOWANCE = {"component": "allowance", "kind": "bonus", "amount": {"term": "pay", "default": 300}}


def roster(**people: dict[str, dict[str, Any]]) -> Roster:
    """Participants by what is said of them from which day on."""
    return Roster.from_facts(
        (who, {f"{day}/{name}": [value, "", 0, ""] for day, said in days.items() for name, value in said.items()})
        for who, days in people.items()
    )


def june(plans: PlanSet, people: Roster, **sold: str) -> Any:
    """Credits and earnings of June, in which each sold something on the third; zoe always did."""
    deals = [
        (f"D-{who}", {"stage": "won", "amount": amount, "currency": "USD", "close_date": "2025-06-03", "owner": who})
        for who, amount in ({"zoe": "1"} | sold).items()
    ]
    credits = credit(values_table(deals, plans.deal_columns), people, plans=plans).credits
    return credits, earn_every_month(measure(credits, plans), people, plans=plans)


def lines_of(who: str, component: str, plans: PlanSet, people: Roster, **sold: str) -> Sequence[Line]:
    """How somebody's component of June is told."""
    credits, earned = (table.filter(participant_id=who) for table in june(plans, people, **sold))
    (part,) = parts(credits, earned, roster=people, plans=plans, component=component, period="2025-06")
    return part.lines


def paid(earned: Any) -> dict[str, int]:
    of_june = earned.filter(period="2025-06").filter(earned.filter(period="2025-06")["participant_id"] != "zoe")
    return {
        f"{who} {what}": amount
        for who, what, amount in of_june.select("participant_id", "component", "amount").iter_rows()
        if amount
    }


PEOPLE = {
    "zoe": {"2025-01-01": {"plan": "rep"}},
    "stays": {"2025-01-01": {"plan": "rep"}},
    "comes": {"2025-06-21": {"plan": "rep"}},
    "leaves": {"2025-01-01": {"plan": "rep"}, "2025-06-11": {"active": False}},
    "away": {"2025-01-01": {"plan": "rep"}, "2025-06-10": {"on_leave": True}, "2025-06-20": {"on_leave": False}},
    "rises": {"2025-01-01": {"plan": "rep"}, "2025-06-16": {"term.pay": "600"}},
}  # fmt: skip


def test_who_was_in_role_on_some_days_is_paid_for_them_also_without_a_deal() -> None:
    plans = PlanSet([plan(ALLOWANCE | {"prorate": "calendar_days"})])
    _, earned = june(plans, roster(**PEOPLE))
    assert paid(earned) == {
        "stays allowance": 30_000,
        "comes allowance": 10_000,
        "leaves allowance": 10_000,
        "away allowance": 20_000,
        "rises allowance": 45_000,
    }


def test_business_days_are_monday_to_friday() -> None:
    plans = PlanSet([plan(ALLOWANCE | {"prorate": "business_days"})])
    _, earned = june(plans, roster(**PEOPLE))  # June 2025 has 21 of them, 6 from the 21st on, 7 before the 11th
    assert paid(earned)["comes allowance"] == 8_571
    assert paid(earned)["leaves allowance"] == 10_000


def test_a_minimum_is_for_the_days_and_a_commission_is_not() -> None:
    plans = PlanSet([plan(FLAT | {"minimum": 300, "prorate": "calendar_days"})])
    _, earned = june(plans, roster(**PEOPLE), away="5000", leaves="100")
    assert paid(earned)["away commission"] == 50_000
    assert paid(earned)["leaves commission"] == 10_000
    assert paid(earned)["comes commission"] == 10_000


def test_each_part_of_the_days_is_a_slice() -> None:
    plans, people = PlanSet([plan(ALLOWANCE | {"prorate": "calendar_days"})]), roster(**PEOPLE)
    (line,) = lines_of("rises", "allowance", plans, people)
    assert [(piece.reach, piece.pays) for piece in line.slices] == [
        ("bonus, 15 of 30 calendar days", 150),
        ("bonus, 15 of 30 calendar days", 300),
    ]
    assert line.amount == 450


@pytest.mark.parametrize("who", ["stays", "leaves", "rises"])
def test_times_that_only_others_have_are_no_slices(who: str) -> None:
    plans, people = PlanSet([plan(ALLOWANCE | {"prorate": "calendar_days"})]), roster(**PEOPLE)
    credits, earned = june(plans, people)
    together = explain(credits, people, plans=plans, earnings=earned).slices.filter(participant_id=who)
    own_credits, own = (table.filter(participant_id=who) for table in (credits, earned))
    alone = explain(own_credits, people, plans=plans, earnings=own).slices
    assert together.sort("period", "tier").to_dicts() == alone.sort("period", "tier").to_dicts() != []


def test_a_slice_says_the_rate_that_is_for_some_of_the_days() -> None:
    points = [{"at": "0%", "gives": "0%"}, {"at": "100%", "gives": "100%"}]
    curve = {"component": "curve", "kind": "curve", "measure": "bookings", "target": 900, "points": points}
    quota = [{"measure": "bookings", "sum_of": ["own"], "quota": {"default": 1000}}]
    plans, people = PlanSet([plan(curve | {"prorate": "business_days"}, measures=quota)]), roster(**PEOPLE)
    (line,) = lines_of("away", "curve", plans, people, away="500")
    assert [piece.reach for piece in line.slices] == [
        "of the target, 50% for 6 of 21 business days",
        "of the target, 50% for 7 of 21 business days",
    ]


@pytest.mark.parametrize(
    "component",
    [
        FLAT,
        {"component": "p", "kind": "pool", "amount": 100},
        {"component": "f", "kind": "formula", "amount": "bookings * 1%"},
    ],
)
def test_what_deals_came_to_is_not_prorated(component: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="only what is paid for a time has a part of its days"):
        plan(component | {"prorate": "calendar_days"})


def test_quota_and_days_are_counted_in_one_way() -> None:
    quota = {"changes": "calendar_days", "prorate": "business_days"}
    with pytest.raises(ValidationError, match="changes counts calendar days, and prorate business days"):
        plan(FLAT, measures=[{"measure": "bookings", "sum_of": ["own"], "quota": quota}])


def test_a_whole_amount_beside_one_that_is_prorated_is_said() -> None:
    mixed = plan(ALLOWANCE | {"prorate": "calendar_days"}, ALLOWANCE | {"component": "other"})
    assert [finding.code for finding in findings(mixed) if finding.code == "P311"] == ["P311"]
    both = plan(ALLOWANCE | {"prorate": "calendar_days"})
    assert "P311" not in [finding.code for finding in findings(both)]
    assert "the calendar days on which you are in your role" in document(both)
