"""Shares of a deal as sources write them, as the percentages that a deal has."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal

from shared.decimals import NotDecimal, bounded_decimal, moved
from shared.money import largest_remainder

Unit = Literal["percent", "fraction", "amount"]
_STEPS: Final = 100 * 10**6
"""Percentages have six decimals at most."""


def percentages(shares: Sequence[tuple[str, str | None]], unit: Unit) -> dict[str, str | None]:
    """The percentage of each holder; who stands there twice has both shares, and who has none is left out.

    What cannot be read, or cannot be shared by, stays as it is, for validation to name.
    """
    numbers: dict[str, Decimal] = {}
    for holder, text in shares:
        if text is not None and not isinstance(text, str):
            return dict(shares)  # where the event is checked it is said what is wrong with it
        try:
            numbers[holder] = numbers.get(holder, Decimal(0)) + _number(text or "0", unit)
        except NotDecimal:
            return dict(shares)
    held = {holder: number for holder, number in numbers.items() if number}
    if unit == "amount":
        amounts = list(map(Fraction, held.values()))
        total = sum(amounts)
        if not total or any(amount / total < 0 for amount in amounts):
            return dict(shares)
        # Ties in the order in which they stand.
        steps = largest_remainder([amount * _STEPS / total for amount in amounts], _STEPS)
        held = {holder: Decimal(each).scaleb(-6).normalize() for holder, each in zip(held, steps, strict=True) if each}
    return {holder: f"{number:f}" for holder, number in held.items()} or dict(shares)


def _number(text: str, unit: Unit) -> Decimal:
    if text.endswith("%") and unit != "amount":
        return bounded_decimal(text[:-1].rstrip())
    return bounded_decimal(moved(text, 2) if unit == "fraction" else text)
