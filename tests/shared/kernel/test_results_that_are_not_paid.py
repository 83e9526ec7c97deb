"""Results that are not paid, a rate, a factor, a blended rate, are measures that others name."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from shared.kernel import Plan
from shared.kernel.checks import findings
from shared.kernel.checks.assertions import assertion_results
from shared.kernel.plan.document import document
from tests.shared.kernel.test_categories_of_participants import paid, people, plan

BASE: dict[str, Any] = {
    "measure": "base",
    "lookup": {"measure": "sales", "on": "amount", "steps": [{"up_to": 500, "gives": "4%"}, {"gives": "5%"}]},
}
FACTOR: dict[str, Any] = {"measure": "factor", "lookup": {"category": "position", "of": {"senior": "1.2", "junior": 1}}}
RATE: dict[str, Any] = {"measure": "rate", "formula": "base * factor"}
COMMISSION: dict[str, Any] = {"component": "pay", "kind": "flat", "measure": "sales", "rate": {"measure": "rate"}}


def amounts(version: Plan) -> list[tuple[int, str | None, str | None]]:
    return list(paid(version, people()).values())


def test_a_rate_is_made_of_what_is_looked_up_and_who_is_in_no_row_is_named_through_it() -> None:
    assert amounts(plan(COMMISSION, measures=[BASE, FACTOR, RATE])) == [
        (6000, None, None),
        (5000, None, None),
        (0, "no_category", "a blank position"),
    ]
    everybody = FACTOR | {"lookup": FACTOR["lookup"] | {"others": "0.5"}}
    assert amounts(plan(COMMISSION, measures=[BASE, everybody, RATE]))[2] == (2500, None, None)


def test_a_factor_lies_on_a_line_between_points() -> None:
    line = {"measure": "sales", "on": "amount", "points": [{"at": 0, "gives": 0}, {"at": 2000, "gives": "10%"}]}
    version = plan(COMMISSION, measures=[{"measure": "rate", "lookup": line}])
    assert [amount for amount, *_ in amounts(version)] == [5000, 5000, 5000]


def test_a_part_of_a_result_is_a_figure_of_any_component() -> None:
    bonus = {"component": "pay", "kind": "bonus", "amount": {"measure": "base", "times": 1000}, "when": "base > 4%"}
    assert [amount for amount, *_ in amounts(plan(bonus, measures=[BASE]))] == [5000, 5000, 5000]
    capped = COMMISSION | {"rate": "9%", "maximum": {"measure": "most"}}
    version = plan(capped, measures=[{"measure": "most", "formula": "sales / 100"}])
    assert [amount for amount, *_ in amounts(version)] == [1000, 1000, 1000]


def test_a_missing_quota_is_named_by_whoever_looks_at_a_result_of_it() -> None:
    steps = {"measure": "sales", "steps": [{"up_to": 1, "gives": "4%"}, {"gives": "5%"}]}
    assert amounts(plan(COMMISSION, measures=[{"measure": "rate", "lookup": steps}]))[0] == (0, "no_quota", "sales")


def test_what_is_paid_may_be_a_part_of_a_result_and_a_circle_through_it_is_refused() -> None:
    commission = {"component": "pay", "kind": "flat", "measure": "sales", "rate": "5%"}
    blended = {"measure": "blended", "formula": "pay(pay) / sales"}
    gated = {"component": "more", "kind": "bonus", "amount": 7, "when": "blended >= 5%"}
    points = [{"at": {"sales": 1000}, "pays": {"pay": 50, "more": 7}}]
    version = plan(commission, gated, measures=[blended], assertions=points)
    assert [result.holds for result in assertion_results(version)] == [True]
    with pytest.raises(ValidationError, match="components refer to each other in a circle: pay -> pay"):
        plan(commission | {"when": "blended > 0"}, measures=[blended])
    with pytest.raises(ValidationError, match="measure blended refers to an unknown component paid"):
        plan(commission, measures=[{"measure": "blended", "formula": "pay(paid) / sales"}])


def test_a_result_that_is_looked_up_has_a_bound_and_is_told_in_the_plan_document() -> None:
    formula = {"component": "pay", "kind": "formula", "amount": "sales * rate", "title": "Commission"}
    version = plan(formula, measures=[BASE, FACTOR, RATE])
    assert not [found for found in findings(version) if found.code == "P403"]
    said = document(version)
    assert "**Base**: looked up by sales: 0.04 for up to 500, 0.05 for above 500." in said
    assert "**Factor**: looked up by position: 1.2 for senior, 1 for junior." in said


@pytest.mark.parametrize(
    "lookup", [{}, {"measure": "sales"}, {"measure": "sales", "of": {"a": 1}}, {"category": "position", "steps": [{"gives": 1}]}]
)  # fmt: skip
def test_a_lookup_says_by_what_and_what_it_gives(lookup: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="a number is looked up by a `measure` with `steps` or `points`"):
        plan(COMMISSION, measures=[{"measure": "rate", "lookup": lookup}])


TABLE: dict[str, Any] = {
    "axes": [{"category": "position", "of": ["junior", "senior"]}, {"amount": "sales", "up_to": [500]}],
    "values": [["1%", "2%"], ["3%", "4%"]],
}


def test_a_table_gives_a_rate_to_components_single_tiers_and_factors_and_names_who_has_no_place_in_it() -> None:
    rate = {"measure": "rate", "lookup": TABLE}
    nobody = (0, "no_category", "a blank position")
    version = plan(COMMISSION, measures=[rate])
    assert amounts(version) == [(4000, None, None), (2000, None, None), nobody]
    said = "**Rate**: looked up by position and sales: 0.01 for junior, up to 500, 0.02 for junior, above 500"
    assert said in document(version)
    tiers = [{"up_to": 600, "rate": {"measure": "rate"}}, {"rate": {"measure": "rate", "times": 2}}]
    graduated = {"component": "pay", "kind": "graduated", "measure": "sales", "tiers": tiers}
    assert amounts(plan(graduated, measures=[rate])) == [(5600, None, None), (2800, None, None), nobody]
    factor = COMMISSION | {"rate": "10%", "multiply": [TABLE]}
    assert amounts(plan(factor)) == [(400, None, None), (200, None, None), nobody]
    with pytest.raises(ValidationError, match=r"values needs 2 entries"):
        plan(COMMISSION, measures=[{"measure": "rate", "lookup": TABLE | {"values": ["1%"]}}])
