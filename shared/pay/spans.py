"""Quarters, half-years and years: spans of whole months over which payment terms look, as they look at a pay period."""

from __future__ import annotations

from datetime import date
from typing import Final, Literal, NamedTuple

from shared.periods import Month, first_day, last_day, month_number, month_of_number

Every = Literal["pay_period", "quarter", "half_year", "year"]
"""What an amount is for."""

MONTHS: Final = {"quarter": 3, "half_year": 6, "year": 12}


class Span(NamedTuple):
    """From one month through another."""

    first: Month
    last: Month

    @property
    def name(self) -> str:
        """`2026-01..2026-03`: no pay period is named like that."""
        return f"{self.first}..{self.last}"

    def __str__(self) -> str:
        """As people read it: `2026-01 to 2026-03`."""
        return f"{self.first} to {self.last}"

    def holds(self, month: Month) -> bool:
        """Whether a month is one of it."""
        return self.first <= month <= self.last

    @property
    def days(self) -> tuple[date, date]:
        """Its first and its last day."""
        return first_day(self.first), last_day(self.last)

    @property
    def months(self) -> int:
        """How many months it has."""
        return self.place(self.last)

    def month(self, place: int) -> Month:
        """One of its months, counted from 1."""
        return month_of_number(month_number(first_day(self.first)) + place - 1)

    def place(self, month: Month) -> int:
        """Which of its months one is, counted from 1."""
        return month_number(first_day(month)) - month_number(first_day(self.first)) + 1


def span_of(every: str, month: Month, *, year_starts: int) -> Span | None:
    """The quarter, half-year or year of a month, in years that start with the month of a number; None of a pay
    period.
    """
    if every not in MONTHS:
        return None
    length, number = MONTHS[every], month_number(first_day(month))
    # Months are counted from a January, so what a year's start is past one shifts all spans alike.
    first = number - (number - (year_starts - 1)) % length
    return Span(month_of_number(first), month_of_number(first + length - 1))


def span_named(name: str) -> Span | None:
    """The span of a name; None where it names none."""
    first, dots, last = name.partition("..")
    return Span(Month(first), Month(last)) if dots else None
