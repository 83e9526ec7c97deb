"""How a company writes amounts, percentages and dates, and text that is safe to show wherever it came from."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal
from functools import cache, cached_property

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.numbers import NumberPattern, parse_pattern

from shared.money import minor_digits
from shared.periods import Month, first_day

LETTER_PAPER = frozenset(["US", "CA", "MX", "CL", "CO", "CR", "GT", "NI", "PA", "PH", "PR", "SV", "VE"])
"""Territories that print on letter; all others print on A4."""

# A date by itself, and no piece of a longer id or version such as `INV-2026-01-31-7`.
_DATE = re.compile(r"(?<![\w.-])\d{4}-\d\d-\d\d(?![\w-])")

# Unicode categories: controls, surrogates, private use, unassigned. What a font may draw in one place and not in
# another is no part of a document that must say the same everywhere.
_UNSHOWN = {"Cc", "Cs", "Co", "Cn"}
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u2028\u2029")
"""Characters that could turn the order of what stands beside them, or end a line: with one in a deal's name, an amount
next to it can be made to read otherwise (UAX #9; "Trojan Source", CVE-2021-42574)."""


def safe(text: str) -> str:
    """Text of somebody else's, on one line, without characters that are not seen or that reorder others."""
    shown = (" " if char in "\t\n\r" else char for char in text if char in "\t\n\r" or _is_shown(char))
    return " ".join("".join(shown).split())


@cache
def _is_shown(char: str) -> bool:
    return char not in _TURNING and unicodedata.category(char) not in _UNSHOWN


@cache
def _grouped(pattern: NumberPattern, digits: int) -> NumberPattern:
    """The locale's pattern with so many decimals."""
    whole = pattern.pattern.partition(".")[0]
    return parse_pattern(f"{whole}.{'0' * digits}" if digits else whole)


class Writing:
    """The manners of a locale; an unknown one is written as American English."""

    def __init__(self, locale: str) -> None:
        try:
            self.locale = Locale.parse(locale.replace("-", "_"))
        except (ValueError, UnknownLocaleError):
            self.locale = Locale("en", "US")

    @cached_property
    def paper(self) -> str:
        """The paper of the territory, as typst and CSS can be told."""
        return "us-letter" if (self.locale.territory or "US") in LETTER_PAPER else "a4"

    def amount(self, value: Decimal, currency: str) -> str:
        """An amount without its currency: `1,234.50`. One that is not rounded yet keeps all its decimals, any other has
        those of its currency.
        """
        return self.number(value, minor_digits(currency))

    def money(self, value: Decimal, currency: str) -> str:
        """An amount with its currency's code: `1,234.50 USD`."""
        return f"{self.amount(value, currency)}\u00a0{currency}"

    def number(self, value: Decimal, least: int = 0) -> str:
        """An exact number with at least so many decimals, and no other zeros at the end."""
        # Babel would round to the pattern: it gets as many places as the value has, so that no digit is ever lost.
        exponent = value.normalize().as_tuple().exponent
        digits = max(least, -exponent if isinstance(exponent, int) else 0)
        return str(_grouped(self.locale.decimal_formats[None], digits).apply(value, self.locale))

    def percent(self, value: Decimal) -> str:
        """`5` as `5%`, in the manner of the locale."""
        return re.sub(r"[#,0.]+", self.number(value), self.locale.percent_formats[None].pattern, count=1)

    def day(self, day: date) -> str:
        """A date, as `Jun 30, 2026`, in English words that stay together on a line."""
        return format_date(day, "medium", self._words).replace(" ", "\u00a0")

    def prose(self, text: str) -> str:
        """A reason as a sheet shows it: safe, and with its dates written as all others are."""
        return _DATE.sub(self._in_prose, safe(text))

    def _in_prose(self, digits: re.Match[str]) -> str:
        try:
            return self.day(date.fromisoformat(digits[0]))
        except ValueError:  # of something else
            return digits[0]

    def month(self, month: Month) -> str:
        """A month by its name, as `June 2026`."""
        return format_skeleton("yMMMM", first_day(month), locale=self._words)

    @cached_property
    def _words(self) -> Locale:
        """English, as all other words are, in the order of the territory where English has one for it."""
        if self.locale.language == "en":
            return self.locale
        return Locale("en", "US" if self.paper == "us-letter" else "GB")
