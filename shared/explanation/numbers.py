"""Exact numbers as sentences write them."""

from __future__ import annotations

from decimal import Decimal


def plain(value: Decimal, least: int = 0) -> Decimal:
    """The value without trailing zeros, but with `least` decimals, and without an exponent."""
    exponent = value.normalize().as_tuple().exponent
    return value.quantize(Decimal(1).scaleb(min(exponent, -least) if isinstance(exponent, int) else -least))


def number(value: Decimal) -> str:
    """With separators: `12,500.50`."""
    return f"{value:,f}"


def percent(value: Decimal) -> str:
    """`0.125` as `12.5%`."""
    return f"{number(plain(value * 100))}%"
