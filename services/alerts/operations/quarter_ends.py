"""When quarters end: the last week of each fiscal quarter, in which people are not told of warnings of drift.

Both write times in the same form: recurring, or dated by years, months and days.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

from shared.calendars import CompanyCalendar, FiscalMonths, fiscal_periods

NAME: Final = "quarter-end"
LAST_DAYS: Final = 7
QUARTERS: Final = 4
PERIODS: Final = 3
"""Fiscal periods of a quarter."""
MONTHS: Final = 12


def quarter_ends(calendar: CompanyCalendar, years: range) -> list[dict[str, Any]]:
    """The times of the last weeks of quarters.

    Of a fiscal year of months they recur every year. Of one of weeks a quarter ends on another date each year, so that
    each is dated; `years` are those in which the dates lie.
    """
    if isinstance(calendar.fiscal, FiscalMonths):
        first = calendar.fiscal.year_starts
        last_months = sorted((first - 2 + PERIODS * quarter) % MONTHS + 1 for quarter in range(1, QUARTERS + 1))
        return [{"days_of_month": [f"-{LAST_DAYS}:-1"], "months": [str(month) for month in last_months]}]
    return [_dated(first, last) for end in _ends(calendar, years) for first, last in _by_month(end)]


def _ends(calendar: CompanyCalendar, years: range) -> Iterator[date]:
    """The last days of the quarters that end in some years."""
    periods = fiscal_periods(calendar.fiscal)
    number = periods.at(date(years.start, 1, 1)) // PERIODS * PERIODS
    while (end := periods.bounds(number, periods=PERIODS)[1]).year < years.stop:
        yield end
        number += PERIODS


def _by_month(end: date) -> Iterator[tuple[date, date]]:
    """The last days of a quarter, those of each month by themselves."""
    first = end - timedelta(days=LAST_DAYS - 1)
    if first.month != end.month:
        turn = end.replace(day=1)
        yield first, turn - timedelta(days=1)
        first = turn
    yield first, end


def _dated(first: date, last: date) -> dict[str, Any]:
    return {
        "days_of_month": [f"{first.day}:{last.day}"],
        "months": [str(first.month)],
        "years": [str(first.year)],
    }
