"""On-costs are exact before they are rounded, and halves go where the policy says."""

from __future__ import annotations

import pytest

from shared.contract_costs.assets import on_cost_of
from shared.contract_costs.policy import ContractCosts


@pytest.mark.parametrize(
    ("amount", "percent", "rounding", "expected"),
    [
        (1_000_000, "7.65", "half_up", 76_500),
        (50, "5", "half_up", 3),
        (50, "5", "half_even", 2),
        (70, "5", "half_even", 4),
        (49, "5", "half_up", 2),
        (0, "7.65", "half_up", 0),
        (10**16, "33.333333333333", "half_up", 3_333_333_333_333_300),
        (10**16 - 1, "0.000000000050", "half_up", 5000),
    ],
)
def test_on_costs_are_rounded_once(amount: int, percent: str, rounding: str, expected: int) -> None:
    policy = ContractCosts.of(
        {
            "kind": "contract_costs",
            "id": "c",
            "valid_from": "2020-01-01",
            "on_cost": {"percent": percent},
            "rounding": rounding,
        }
    )
    assert on_cost_of(amount, "", policy=policy) == expected
