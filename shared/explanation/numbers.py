"""Exact numbers as sentences write them."""

from __future__ import annotations

from decimal import Decimal


def plain(value: Decimal, least: int = 0) -> Decimal:
    """The value without trailing zeros, but with `least` decimals, and without an exponent."""
    exponent = value.normalize().as_tuple().exponent
    return value.quantize(Decimal(1).scaleb(min(exponent, -least) if isinstance(exponent, int) else -least))


ATTAINMENT_DIGITS = 4
"""Decimals of an attainment in percent: as many as the thresholds of a plan may have."""


def attainment(measured: int, quota: int) -> Decimal:
    """A measure in percent of a quota above zero: with two decimals, or more where they decide, and at most four.

    What is cut makes the last digit odd, so that it is never shown on a threshold, or beyond one, that it has not reached or passed.
    """
    cut, rest = divmod(abs(measured) * 100 * 10**ATTAINMENT_DIGITS, quota)
    odd = cut | 1 if rest else cut
    return plain(Decimal(odd if measured >= 0 else -odd).scaleb(-ATTAINMENT_DIGITS), 2)


def number(value: Decimal) -> str:
    """With separators: `12,500.50`."""
    return f"{value:,f}"


def percent(value: Decimal) -> str:
    """`0.125` as `12.5%`."""
    return f"{number(plain(value * 100))}%"
