"""Every convention has its effect on every kind of component and form of a figure, or the plan is refused, or the check
says so.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

from shared.kernel.checks import findings
from shared.kernel.plan.exact_yaml import PlanFileError
from shared.kernel.plan.plan_file import read_plan
from tests.earnest.files.test_calc_language import HEAD, calculated, paid

KINDS: Final = {
    "flat": "kind: flat, measure: sold, rate: 5%",
    "flat at a term": "kind: flat, measure: sold, rate: {term: rate}",
    "per unit": "kind: per_unit, measure: sold, amount: 0.05",
    "per unit at a term": "kind: per_unit, measure: sold, amount: {term: rate}",
    "graduated": "kind: graduated, measure: sold, tiers: [{up_to: 0.15, rate: 5%}, {rate: 5.5%}]",
    "whole": "kind: whole, measure: sold, tiers: [{up_to: 0.15, rate: 5%}, {rate: 5.5%}]",
    "slab": "kind: slab, measure: sold, tiers: [{up_to: 5, rate: 5%}, {rate: 6%}]",
    "slab in tiers": "kind: slab, measure: sold, marginal: true, tiers: [{up_to: 5, rate: 5%}, {rate: 6%}]",
    "curve": "kind: curve, measure: sold, on: amount, target: 1, points: [{at: -9, gives: -45%}, {at: 9, gives: 45%}]",
    "curve of a term": "kind: curve, measure: sold, on: amount, target: {term: one}, points: [{at: -9, gives: -45%}, {at: 9, gives: 45%}]",
    "table": "kind: table, measure: sold, axes: [{amount: sold, up_to: [0.15]}], values: [5%, 5.5%]",
    "table of a target": "kind: table, target: 1, axes: [{amount: sold, at: [-9, 9]}], values: [-45%, 45%]",
    "formula": 'kind: formula, amount: "sold * 0.05"',
}  # fmt: skip
ROSTER = "participant_id,term.rate,term.one\nann,5%,1\n"


def plan_of(kind: str, conventions: str) -> str:
    return f"""
measures: [{{measure: sold, sum_of: [own]}}]
conventions: {{{conventions}}}
components: [{{component: pay, {KINDS[kind]}}}]
"""


def pays(folder: Path, plan: str, *amounts: str) -> Decimal:
    """What deals of one month pay."""
    return sum(paid(calculated(folder, plan, [f"{each},2025-01-03" for each in amounts], ROSTER)).values(), Decimal(0))


@pytest.mark.parametrize("kind", KINDS)
def test_a_measure_below_zero_pays_what_zero_pays_if_the_plan_says_so(tmp_path: Path, kind: str) -> None:
    bounded = pays(tmp_path, plan_of(kind, "negative: nothing"), "2.00", "-6.00")
    assert bounded == pays(tmp_path, plan_of(kind, "negative: nothing"), "0.00") == 0
    assert pays(tmp_path, plan_of(kind, "negative: pays_back"), "2.00", "-6.00") == Decimal("-0.20")


@pytest.mark.parametrize("kind", KINDS)
def test_every_deal_is_rounded_or_it_is_refused_or_said(tmp_path: Path, kind: str) -> None:
    plan = plan_of(kind, "round_on: deal")
    if kind == "flat at a term":
        with pytest.raises(PlanFileError, match="round_on: deal"):
            read_plan(HEAD + plan, "plan")
        return
    said = {each.code for each in findings(read_plan(HEAD + plan, "plan"))}
    if "P505" not in said:
        assert pays(tmp_path, plan, "0.10", "0.10", "0.10") == 3 * pays(tmp_path, plan, "0.10") == Decimal("0.03")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("mode", "one", "three"), [("half_up", "0.01", "0.02"), ("half_even", "0.00", "0.02"), ("up", "0.01", "0.02"), ("down", "0.00", "0.01")]
)  # fmt: skip
def test_pay_is_rounded_as_the_plan_says(tmp_path: Path, kind: str, mode: str, one: str, three: str) -> None:
    plan = plan_of(kind, f"rounding: {mode}")
    assert pays(tmp_path, plan, "0.10") == Decimal(one)
    by_deal = kind.startswith("slab")
    if kind not in ("graduated", "whole", "table"):
        assert pays(tmp_path, plan, "0.10", "0.10", "0.10") == (3 * Decimal(one) if by_deal else Decimal(three))
