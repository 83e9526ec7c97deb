"""Exact numbers as English sentences, tables of the command line and plan documents write them: with separators, never
rounded.

Statements write in the manner of a locale, with babel (`services/payout/statements`); what machines read has no
separators and is not made here.
"""

from __future__ import annotations

from decimal import Context, Decimal, Inexact
from typing import Final

from shared.money import from_minor

EXACT: Final = Context(prec=200, traps=[Inexact])
"""More digits than any number has that Earnest takes in or works out (`shared.decimals`, `shared.kernel`): here nothing
is rounded unseen.
"""


def grouped(value: Decimal) -> str:
    """With separators and all the decimals that the number has: `12,500.50`."""
    return f"{value:,f}"


def trimmed(value: Decimal, least: int = 0) -> str:
    """With separators and without idle zeros, but at least so many decimals: `12,500.5`."""
    whole, _, decimals = grouped(value).partition(".")
    kept = decimals.rstrip("0").ljust(least, "0")
    return f"{whole}.{kept}" if kept else whole


def amount(value: Decimal) -> str:
    """An amount in no certain currency: whole, or with two decimals at least: `1,200`, `0.50`, `1.255`."""
    text = trimmed(value)
    return f"{text}0" if len(text.partition(".")[2]) == 1 else text


def counted(number: int, thing: str, things: str = "") -> str:
    """How many there are of something: `1 payment`, `2,345 payments`; `things` where it is not the word with an s."""
    return f"{number:,} {thing if number == 1 else things or f'{thing}s'}"


def percent(share: Decimal) -> str:
    """A share, of which 1 is all: `0.125` as `12.5%`."""
    return f"{trimmed(EXACT.multiply(share, Decimal(100)))}%"


def money(minor: int, currency: str, *, code: bool = False, signed: bool = False) -> str:
    """Minor units with the decimals of their currency: `1,234.50`; `code` adds which currency, `signed` a plus to what
    is not below zero.

    Raises:
        UnknownCurrency: the code is not a currency.
    """
    text = f"{from_minor(minor, currency):{'+' if signed else ''},f}"
    return f"{text} {currency}" if code else text
