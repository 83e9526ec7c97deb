"""The cycles in which pay periods follow each other: for every kind of calendar the pay period of a day, and where its
years begin.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from dateutil.relativedelta import relativedelta

from shared.calendars.fiscal import DAY, WEEK, FiscalWeeks, fiscal_periods
from shared.calendars.fiscal import first_of_year as first_of_fiscal_year
from shared.pay.calendars.policy import Calendar, Monthly, SemiMonthly, Weekly
from shared.periods import period_of


class Span(NamedTuple):
    """A pay period's name and its first and last day."""

    name: str
    start: date
    end: date


def span_of(calendar: Calendar, day: date) -> Span:
    """The pay period of a calendar in which a day lies."""
    match calendar:
        case Monthly():
            return _month(calendar, day)
        case SemiMonthly():
            return _half_month(calendar, day)
        case Weekly():
            return _weeks(calendar, day)
        case FiscalWeeks():
            return _fiscal_period(calendar, day)


def first_of_year(calendar: Calendar, year: int) -> date:
    """The first day of the first pay period that bears the number of a year."""
    match calendar:
        case Monthly():
            return _end_of_month(date(year, 1, 1), calendar.ends_on, months=-1) + DAY
        case SemiMonthly():
            return _end_of_month(date(year, 1, 1), calendar.ends_on[1], months=-1) + DAY
        case Weekly():
            # Pay periods bear the year in which they end: the first of them may begin in the year before.
            new_year = date(year, 1, 1)
            return new_year - (new_year - calendar.anchor) % _length(calendar)
        case FiscalWeeks():
            return first_of_fiscal_year(calendar, year)


def _month(calendar: Monthly, day: date) -> Span:
    end = _end_of_month(day, calendar.ends_on, months=0)
    if end < day:
        end = _end_of_month(day, calendar.ends_on, months=1)
    return Span(period_of(end), _end_of_month(end, calendar.ends_on, months=-1) + DAY, end)


def _half_month(calendar: SemiMonthly, day: date) -> Span:
    first, second = calendar.ends_on
    # The pay period may begin in the month before, and end in the month after.
    ends = [
        (_end_of_month(day, on, months=months), half)
        for months in (-1, 0, 1)
        for on, half in ((first, "A"), (second, "B"))
    ]
    place = next(place for place, (end, _) in enumerate(ends) if end >= day)
    end, half = ends[place]
    return Span(f"{period_of(end)}-{half}", ends[place - 1][0] + DAY, end)


def _weeks(calendar: Weekly, day: date) -> Span:
    length = _length(calendar)
    # Python's remainder is never negative, so that days before the anchor fall into their week too.
    start = day - (day - calendar.anchor) % length
    end = start + length - DAY
    number = (start - first_of_year(calendar, end.year)) // length + 1
    return Span(f"{end.year}-{'W' if calendar.every == 'week' else 'PP'}{number:02d}", start, end)


def _fiscal_period(calendar: FiscalWeeks, day: date) -> Span:
    periods = fiscal_periods(calendar)
    number = periods.at(day)
    return Span(f"FY{number // 12}-P{number % 12 + 1:02d}", *periods.bounds(number))


def _end_of_month(day: date, on: int, *, months: int) -> date:
    """The day on which a pay period ends in the month of `day`, or so many months later."""
    return day + relativedelta(months=months, day=on)


def _length(calendar: Weekly) -> timedelta:
    return WEEK if calendar.every == "week" else 2 * WEEK
