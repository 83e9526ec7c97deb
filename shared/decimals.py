"""Decimal numbers that people and machines write, bounded before anything is expanded.

`Decimal("1e999999999")` costs nothing; writing it out, or scaling it, costs all memory. So digits and exponents are
counted in the text.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

MOST_WHOLE, MOST_DECIMALS = 30, 12
"""Digits before and after the decimal point: more than any amount has, few enough to be exact everywhere."""
_PLAIN: Final = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,12})?", re.ASCII)
_SCIENTIFIC: Final = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?", re.ASCII)


class NotDecimal(ValueError):
    """The text is no decimal number, or one with too many digits."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text[:40]!r} is not a decimal number; write it as 1200.50, with {MOST_DECIMALS} decimals at most"
        )


def plain_decimal(text: str) -> Decimal:
    """The number of a text in plain digits, as people write amounts: no exponent, no thousands separator, no spaces.

    Raises:
        NotDecimal: it is none, or has more than 30 digits before or 12 after the point.
    """
    if not _PLAIN.fullmatch(text):
        raise NotDecimal(text)
    return Decimal(text)


def bounded_decimal(text: str) -> Decimal:
    """The number of a text as machines write it, also with an exponent of up to two digits; written out it has 160
    digits at most.

    Raises:
        NotDecimal: it is none, or larger or finer than that.
    """
    if not _SCIENTIFIC.fullmatch(text):
        raise NotDecimal(text)
    return Decimal(text)


def moved(text: str, places: int) -> str:
    """A number with its point moved, exactly and in plain digits: `moved("125050", -2)` is `1250.50`.

    Raises:
        NotDecimal: the text is no number of `bounded_decimal`.
    """
    sign, digits, exponent = bounded_decimal(text).as_tuple()
    assert isinstance(exponent, int)
    return f"{Decimal((sign, digits, exponent + places)):f}"


def figure(text: str) -> str:
    """A percentage as the decimal it is, `6%` as `0.06`; every other text as it stands, for whoever reads numbers to
    refuse.

    Spaces before the sign do not count.
    """
    if not text.endswith("%"):
        return text
    try:
        return moved(text[:-1].rstrip(), -2)
    except NotDecimal:
        return text
