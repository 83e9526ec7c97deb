"""Quotas, terms and scores that are entered once for everyone, and whose own go before them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from shared.contracts.roster import RosterPatch
from shared.kernel import Plan, PlanSet, Roster, credit, earn, explain, measure
from shared.kernel.crediting.deals import values_table
from shared.kernel.remarks.missing_scores import missing_scores
from shared.kernel.remarks.remark import remark_sentences
from shared.kernel.remarks.roster import roster_remarks

TIMES = {"component": "pay", "kind": "flat", "measure": "sales", "rate": "10%", "multiply": [{"by": "ebitda"}]}
RATED = {"component": "pay", "kind": "flat", "measure": "sales", "rate": {"term": "rate"}}
ATTAINED = {"component": "pay", "kind": "curve", "measure": "sales", "target": 1000, "points": [
    {"at": 0, "gives": 0}, {"at": 10, "gives": 10}]}  # fmt: skip
ON_PLAN: tuple[str, str, dict[str, Any]] = ("ann", "2025-01-01", {"plan": "rep"})


def plan(component: dict[str, Any], **quota: Any) -> Plan:
    measures = [{"measure": "sales", "sum_of": ["own"], **quota}, {"measure": "ebitda", "score": True}]
    head = {"plan": "rep", "version": 1, "name": "rep", "currency": "USD", "effective_from": date(2025, 1, 1)}
    return Plan.model_validate({**head, "credits": [{"rule": "own"}], "measures": measures, "components": [component]})


def roster(*changes: tuple[str, str, dict[str, Any]]) -> Roster:
    people: dict[str, dict[str, list[Any]]] = {}
    for who, day, fields in changes:
        held = people.setdefault(who, {})
        held |= {f"{day}/{name}": [value, "", 0, ""] for name, value in fields.items()}
    return Roster.from_facts(people.items())


def told(version: Plan, people: Roster) -> dict[str, tuple[int, str | None, str]]:
    """By month what a deal of 1,000.00 in each of January to March pays ann, in cents, or why nothing; and what the
    last line says of the names in formulas."""
    won = {"stage": "won", "amount": "1000", "currency": "USD", "owner": "ann"}
    deals = [(f"d{month}", {**won, "close_date": f"2025-0{month}-15"}) for month in (1, 2, 3)]
    plans = PlanSet([version])
    credits = credit(values_table(deals, plans.deal_columns), people, plans=plans).credits
    earned = earn(measure(credits, plans), people, plans=plans)
    lines = explain(credits, people, plans=plans, earnings=earned).lines
    said = dict(lines.select("period", "values").iter_rows())
    rows = earned.select("period", "amount", "problem").iter_rows()
    return {month: (amount, problem, said[month] or "") for month, amount, problem in rows}


def paid(version: Plan, *changes: tuple[str, str, dict[str, Any]]) -> list[int]:
    return [amount for amount, _, _ in told(version, roster(ON_PLAN, *changes)).values()]


def test_a_score_of_everyone_counts_where_no_own_one_lies_in_the_window() -> None:
    everyone = ("*", "2025-02-28", {"score.ebitda": "0.5"})
    own = ("ann", "2025-03-10", {"score.ebitda": "2"})
    later = ("*", "2025-03-31", {"score.ebitda": "0.7"})
    assert paid(plan(TIMES), everyone, own, later) == [0, 5000, 20000]


def test_a_term_of_everyone_holds_before_an_own_one_and_after_it_was_taken_back() -> None:
    everyone = ("*", "2025-01-01", {"term.rate": "0.05"})
    changes = [("ann", "2025-02-01", {"term.rate": "0.08"}), ("ann", "2025-03-01", {"term.rate": None})]
    assert paid(plan(RATED), everyone, *changes) == [5000, 8000, 5000]
    later = ("*", "2025-02-15", {"term.rate": "0.01"})
    assert paid(plan(RATED), everyone, later, changes[0]) == [5000, 8000, 8000]


def test_a_quota_of_everyone_for_every_measure_goes_behind_an_own_one() -> None:
    everyone = ("*", "2025-02-01", {"quota.*": "500"})
    assert paid(plan(ATTAINED), ("ann", "2025-01-01", {"quota.sales": "2000"}), everyone) == [50000, 50000, 50000]
    assert paid(plan(ATTAINED), everyone) == [0, 200000, 200000]


def test_a_quota_of_everyone_divides_the_month_in_which_it_changes() -> None:
    quota = {"quota": {"changes": "calendar_days"}}
    changes = [("*", "2025-01-01", {"quota.sales": "1000"}), ("*", "2025-02-15", {"quota.sales": "3000"})]
    assert paid(plan(ATTAINED, **quota), *changes) == [100000, 50000, 33333]


def test_a_target_of_everyone_that_changes_within_the_month_counts_by_days() -> None:
    target = {"component": "pay", "kind": "bonus", "amount": {"term": "target"}, "prorate": "calendar_days"}
    changes = [("*", "2025-01-01", {"term.target": "100"}), ("*", "2025-02-15", {"term.target": "300"})]
    assert paid(plan(target), *changes) == [10000, 20000, 30000]


def test_an_explanation_says_for_whom_a_figure_was_entered() -> None:
    changes = [("*", "2025-01-31", {"score.ebitda": "0.5"}), ("ann", "2025-02-28", {"score.ebitda": "2"})]
    said = {month: values for month, (_, _, values) in told(plan(TIMES), roster(ON_PLAN, *changes)).items()}
    assert '"ebitda entered for":"everyone"' in said["2025-01"]
    assert '"ebitda entered for":"the participant"' in said["2025-02"]
    assert '"ebitda entered for":"nobody"' in said["2025-03"]


def test_a_score_that_nobody_entered_is_named() -> None:
    def said(*changes: tuple[str, str, dict[str, Any]]) -> list[str]:
        return remark_sentences(missing_scores(roster(ON_PLAN, *changes), PlanSet([plan(TIMES)])))

    [missing] = said()
    assert missing.startswith("score.ebitda of plan rep is entered for nobody, and counts as 0.")
    assert said(("*", "2025-01-31", {"score.ebitda": "0.5"})) == []
    assert said(("ann", "2025-01-31", {"score.ebitda": "0.5"})) == []


def test_what_looks_like_a_slip_in_a_figure_of_everyone_is_told() -> None:
    def said(version: Plan, *changes: tuple[str, str, dict[str, Any]]) -> list[str]:
        return remark_sentences(roster_remarks(roster(ON_PLAN, *changes), PlanSet([version])))

    assert said(plan(RATED), ("*", "2025-01-01", {"term.rate": "0.05"})) == []
    assert said(plan(RATED), ("*", "2025-01-01", {"term.rat": "0.05"})) == [
        "term.rat: everyone is on no plan that looks at it."
    ]
    assert said(plan(RATED), ("*", "2025-01-01", {"term.rate": "5"}))[0].startswith(
        "From 2025-01-01 term.rate of everyone is 5, which is 500%"
    )
    assert said(plan(TIMES), ("*", "1900-01-01", {"score.ebitda": "0.5"}))[0].startswith(
        "score.ebitda: everyone is without the day of it, so that it never counts"
    )
    quotas = [("*", "2025-01-01", {"quota.sales": "1000"}), ("*", "2025-02-15", {"quota.sales": "1500"})]
    assert said(plan(ATTAINED), *quotas)[0].startswith("From 2025-02-15 the quota of everyone for sales is 1,500")


@pytest.mark.parametrize("fields", [{"plan": "rep"}, {"manager": None}, {"active": False}, {"categories": {"a": "b"}}])
def test_nothing_but_figures_can_be_everyones(fields: dict[str, Any]) -> None:
    said = {"participant_id": "*", "effective_from": "2025-01-01", "fields": fields}
    with pytest.raises(ValidationError, match=r"participant_id \* is everyone"):
        RosterPatch.model_validate(said)
