"""Deals that are paid by themselves: their rates, what rounding each makes of them, and a measure below zero."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from earnest.files.results import lines_table
from shared.explanation.parts import parts_of_lines
from shared.kernel import PlanSet
from shared.kernel.plan.plan_file import read_plan
from tests.earnest.files.test_calc_language import HEAD, calculated, paid


@pytest.mark.parametrize(
    ("kind", "slices", "amounts"),
    [
        ("kind: flat, measure: bookings, rate: 5%", ["10.10 at 5% + 0.005 by rounding", "-0.30 at 5% + -0.005 by rounding"], [51, -2]),
        (
            "kind: slab, measure: bookings, tiers: [{up_to: 5, rate: 4%}, {rate: 7%, amount: 0.10}]",
            ["10.10 at 7% + 0.10 at 100% + 0.003 by rounding", "-0.30 at 4% + 0.002 by rounding"],
            [81, -1],
        ),
        (
            "kind: slab, measure: bookings, marginal: true, tiers: [{up_to: 5, rate: 4%}, {rate: 7%}]",
            ["5.00 at 4% + 5.10 at 7% + 0.003 by rounding", "-0.30 at 4% + 0.002 by rounding"],
            [56, -1],
        ),
    ],
)  # fmt: skip
def test_a_deal_that_is_paid_by_itself_shows_its_rates_and_its_rounding(
    tmp_path: Path, kind: str, slices: list[str], amounts: list[int]
) -> None:
    plan = f"""
measures: [{{measure: bookings, sum_of: [own]}}]
conventions: {{round_on: deal}}
components: [{{component: pay, {kind}}}]
"""
    found = calculated(tmp_path, plan, ["10.10,2025-01-03", "-0.30,2025-01-04"])
    assert lines_table(found.explained, found.plans)["slices"].to_list() == slices
    assert found.explained.lines["amount"].to_list() == amounts
    (part,) = parts_of_lines(
        found.explained,
        found.earnings,
        plans=PlanSet([read_plan(HEAD + plan, "plan")]),
        component="pay",
        period="2025-01",
    )
    assert [line.exact for line in part.lines] == [Decimal(each).scaleb(-2) for each in amounts]
    assert "%" in part.lines[0].by_itself


@pytest.mark.parametrize("kind", ["flat, rate: 5%", "slab, tiers: [{rate: 5%}]"])
def test_deals_paid_by_themselves_pay_nothing_while_their_measure_counts_as_zero(tmp_path: Path, kind: str) -> None:
    plan = f"""
measures: [{{measure: bookings, sum_of: [own], reset: quarter}}]
conventions: {{round_on: deal, negative: nothing}}
components: [{{component: pay, measure: bookings, kind: {kind}}}]
"""
    found = calculated(tmp_path, plan, ["100,2025-01-03", "-300,2025-02-04", "240,2025-03-01"])
    assert paid(found) == {"2025-01": 5, "2025-02": -5, "2025-03": 2}
    assert lines_table(found.explained, found.plans)["slices"].to_list() == [
        "100.00 at 5%",
        "-100.00 at 5%",
        "40.00 at 5%",
    ]


@pytest.mark.parametrize(
    ("kind", "slices"),
    [
        ("per_unit, measure: sold, amount: 2.50", "1 at 2.50"),
        ("whole, measure: sold, tiers: [{up_to: 5, amount: 50}, {amount: 60}]", "1 at 50.00"),
        ("bonus, amount: 500, when: bookings >= 80", "500.00"),
        ("formula, amount: bookings * 2", "200.00"),
        ("flat, measure: bookings, rate: 10%, deal_minimum: 12.50", "100.00 at 10% + 2.50 to the least of a deal"),
        ("flat, measure: bookings, rate: 10%", "100.00 at 10%"),
    ],
)
def test_slices_say_amounts_where_a_statement_does(tmp_path: Path, kind: str, slices: str) -> None:
    plan = f"""
measures: [{{measure: bookings, sum_of: [own]}}, {{measure: sold, count_of: [own]}}]
components: [{{component: pay, kind: {kind}}}]
"""
    found = calculated(tmp_path, plan, ["100,2025-01-03"])
    assert lines_table(found.explained, found.plans)["slices"].to_list() == [slices]
