"""Deals that grant discounts, as they are counted."""

from __future__ import annotations

from services.alerts.kpis import built_in

LISTED = 100_000
"""The list price of each deal."""


def discounts_counted(deals: int, rate: float) -> dict[str, int]:
    """What so many deals at a rate of discount add to the sums of `average_discount`."""
    sums = built_in().by_name["average_discount"].sums
    assert sums.denominator is not None
    assert sums.observations is not None
    listed = deals * LISTED
    return {
        sums.numerator.key: round(listed * rate) * sums.numerator.scale,
        sums.denominator.key: listed * sums.denominator.scale,
        sums.observations.key: deals * sums.observations.scale,
    }
