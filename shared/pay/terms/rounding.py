"""The one rounding of payment terms."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction


def part(amount: int, share: Decimal | Fraction) -> int:
    """A share of an amount in minor units, half away from zero.

    Half away from zero, so that taking back is rounded as giving was: a correction of all of it leaves nothing.
    """
    exact = amount * Fraction(share)
    whole = int(abs(exact) + Fraction(1, 2))
    return whole if exact >= 0 else -whole
