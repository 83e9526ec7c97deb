"""The cycles in which pay periods follow each other: for every kind of calendar the pay period of a day, and where its
years begin.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import accumulate
from typing import Any, Final, NamedTuple

from dateutil import relativedelta as weekdays
from dateutil.relativedelta import relativedelta

from shared.pay.calendars.policy import Calendar, Fiscal, Monthly, SemiMonthly, Weekly
from shared.periods import period_of

DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(weeks=1)
_WEEKDAYS: Final[dict[str, Callable[[int], Any]]] = {
    "monday": weekdays.MO,
    "tuesday": weekdays.TU,
    "wednesday": weekdays.WE,
    "thursday": weekdays.TH,
    "friday": weekdays.FR,
    "saturday": weekdays.SA,
    "sunday": weekdays.SU,
}


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
        case Fiscal():
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
        case Fiscal():
            # A year that ends around December is the year of that December, also in retail, which names its years after
            # their start.
            starts_the_year_it_is_named_after = calendar.named_after == "start" and calendar.month < 12
            return _end_of_fiscal_year(calendar, year if starts_the_year_it_is_named_after else year - 1) + DAY


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


def _fiscal_period(calendar: Fiscal, day: date) -> Span:
    # A fiscal year may begin in the calendar year before the one it is named after, or in the one after it.
    year = day.year - 1
    while (following := first_of_year(calendar, year + 1)) <= day:
        year += 1
    first = first_of_year(calendar, year)
    weeks = [int(digit) for digit in calendar.every.removeprefix("fiscal_")] * 4
    # The last pay period has what is left of the year: a 53rd week is its fifth or sixth.
    starts = [first + number * WEEK for number in accumulate(weeks[:-1], initial=0)] + [following]
    place = next(place for place, start in enumerate(starts) if start > day)
    return Span(f"FY{year}-P{place:02d}", starts[place - 1], starts[place] - DAY)


def _end_of_fiscal_year(calendar: Fiscal, year: int) -> date:
    """The last day of the fiscal year that ends in, or nearest to the end of, the calendar's month in a year."""
    last = date(year, calendar.month, 1) + relativedelta(day=31)
    end = last + relativedelta(weekday=_WEEKDAYS[calendar.weekday](-1))
    # Where the last such weekday lies more than three days before the end of the month, the one a week later is nearer
    # to it.
    return end + WEEK if calendar.year_ends == "nearest" and last - end > timedelta(days=3) else end


def _end_of_month(day: date, on: int, *, months: int) -> date:
    """The day on which a pay period ends in the month of `day`, or so many months later."""
    return day + relativedelta(months=months, day=on)


def _length(calendar: Weekly) -> timedelta:
    return WEEK if calendar.every == "week" else 2 * WEEK
