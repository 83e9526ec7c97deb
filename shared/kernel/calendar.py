"""The fiscal calendar of a plan: which period a date lies in, when a period ends, and which periods form a quarter or a year.

A period is named `2025-03`: for months the calendar month, for weeks (4-4-5 and its kind) the third period of fiscal year 2025.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate

import polars as pl

from shared.kernel.conventions import CalendarTerms, Reset

PERIODS_IN = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
_YEARS_EACH_WAY = 60


def period_of(day: pl.Expr, calendar: CalendarTerms) -> pl.Expr:
    """The period in which a date lies."""
    if calendar.weeks is None:
        return pl.lit(_months()).gather((day.dt.year() * 12 + day.dt.month() - 1).cast(pl.UInt32))
    starts, names = _weekly(calendar)
    number = pl.lit(pl.Series(starts)).search_sorted(day, side="right").cast(pl.Int64) - 1
    return pl.lit(pl.Series(names)).gather(number.clip(0))


def bounds(periods: pl.Series, calendar: CalendarTerms) -> pl.DataFrame:
    """period, first and last day of each of some periods, once each."""
    names = periods.unique().sort()
    days = [_bounds(name, calendar) for name in names]
    return pl.DataFrame(
        {"period": names, "first": [first for first, _ in days], "last": [last for _, last in days]},
        schema={"period": pl.String, "first": pl.Date, "last": pl.Date},
    )


def window_of(period: pl.Expr, reset: Reset, calendar: CalendarTerms) -> pl.Expr:
    """What tells windows apart: the same for all periods between two resets."""
    if reset == "never":
        return period.is_null()
    if reset == "month":
        return period
    return _index(period, calendar) // PERIODS_IN[reset]


def last_of_window(period: pl.Expr, reset: Reset, calendar: CalendarTerms) -> pl.Expr:
    """The last period of the window in which a period lies: when a window is paid as a whole."""
    if reset in ("month", "never"):
        return period
    length = PERIODS_IN[reset]
    last = (_index(period, calendar) // length + 1) * length - 1 + _shift(calendar)
    month = (last % 12 + 1).cast(pl.String).str.zfill(2)
    return (last // 12).cast(pl.String) + "-" + month


def moved(period: str, by: int) -> str:
    """The period so many later, or earlier."""
    number = int(period[:4]) * 12 + int(period[5:]) - 1 + by
    return f"{number // 12}-{number % 12 + 1:02d}"


def between(first: str, last: str) -> list[str]:
    """The periods from one to another, both included."""
    found = [first]
    while found[-1] < last:
        found.append(moved(found[-1], 1))
    return found


def place_in_year(period: str, calendar: CalendarTerms) -> int:
    """Which period of its fiscal year it is, from 0 to 11."""
    return (int(period[:4]) * 12 + int(period[5:]) - 1 - _shift(calendar)) % 12


def _index(period: pl.Expr, calendar: CalendarTerms) -> pl.Expr:
    year = period.str.slice(0, 4).cast(pl.Int64)
    return year * 12 + period.str.slice(5).cast(pl.Int64) - 1 - _shift(calendar)


def _shift(calendar: CalendarTerms) -> int:
    return 0 if calendar.weeks else calendar.year_starts - 1


def _bounds(period: str, calendar: CalendarTerms) -> tuple[date, date]:
    if calendar.weeks is None:
        year, month = int(period[:4]), int(period[5:])
        following = date(year + month // 12, month % 12 + 1, 1)
        return date(year, month, 1), following - timedelta(days=1)
    starts, names = _weekly(calendar)
    place = names.index(period)
    return starts[place], starts[place + 1] - timedelta(days=1)


@lru_cache(maxsize=1)
def _months() -> pl.Series:
    """The names of all months by number: to look one up is quicker than to write it down for every deal."""
    return pl.Series([f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(12 * 10_000)])


@lru_cache(maxsize=64)
def _weekly(calendar: CalendarTerms) -> tuple[list[date], list[str]]:
    """The first day and the name of every period around the calendar's first day."""
    assert calendar.weeks is not None
    assert calendar.first_day is not None
    pattern = [int(weeks) for weeks in calendar.weeks.split("-")] * 4
    year = (calendar.first_day + timedelta(days=180)).year
    start = calendar.first_day
    for earlier in range(year - _YEARS_EACH_WAY, year):
        start -= timedelta(weeks=53 if earlier in calendar.long_years else 52)
    starts: list[date] = []
    names: list[str] = []
    for number in range(year - _YEARS_EACH_WAY, year + _YEARS_EACH_WAY):
        lengths = [*pattern[:-1], pattern[-1] + (1 if number in calendar.long_years else 0)]
        begins = accumulate(lengths, initial=0)
        for month, weeks in zip(range(1, 13), begins, strict=False):
            starts.append(start + timedelta(weeks=weeks))
            names.append(f"{number}-{month:02d}")
        start += timedelta(weeks=sum(lengths))
    return starts, names
