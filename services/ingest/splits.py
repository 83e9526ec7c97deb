"""Shares of a deal as sources write them, as the percentages that a deal has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Final, Literal

from shared.decimals import NotDecimal, bounded_decimal, moved

Unit = Literal["percent", "fraction", "amount"]
_STEPS: Final = 100 * 10**6
"""Percentages have six decimals at most."""


def percentages(shares: Sequence[tuple[str, str | None]], unit: Unit) -> dict[str, str | None]:
    """The percentage of each holder; who stands there twice has both shares, and who has none is left out.

    What cannot be read, or cannot be shared by, stays as it is, for validation to name.
    """
    numbers: dict[str, Decimal] = {}
    for holder, text in shares:
        try:
            numbers[holder] = numbers.get(holder, Decimal(0)) + _number(text or "0", unit)
        except NotDecimal:
            return dict(shares)
    held = {holder: number for holder, number in numbers.items() if number}
    if unit == "amount":
        total = sum(map(Fraction, held.values()))
        if any(number / total < 0 for number in map(Fraction, held.values()) if total) or not total:
            return dict(shares)
        held = _of_amounts(held, total)
    return {holder: f"{number:f}" for holder, number in held.items()} or dict(shares)


def _number(text: str, unit: Unit) -> Decimal:
    if text.endswith("%") and unit != "amount":
        return bounded_decimal(text[:-1].rstrip())
    return bounded_decimal(moved(text, 2) if unit == "fraction" else text)


def _of_amounts(amounts: Mapping[str, Decimal], total: Fraction) -> dict[str, Decimal]:
    """By largest remainder, so that they sum to the whole; ties in the order in which they stand."""
    exact = {holder: Fraction(amount) * _STEPS / total for holder, amount in amounts.items()}
    steps = {holder: floor(each) for holder, each in exact.items()}
    by_rest = sorted(exact, key=lambda holder: steps[holder] - exact[holder])
    for holder in by_rest[: _STEPS - sum(steps.values())]:
        steps[holder] += 1
    return {holder: Decimal(each).scaleb(-6).normalize() for holder, each in steps.items() if each}
