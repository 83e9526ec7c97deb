"""The least and the most that each deal pays."""

from __future__ import annotations

from decimal import Decimal
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


TWO = {
    "columns": {"seats": "number", "back": "decimal"},
    "credits": [{"rule": "front"}, {"rule": "more", "amount": "back"}],
    "measures": [{"measure": "sales", "sum_of": ["front", "more"]}],
}


@pytest.mark.parametrize(
    ("front", "back", "pays"),
    [
        ("1000", "600", "160"),  # within both: as without limits
        ("1000", "5000", "180"),  # the second brings it to the most
        ("2500", "600", "180"),  # the first has it all
        ("300", "400", "100"),  # together they have the least once
        ("300", "1200", "150"),  # the second is above the least that topped up the first
        ("1000", "-100", "100"),
        ("-1000", "-5000", "-180"),
        ("-1000", "1600", "100"),
        ("1000", "-1000", "0"),  # what credits nothing has no least
    ],
)
@pytest.mark.parametrize("each", [{"each": "deal"}, {"multiply": [{"by": "0.5"}]}])
def test_a_deal_that_two_rules_credit_has_its_limits_once(
    front: str, back: str, pays: str, each: dict[str, Any]
) -> None:
    times = Decimal("0.5") if "multiply" in each else 1
    found = paid(
        {"D": deal(front, "2025-01-10", 1, **{"custom.back": back})},
        components=[{"component": "c", "kind": "flat", "rate": "10%"} | LIMITED | each],
        **TWO,
    )
    assert found == {"D": Decimal(pays) * times}


def test_what_two_credits_pay_together_is_rounded_as_one_and_never_passes_the_most() -> None:
    rate = {"component": "c", "kind": "flat", "measure": "sales", "rate": "10%", "deal_maximum": "0.1"}
    small = deal("0.56", "2025-01-10", 1, **{"custom.back": "0.46"})
    assert paid({"D": small}, components=[rate], **TWO) == {"D": Decimal("0.10")}


def test_of_a_split_deal_that_two_rules_credit_each_holder_has_their_part_of_the_limits() -> None:
    split = deal("2000", "2025-01-10", 1, owner=None, splits={"ann": "50", "eve": "50"}, **{"custom.back": "2000"})
    assert paid({"D": split}, components=[{"component": "c", "kind": "flat", "rate": "10%"} | LIMITED], **TWO) == {
        "D": 90
    }
