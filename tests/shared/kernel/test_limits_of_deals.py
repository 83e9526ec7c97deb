"""The least and the most that each deal pays."""

from __future__ import annotations

from typing import Any

import pytest

from shared.kernel import Plan
from shared.kernel.checks import findings
from tests.shared.kernel.test_deals_in_turn import D1, PLAN, TIERS, deal, paid

LIMITED = {"measure": "sales", "deal_minimum": 100, "deal_maximum": 180}


@pytest.mark.parametrize(
    "component",
    [
        {"kind": "flat", "rate": "10%"},
        {"kind": "graduated", "tiers": [{"up_to": 100_000, "rate": "10%"}, {"rate": "20%"}]},
        {"kind": "slab", "tiers": [{"up_to": 100_000, "rate": "10%"}, {"rate": "20%"}]},
        {"kind": "table", "each": "deal", "axes": [{"deal": "seats", "up_to": [100]}], "values": ["10%", "20%"]},
        {"kind": "per_unit", "amount": "0.1"},
    ],
    ids=lambda component: component["kind"],
)
def test_each_deal_pays_within_a_least_and_a_most_and_a_split_its_part(component: dict[str, Any]) -> None:
    deals = {
        "small": deal("300", "2025-01-10", 1),
        "usual": deal("1200", "2025-01-11", 1),
        "large": deal("9000", "2025-01-12", 1),
        "back": deal("-300", "2025-01-13", 1),
        "half": deal("300", "2025-01-14", 1, owner=None, splits={"ann": "50", "eve": "50"}),
        "gone": D1 | {"refunds.r": {"amount": "1000", "date": "2025-03-01"}},
    }
    found = paid(deals, components=[{"component": "c"} | LIMITED | component])
    assert found == {"small": 100, "usual": 120, "large": 180, "back": -100, "half": 50, "gone": 0}


def test_limits_of_a_deal_are_of_kinds_that_pay_deals() -> None:
    whole = {"component": "c", "kind": "whole", "tiers": TIERS} | LIMITED
    with pytest.raises(ValueError, match="kinds that pay each deal by itself"):
        Plan.model_validate(PLAN | {"components": [whole]})


def test_a_most_of_a_deal_below_its_least_is_found() -> None:
    crossed = {"component": "c", "kind": "flat", "rate": "10%"} | LIMITED | {"deal_maximum": 50}
    said = [str(found.message) for found in findings(Plan.model_validate(PLAN | {"components": [crossed]}))]
    assert "each deal of c has a maximum below its minimum" in said


@pytest.mark.parametrize(
    ("match", "when", "named"),
    [
        ("all", "stage = 'won' and seats > 5", True),
        ("all", "stage = 'won'", True),
        ("all", "stage = 'open'", False),
        ("first", "stage = 'won' and seats > 5", False),
    ],
)
def test_two_rules_by_which_one_deal_has_its_limits_twice_are_found(match: str, when: str, named: bool) -> None:
    plan = PLAN | {
        "match": match,
        "credits": [*PLAN["credits"], {"rule": "extra", "when": when}],
        "measures": [{"measure": "sales", "sum_of": ["own", "extra"]}],
        "components": [{"component": "c", "kind": "flat", "rate": "10%"} | LIMITED],
    }
    assert ("P312" in [found.code for found in findings(Plan.model_validate(plan))]) == named
