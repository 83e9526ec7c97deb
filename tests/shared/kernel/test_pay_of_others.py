"""Pay of others: who is refused, in which currency it counts, and how a line says whose pay it is of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from shared.explanation import Line, parts
from shared.kernel import Plan, PlanSet, Roster, credit, earn, measure
from shared.kernel.crediting.deals import values_table
from shared.kernel.pay_of_others import pay_credits
from shared.kernel.plan.document import document
from shared.kernel.plan.plan_set import PlanConflict
from shared.kernel.remarks.roster import roster_remarks
from tests.shared.kernel.small_plans import small_plan

OWN = [{"measure": "bookings", "sum_of": ["own"]}]
COMMISSION = {"component": "commission", "kind": "flat", "measure": "bookings", "rate": "10%"}


def plan(name: str, *, others: dict[str, Any] | None = None, **fields: Any) -> Plan:
    """A plan with a commission of 10%, and if it says `others` an override of 10% on their pay."""
    components = [COMMISSION]
    measures: list[dict[str, Any]] = [*OWN]
    if others:
        components.append({"component": "override", "kind": "flat", "measure": "below", "rate": "10%"})
        measures.append({"measure": "below", "pay_of": others})
    return small_plan(*components, **({"plan": name, "name": name, "measures": measures} | fields))


def roster(*rows: tuple[str, str, str | None]) -> Roster:
    """Participants with plan and manager."""
    table = [(who, date(2025, 1, 1), manager, of, True) for who, of, manager in rows]
    names = ["participant_id", "effective_from", "manager", "plan", "active"]
    return Roster.of(pl.DataFrame(table, schema=names, orient="row"))


def sold(plans: PlanSet, people: Roster, **amounts: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Credits and earnings of a deal in January for each who sold, in the currency of their plan."""
    on = dict(people.assignments.select("participant_id", "plan").iter_rows())
    currencies = {version.plan: version.currency for version in plans}
    deals = [
        (
            f"D-{who}",
            {
                "stage": "won",
                "amount": amount,
                "currency": currencies[on[who]],
                "close_date": "2025-01-15",
                "owner": who,
            },
        )
        for who, amount in amounts.items()
    ]
    credits = credit(values_table(deals, plans.deal_columns), people, plans=plans).credits
    return credits, earn(measure(credits, plans), people, plans=plans)


def lines_of(who: str, component: str, plans: PlanSet, people: Roster, **amounts: str) -> Sequence[Line]:
    """How somebody's component of January is told."""
    credits, earned = sold(plans, people, **amounts)
    (part,) = parts(
        credits.filter(participant_id=who),
        earned.filter(participant_id=who),
        roster=people,
        plans=plans,
        component=component,
        period="2025-01",
        pay=pay_credits(earned, people, plans=plans),
    )
    return part.lines


def paid(earned: pl.DataFrame) -> dict[tuple[str, str], int]:
    return {
        (who, what): amount for who, what, amount in earned.select("participant_id", "component", "amount").iter_rows()
    }


def test_managers_below_managers_count_by_the_components_that_are_named() -> None:
    plans = PlanSet([plan("rep", others={"plans": ["rep"], "components": ["commission"]})])
    people = roster(("ann", "rep", "bob"), ("bob", "rep", "cy"), ("cy", "rep", None))
    _, earned = sold(plans, people, ann="1000", bob="500", cy="100")
    assert paid(earned) == {
        ("ann", "commission"): 10_000,
        ("bob", "commission"): 5_000,
        ("bob", "override"): 1_000,
        ("cy", "commission"): 1_000,
        ("cy", "override"): 1_500,
        ("ann", "override"): 0,
    }


@pytest.mark.parametrize("components", [None, ["commission", "override"]])
def test_managers_below_managers_on_one_plan_are_paid_on_all_that_those_below_are_paid(
    components: list[str] | None,
) -> None:
    plans = PlanSet([plan("rep", others={"plans": ["rep"], "components": components})])
    people = roster(("ann", "rep", "bob"), ("bob", "rep", "cy"), ("cy", "rep", None))
    _, earned = sold(plans, people, ann="1000", bob="500", cy="100")
    assert {key: amount for key, amount in paid(earned).items() if key[1] == "override"} == {
        ("ann", "override"): 0,
        ("bob", "override"): 1_000,
        ("cy", "override"): 1_600,
    }


def test_nobody_is_paid_on_the_pay_of_who_reports_to_themselves_through_others() -> None:
    plans = PlanSet([plan("rep", others={"plans": ["rep"]})])
    people = roster(("ann", "rep", "bob"), ("bob", "rep", "ann"), ("eve", "rep", "ann"))
    _, earned = sold(plans, people, ann="1000", bob="500", eve="100")
    found = paid(earned)
    assert (found["ann", "override"], found["bob", "override"]) == (100, 100)  # of what eve is paid


def test_a_component_that_compares_people_is_not_paid_on_itself() -> None:
    shared = {"component": "override", "kind": "flat", "measure": "below", "rate": "10%", "budget": 100}
    with pytest.raises(ValidationError, match="components refer to each other in a circle: override -> override"):
        plan("rep", others={"plans": ["rep"]}, components=[shared])


def test_plans_that_are_paid_on_each_other_cannot_stand_together() -> None:
    one, other = plan("one", others={"plans": ["other"]}), plan("other", others={"plans": ["one"]})
    with pytest.raises(
        PlanConflict, match="pay turns in a circle: override of one@1 -> override of other@1 -> override"
    ):
        PlanSet([one, other])
    named = plan("other", others={"plans": ["one"], "components": ["commission"]})
    assert PlanSet([one, named]).pays_on_others


def test_pay_in_another_currency_is_converted_or_refused() -> None:
    euro = plan("rep", currency="EUR")
    with pytest.raises(
        PlanConflict, match="override of lead@1 pays in USD on pay of rep@1, which is in EUR: give lead@1"
    ):
        PlanSet([euro, plan("lead", others={"plans": ["rep"]})])
    rates = [{"currency": "EUR", "rate": "1.10"}, {"currency": "EUR", "from": "2025-01-20", "rate": "1.2345"}]
    exchange = {"source": "treasury", "rates": rates}
    plans = PlanSet([euro, plan("lead", others={"plans": ["rep"]}, exchange=exchange)])
    people = roster(("ann", "rep", "bob"), ("bob", "lead", None))
    _, earned = sold(plans, people, ann="999.90")
    assert paid(earned)["bob", "override"] == 1_234  # 99.99 EUR at 1.2345 are 123.44 USD


def test_a_line_says_whose_pay_it_is_of() -> None:
    tiers = [{"up_to": 50, "rate": "10%"}, {"rate": "20%"}]
    override = {"component": "override", "kind": "graduated", "measure": "below", "tiers": tiers}
    lead = plan("lead", others={"plans": ["rep"], "levels": 1}, components=[override])
    plans = PlanSet([plan("rep"), lead])
    people = roster(("ann", "rep", "bob"), ("abe", "rep", "bob"), ("bob", "lead", None))
    lines = lines_of("bob", "override", plans, people, ann="1000", abe="300")
    assert [(line.earned_by, line.credited, line.amount) for line in lines] == [("abe", 30, 3), ("ann", 100, 18)]
    assert lines[1].sentence == (
        "What ann is paid until 2025-01-31 counts with 100.00 USD. That takes below from 30.00 to 130.00."
        " 20.00 × 10% = 2.00 (up to 50). 80.00 × 20% = 16.00 (above 50). Together 18.00. The pay so far is 21.00, rounded"
        " 21.00; it was 3.00 before, so this line pays 18.00 USD."
    )


def test_a_line_says_what_is_paid_also_where_a_formula_looks_at_it() -> None:
    rest = {"component": "rest", "kind": "formula", "amount": "25% * bookings + below"}
    lead = plan("lead", others={"plans": ["rep"], "levels": 1}, components=[rest])
    plans = PlanSet([plan("rep"), lead])
    people = roster(("ann", "rep", "bob"), ("bob", "lead", None))
    lines = lines_of("bob", "rest", plans, people, ann="1000", bob="400")
    assert [(line.earned_by, line.credited, line.amount) for line in lines] == [(None, 0, 100), ("ann", 100, 100)]
    assert lines[1].sentence.startswith("What ann is paid until 2025-01-31 counts with 100.00 USD. 100.00 (")


def test_what_pays_every_deal_by_itself_cannot_pay_it() -> None:
    slab = {"component": "slab", "kind": "slab", "measure": "below", "tiers": [{"rate": "1%"}]}
    with pytest.raises(ValidationError, match="slab pays every deal by itself, and below is the pay of others"):
        plan("lead", others={"plans": ["rep"]}, components=[slab])


def test_a_plan_without_credits_is_one_only_if_it_pays_on_pay_or_scores() -> None:
    only = plan("lead", others={"plans": ["rep"]}, credits=[], measures=[{"measure": "below", "pay_of": {"plans": ["rep"]}}],
                components=[{"component": "override", "kind": "flat", "measure": "below", "rate": "10%"}])  # fmt: skip
    assert "**Below**: all pay under plan rep of everyone below you" in document(only)
    with pytest.raises(ValidationError, match="the plan credits nobody"):
        plan("rep", credits=[], measures=[{"measure": "bookings", "formula": "term(agreed)"}])
    assert plan("rep", credits=[], measures=[{"measure": "bookings", "score": True}]).pays_by_deal == ()


def test_pay_of_a_plan_or_component_that_does_not_exist_is_said() -> None:
    lead = plan("lead", others={"plans": ["rep", "reps"], "components": ["commission", "spiff"]})
    people = roster(("ann", "rep", "bob"), ("bob", "lead", None))
    said = [
        remark.message
        for remark in roster_remarks(people, PlanSet([plan("rep"), lead]))
        if remark.kind == "pay_unknown"
    ]
    assert said == [
        "bob is on plan lead, whose measure below is the pay by spiff of plan rep, which has no such component.",
        "bob is on plan lead, whose measure below is the pay of plan reps, which does not exist.",
    ]


@pytest.mark.parametrize(
    ("said", "override"), [({"levels": 1}, 500), ({"level": 2}, 1_000), ({"levels": 2}, 1_500), ({}, 1_500)]
)
def test_levels_and_plans_say_whose_pay_counts(said: dict[str, Any], override: int) -> None:
    plans = PlanSet([plan("rep"), plan("other"), plan("lead", others={"plans": ["rep"], **said})])
    people = roster(("ann", "rep", "bob"), ("bob", "rep", "cy"), ("abe", "other", "cy"), ("cy", "lead", None))
    _, earned = sold(plans, people, ann="1000", bob="500", abe="9000")
    assert paid(earned)["cy", "override"] == override
