"""Windows and sums that fit are paid to the cent; those that would lose or repeat something are refused."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from shared.kernel.plan.exact_yaml import PlanFileError
from shared.kernel.plan.plan_file import read_plan
from tests.earnest.files.test_calc_language import HEAD, calculated, paid

MIXED = "measures: [{measure: sales, sum_of: [own]}, {measure: ytd, sum_of: [own], reset: year}]\n"
SOLD = ["1000,2025-01-15", "1000,2025-02-15"]


@pytest.mark.parametrize(
    ("component", "amounts"),
    [
        ("kind: pool, rate: 1%, funded_by: sales, by: ytd", ["10.00", "10.00"]),
        ("kind: formula, amount: sales * case when ytd > 1500 then 2% else 1% end", ["10.00", "20.00"]),
        (
            "kind: formula, amount: sales * case when ytd > 500 then 2% else 1% end, window: year, maximum: 30",
            ["20.00", "10.00"],
        ),
        ("kind: table, measure: sales, axes: [{amount: ytd, up_to: [1500]}], values: [1%, 2%]", ["10.00", "20.00"]),
        ("kind: whole, measure: sales, by: ytd, tiers: [{up_to: 1500, rate: 1%}, {rate: 2%}]", ["10.00", "20.00"]),
        (
            "kind: formula, amount: 'ytd * 2% - pay(o)'}, {component: o, kind: flat, measure: sales, rate: 1%, window: year",
            ["10.00", "10.00"],
        ),
    ],
)
def test_what_is_paid_each_month_by_a_sum_of_the_year_is_paid_each_month(
    tmp_path: Path, component: str, amounts: list[str]
) -> None:
    found = calculated(tmp_path, f"{MIXED}components: [{{component: pay, {component}}}]\n", SOLD)
    assert list(paid(found, "pay").values()) == [Decimal(each) for each in amounts]


@pytest.mark.parametrize(
    "component",
    [
        "kind: formula, amount: sales * 1% + ytd * 1%",
        "kind: formula, amount: sales * 1% + ytd * 1%, window: year",
        "kind: formula, amount: sales * 1%, measure: ytd",
        "kind: formula, amount: 'ytd * 1% - pay(o)'}, {component: o, kind: flat, measure: sales, rate: 1%",
        "kind: flat, measure: both, rate: 1%",
        "kind: flat, measure: longer, rate: 1%",
    ],
)
def test_a_short_sum_paid_in_one_with_a_longer_one_is_refused_because_its_earlier_periods_would_be_lost(
    component: str,
) -> None:
    formulas = "measures: [{measure: both, formula: sales + ytd}, {measure: longer, formula: sales, reset: year}, "
    plan = f"{MIXED}components: [{{component: pay, {component}}}]\n".replace("measures: [", formulas)
    with pytest.raises(PlanFileError, match="would be lost"):
        read_plan(HEAD + plan, "plan")


@pytest.mark.parametrize(("of", "said"), [("[lead, agent, lead]", "names lead twice"), ("[lead, '']", "names a blank")])
def test_a_category_has_one_place_on_an_axis(of: str, said: str) -> None:
    table = f"kind: table, measure: sales, axes: [{{category: position, of: {of}}}], values: [1%, 2%, 3%]"
    with pytest.raises(PlanFileError, match=said):
        read_plan(f"{HEAD}{MIXED}components: [{{component: pay, {table}}}]\n", "plan")


@pytest.mark.parametrize("gate", ["blended >= 6%", "blended * mult >= 6%", "blended * twice >= 6%"])
def test_a_factor_by_category_in_a_gate_does_not_make_a_yearly_bonus_a_monthly_one(tmp_path: Path, gate: str) -> None:
    measures = (
        "measures: [{measure: sales, sum_of: [own], reset: year}, {measure: blended, formula: sales / 20000},"
        " {measure: mult, lookup: {category: position, of: {senior: 1.1}, others: 1}}, {measure: twice, formula: mult * mult}]\n"
    )
    bonus = f"components: [{{component: pay, kind: bonus, amount: 1000, when: {gate}}}]\n"
    found = calculated(tmp_path, measures + bonus, ["1200,2025-01-15", "100,2025-02-15", "100,2025-03-15"])
    assert list(paid(found, "pay").values()) == [1000, 0, 0]
