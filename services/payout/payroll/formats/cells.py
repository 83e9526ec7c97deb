"""What a cell of a payroll file may hold: each kind says what it refuses and how it is written, for all formats.

Ids and codes are refused rather than changed, because payroll matches by them. Free text in files that people open is
neutralised: a spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, even a quoted one.
"""

from __future__ import annotations

import re
import unicodedata
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from services.payout.exports.files import DatePattern, Value, date_text
from shared.spreadsheets import could_be_formula, neutral

SAFE_ID: Final = r"[A-Za-z0-9_][A-Za-z0-9_-]*"
"""An id that no spreadsheet takes for a formula and no reader for a delimiter."""


class CellObjection(NamedTuple):
    """Why a value is refused: a code for machines and a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Cell(ABC):
    """A kind of cell; `needed` refuses an empty one."""

    needed: bool = True

    def check(self, value: Value) -> CellObjection | None:
        """Why the target would refuse the value, if it would."""
        if value is None or value == "":
            return CellObjection("missing", "is missing") if self.needed else None
        return self.objection(value)

    def text(self, value: Value) -> str:
        """The value as the file has it."""
        return "" if value is None or value == "" else self.written(value)

    def sheet(self, value: Value) -> Value:
        """The value as a spreadsheet has it: text, unless the kind knows better. Nothing is an empty cell, no empty
        text.
        """
        return self.text(value) or None

    @abstractmethod
    def objection(self, value: Value) -> CellObjection | None:
        """Why a value that is there would be refused."""

    @abstractmethod
    def written(self, value: Value) -> str:
        """A value that is there, as text."""


@dataclass(frozen=True, kw_only=True)
class Code(Cell):
    """An id or code: of a known form, at most so long, or a number between two bounds; `width` pads with zeros."""

    pattern: str = SAFE_ID
    longest: int | None = None
    least: int | None = None
    most: int | None = None
    width: int = 0

    def objection(self, value: Value) -> CellObjection | None:
        """Form, length, range."""
        text = str(value)
        if not re.fullmatch(self.pattern, text):
            return CellObjection("form", f"{text[:60]!r} is not of the form that the target takes")
        if self.longest is not None and len(text) > self.longest:
            return CellObjection("too_long", f"{text[:60]!r} has more than {self.longest} characters")
        if self.least is not None and self.most is not None and not self.least <= int(text) <= self.most:
            return CellObjection("range", f"{text[:60]!r} is not from {self.least} to {self.most}")
        return None

    def written(self, value: Value) -> str:
        """As it is, with leading zeros up to the width."""
        return str(value).zfill(self.width)


def number(longest: int, *, least: int = 1, width: int = 0, needed: bool = True) -> Code:
    """An id of decimal digits."""
    return Code(pattern="[0-9]+", longest=longest, least=least, most=10**longest - 1, width=width, needed=needed)


@dataclass(frozen=True, kw_only=True)
class Words(Cell):
    """Free text: in the encoding, nothing of `forbidden`, at most so long. `guarded` text cannot become a formula."""

    longest: int | None = None
    encoding: str = "utf-8"
    forbidden: str = ""
    guarded: bool = True
    lines: bool = False
    needed: bool = False

    def objection(self, value: Value) -> CellObjection | None:
        """Characters and length."""
        text = str(value)
        # Cc are control characters, Cs halves of surrogate pairs, which no encoding takes.
        if any(unicodedata.category(char) in {"Cc", "Cs"} and not (self.lines and char in "\t\r\n") for char in text):
            return CellObjection("charset", "has a control character")
        if sign := next((char for char in text if char in self.forbidden), None):
            return CellObjection("charset", f"has the character {sign!r}, which the format cannot carry")
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError as error:
            return CellObjection(
                "charset", f"has the character {text[error.start]!r}, which {self.encoding} cannot carry"
            )
        if not self.guarded and could_be_formula(text):
            # A quote would not help: spreadsheets calculate a quoted cell too (tried with LibreOffice 7.4).
            return CellObjection("form", "begins as a formula does")
        if self.longest is not None and len(self.written(text)) > self.longest:
            return CellObjection("too_long", f"has more than {self.longest} characters")
        return None

    def written(self, value: Value) -> str:
        """As it is; with an apostrophe before what a spreadsheet would calculate."""
        text = str(value)
        return neutral(text) if self.guarded else text


@dataclass(frozen=True, kw_only=True)
class Money(Cell):
    """An amount in major units: with so many decimals or those of its currency, between two bounds."""

    digits: int | None = 2
    least: Decimal | None = None
    most: Decimal | None = None
    decimal: str = "."
    minus_behind: bool = False
    significant: int | None = None
    """How many digits the target keeps in all."""

    def objection(self, value: Value) -> CellObjection | None:
        """Exactness and range."""
        assert isinstance(value, Decimal)
        # A currency of three decimals in a file of two: rounding would pay somebody less, so it is refused.
        if self.digits is not None and value != round(value, self.digits):
            return CellObjection("inexact", f"has more than {self.digits} decimals")
        if self.significant is not None and len(value.as_tuple().digits) > self.significant:
            return CellObjection("range", f"has more than {self.significant} digits")
        if (self.least is not None and value < self.least) or (self.most is not None and value > self.most):
            return CellObjection("range", f"is not from {self.least} to {self.most}")
        return None

    def written(self, value: Value) -> str:
        """Digits only, never a thousands sign, never an exponent."""
        assert isinstance(value, Decimal)
        text = f"{abs(value):f}" if self.digits is None else f"{abs(value):.{self.digits}f}"
        sign = "-" if value < 0 else ""
        text = text.replace(".", self.decimal)
        return text + sign if self.minus_behind else sign + text

    def sheet(self, value: Value) -> Value:
        """A number."""
        return value


@dataclass(frozen=True, kw_only=True)
class Day(Cell):
    """A date in the target's pattern, of YYYY, MM and DD."""

    pattern: DatePattern = "YYYY-MM-DD"

    def objection(self, _: Value) -> CellObjection | None:
        """Nothing: a date is a date."""
        return None

    def written(self, value: Value) -> str:
        """The date in the pattern."""
        assert isinstance(value, date)
        return date_text(value, self.pattern)

    def sheet(self, value: Value) -> Value:
        """A date."""
        return value


@dataclass(frozen=True, kw_only=True)
class Fixed(Cell):
    """What the layout or the settings say: the same in every row, checked when the settings were."""

    needed: bool = False

    def objection(self, _: Value) -> CellObjection | None:
        """Nothing."""
        return None

    def written(self, value: Value) -> str:
        """As it is."""
        return str(value)
