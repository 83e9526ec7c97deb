"""Fiscal calendars: years of twelve fiscal periods, which are months or so many weeks (4-4-5).

A fiscal period is a number: twelve times its fiscal year, and its place in the year from 0 to 11. So the one that
follows is one more, and dividing by 3 and by 12 gives numbers of fiscal quarters and years.
"""

from __future__ import annotations

from bisect import bisect_right
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from shared.calendars.days import FIRST_YEAR, LAST_YEAR, Counts, Days, as_days

DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(weeks=1)
PERIODS_IN_YEAR: Final = 12
PERIODS_IN_QUARTER: Final = 3

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: Final[tuple[Weekday, ...]] = get_args(Weekday)
MonthOfYear = Annotated[int, Field(ge=1, le=12)]
NamedAfter = Literal["start", "end"]


class CalendarPart(BaseModel):
    """A part of a calendar: unknown fields and values of another type are refused; the text under a field explains
    it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


class FiscalMonths(CalendarPart):
    """A fiscal year of calendar months."""

    every: Literal["month"] = "month"
    """A fiscal period is a month."""
    year_starts: MonthOfYear = 1
    """The month in which the fiscal year begins."""
    named_after: NamedAfter | None = None
    """Whether a fiscal year bears the number of the calendar year in which it starts or ends; without it, where most of
    it lies."""


class FiscalWeeks(CalendarPart):
    """Twelve fiscal periods of whole weeks in a fiscal year of 52 or 53 weeks.

    The 53rd week, in the years that have one, belongs to the last period.
    """

    every: Literal["fiscal_445", "fiscal_454", "fiscal_544"]
    """The weeks of the three periods of a quarter."""
    year_ends: Literal["last", "nearest"]
    """The fiscal year ends on the last such weekday of `month`, or on the one nearest to the end of `month`. This is
    also what gives a year its 53rd week."""
    weekday: Weekday
    """The weekday on which every period ends."""
    month: MonthOfYear
    """The calendar month in which, or around whose end, the fiscal year ends."""
    named_after: NamedAfter = "end"
    """Whether a fiscal year bears the number of the calendar year of its end, as most do, or of its start, as in
    retail.

    A year that ends nearest to the end of December is the year of that December, also where it ends in the first days
    of January.
    """


FiscalCalendar: TypeAlias = Annotated[FiscalMonths | FiscalWeeks, Field(discriminator="every")]


@dataclass(frozen=True, slots=True, kw_only=True)
class FiscalPeriods:
    """The fiscal periods of a calendar: the first day of each, and the number of the first of them."""

    starts: Sequence[date]
    days: Days
    """The same as `starts`, as an array."""
    first: int

    def at(self, day: date) -> int:
        """The number of the period in which a day lies."""
        as_days([day])
        return self.first + bisect_right(self.starts, day) - 1

    def bounds(self, number: int, *, periods: int = 1) -> tuple[date, date]:
        """The first and the last day of a period, or of so many from it on."""
        place = number - self.first
        return self.starts[place], self.starts[place + periods] - DAY

    def of(self, dates: Sequence[date] | npt.NDArray[Any]) -> Counts:
        """Of each date the number of the period in which it lies."""
        numbers: Counts = self.first - 1 + np.searchsorted(self.days, as_days(dates), side="right").astype(np.int64)
        return numbers

    def first_days(self, numbers: Counts) -> Days:
        """The first day of each of some periods; the last day of one is the day before the first of the next."""
        return self.days[numbers - self.first]


@lru_cache(maxsize=64)
def fiscal_periods(calendar: FiscalCalendar) -> FiscalPeriods:
    """The fiscal periods of a calendar in all years that a date may be in."""
    # A fiscal year may begin in the calendar year before the one it is named after, or in the one after it.
    years = range(FIRST_YEAR - 1, LAST_YEAR + 2)
    starts = [start for year in years for start in _starts(calendar, year)] + [first_of_year(calendar, years.stop)]
    return FiscalPeriods(
        starts=starts, days=np.array(starts, dtype="datetime64[D]"), first=years.start * PERIODS_IN_YEAR
    )


def first_of_year(calendar: FiscalCalendar, year: int) -> date:
    """The first day of a fiscal year."""
    if isinstance(calendar, FiscalMonths):
        return _starts(calendar, year)[0]
    # A year that ends around December is the year of that December, also in retail, which names its years after their
    # start.
    starts_the_year_it_is_named_after = calendar.named_after == "start" and calendar.month < 12
    return _end_of_year(calendar, year if starts_the_year_it_is_named_after else year - 1) + DAY


def months_ahead(year_starts: int, *, named_after: NamedAfter | None) -> int:
    """By how many months the first month of a fiscal year comes after January of the year of its number."""
    ahead = year_starts - 1
    by_end = named_after == "end" or (named_after is None and year_starts > 7)
    return ahead - PERIODS_IN_YEAR if ahead and by_end else ahead


def starts_of_periods(first: date, weeks: Sequence[int], *, longer: int | None = None) -> list[date]:
    """The first days of the periods of a fiscal year of weeks that begins on a day: `weeks` are those of a period of
    each place in a quarter. A 53rd week, in a year that has one, belongs to the period at the place `longer` (from 0),
    or to the last.
    """
    lengths = [*weeks] * 4
    return [
        first + (number + (longer is not None and place > longer)) * WEEK
        for place, number in enumerate(accumulate(lengths[:-1], initial=0))
    ]


def _starts(calendar: FiscalCalendar, year: int) -> list[date]:
    if isinstance(calendar, FiscalWeeks):
        weeks = [int(digit) for digit in calendar.every.removeprefix("fiscal_")]
        return starts_of_periods(first_of_year(calendar, year), weeks)
    first = year * 12 + months_ahead(calendar.year_starts, named_after=calendar.named_after)
    return [date(number // 12, number % 12 + 1, 1) for number in range(first, first + PERIODS_IN_YEAR)]


def _end_of_year(calendar: FiscalWeeks, year: int) -> date:
    """The last day of the fiscal year that ends in, or nearest to the end of, the calendar's month in a year."""
    last = date(year, calendar.month, monthrange(year, calendar.month)[1])
    end = last - (last.weekday() - WEEKDAYS.index(calendar.weekday)) % 7 * DAY
    # Where the last such weekday lies more than three days before the end of the month, the one a week later is nearer
    # to it.
    return end + WEEK if calendar.year_ends == "nearest" and last - end > timedelta(days=3) else end
