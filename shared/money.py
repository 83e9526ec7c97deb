"""Exact money at the edges: decimals in major units become whole minor units and back, or an error says why not."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import floor

from babel.core import get_global
from babel.numbers import get_currency_precision

MOST = 10**16
"""The largest amount in minor units that Earnest accepts: its sums and products stay within 128 bits."""


class MoneyError(ValueError):
    """An amount that cannot be represented exactly."""


class UnknownCurrency(MoneyError):
    """The code is not an ISO 4217 currency."""

    def __init__(self, currency: str) -> None:
        super().__init__(f"{currency!r} is not a currency")
        self.currency = currency


class InexactAmount(MoneyError):
    """The amount has more decimals than its currency."""

    def __init__(self, amount: Decimal, currency: str) -> None:
        super().__init__(f"{amount} {currency} has more than {minor_digits(currency)} decimals")
        self.amount, self.currency = amount, currency


class AmountTooLarge(MoneyError):
    """The amount is beyond what Earnest computes with."""

    def __init__(self, amount: Decimal, currency: str) -> None:
        super().__init__(f"{amount} {currency} is too large")
        self.amount, self.currency = amount, currency


@cache
def minor_digits(currency: str) -> int:
    """How many decimals a currency has (USD 2, JPY 0, KWD 3), from the Unicode CLDR.

    Raises:
        UnknownCurrency: the code is not a currency.
    """
    if currency not in get_global("all_currencies"):
        raise UnknownCurrency(currency)
    return int(get_currency_precision(currency))


def to_minor(amount: Decimal, currency: str) -> int:
    """An amount in major units as whole minor units: `to_minor(Decimal("12.30"), "USD") == 1230`.

    Raises:
        UnknownCurrency: the code is not a currency.
        InexactAmount: the amount has more decimals than the currency.
        AmountTooLarge: the amount is beyond `MOST` minor units.
    """
    scaled = amount.scaleb(minor_digits(currency))
    minor = int(scaled)  # cuts: an amount that is finer differs from it
    if minor != scaled:
        raise InexactAmount(amount, currency)
    if abs(minor) > MOST:
        raise AmountTooLarge(amount, currency)
    return minor


def from_minor(minor: int, currency: str) -> Decimal:
    """Whole minor units in major units, with the currency's decimals: `from_minor(1230, "USD")` is `12.30`."""
    return Decimal(minor).scaleb(-minor_digits(currency))


def major_text(minor: int, currency: str) -> str:
    """Whole minor units as machines read an amount: in major units, without separators or exponent, `-1234.50`."""
    return f"{from_minor(minor, currency):f}"


def largest_remainder(shares: Sequence[Fraction | Decimal], total: int) -> list[int]:
    """Whole numbers beside exact shares that sum to `total`, none further from its share than one (the method of
    Hamilton).

    Each share is rounded down; what is then missing goes, one each, to those that lost most, the first of those that
    lost alike. So whoever calls gives the shares in an order that hangs on no chance. `total` is their sum, rounded
    either way.
    """
    parts = [floor(share) for share in shares]
    lost = [Fraction(share) - part for share, part in zip(shares, parts, strict=True)]
    # Sorting is stable: what lost alike stays in order.
    by_loss = sorted(range(len(parts)), key=lambda place: -lost[place])
    for place in by_loss[: total - sum(parts)]:
        parts[place] += 1
    return parts
