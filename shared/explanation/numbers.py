"""Exact numbers as sentences write them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from shared.formatting import EXACT
from shared.kernel.arithmetic.expressions import WHOLE_SHARE


def plain(value: Decimal, least: int = 0) -> Decimal:
    """The value without trailing zeros, but with `least` decimals, and without an exponent."""
    # `normalize` makes 1200 into 12E+2; the exponent is brought back to zero or below, so that it is written in digits.
    exponent = value.normalize(EXACT).as_tuple().exponent
    digits = min(exponent, -least) if isinstance(exponent, int) else -least
    return value.quantize(Decimal((0, (1,), digits)), context=EXACT)


def share_percent(share: int) -> Decimal:
    """A share in parts of 10^-8 in percent."""
    return plain(Decimal(100 * share) / WHOLE_SHARE)


ATTAINMENT_DIGITS = 5
"""Decimals of an attainment in percent: one more than the thresholds of a plan may have, so that one which is cut is
never one of them."""


def attainment(share: Decimal) -> Decimal:
    """An attainment (1 is 100%) in percent: with two decimals, or more where it has them, and at most five.

    What is cut makes the fifth digit odd, so that it is never shown on a threshold, or beyond one, that it has not
    reached or passed.
    """
    return plain(cut(EXACT.multiply(share, Decimal(100)), ATTAINMENT_DIGITS), 2)


def cut(value: Decimal, digits: int) -> Decimal:
    """A number of so many decimals at most, as `shared.kernel.arithmetic.exact_column.ExactColumn.shown` has it."""
    units, rest = divmod(abs(Fraction(value)) * 10**digits, 1)
    odd = units | 1 if rest else units
    return Decimal(odd if value >= 0 else -odd).scaleb(-digits, EXACT)
