"""The fiscal calendar of a plan: which fiscal period a date lies in, when it ends, and which fiscal periods form a
quarter or a year.

Two kinds of period, which nothing turns into each other by accident. A *calendar month* is a text, `2025-03`: by it
credits, earnings and lines leave the kernel, and everything after the kernel counts. A *fiscal period* is a number
(`Fiscal`, in tables the column `fiscal`): by it quotas, windows and what is paid at the end of a period go. Of a
calendar of months a fiscal period is a month; of one of weeks it is not, and what is summed is then kept by *segment*,
the days that a fiscal period and a calendar month have in common.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import NewType, TypeVar

import polars as pl

from shared.calendars.fiscal import WEEK, months_ahead, starts_of_periods
from shared.kernel.language.conventions import CalendarTerms, Reset, Window
from shared.periods import Month, last_day

Fiscal = NewType("Fiscal", int)
"""A fiscal period by number: twelve times the fiscal year, and its place in the year from 0 to 11. The one that follows
is one more."""
PERIODS_IN = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
FISCAL = pl.Int32
_YEARS_EACH_WAY = 60
_Fiscals = TypeVar("_Fiscals", int, pl.Expr, pl.Series)


def month_of(day: pl.Expr) -> pl.Expr:
    """The calendar month in which a date lies."""
    return _named(day.dt.year().cast(pl.Int32) * 12 + day.dt.month() - 1)


def fiscal_of(day: pl.Expr, calendar: CalendarTerms) -> pl.Expr:
    """The fiscal period in which a date lies."""
    if calendar.weeks is None:
        # Arithmetic on the date, without a join: this is done for every deal of every plan.
        return (day.dt.year().cast(FISCAL) * 12 + day.dt.month() - 1 - _shift(calendar)).cast(FISCAL)
    starts, first = _weekly(calendar)
    number = pl.lit(pl.Series(starts)).search_sorted(day, side="right").cast(FISCAL) - 1
    # Of no date search_sorted would make the first.
    return pl.when(day.is_not_null()).then(number.clip(0) + first).cast(FISCAL)


def fiscal_of_month(month: pl.Expr, calendar: CalendarTerms) -> pl.Expr:
    """The fiscal period that a month is, in a calendar of months."""
    assert calendar.weeks is None
    number = month.str.slice(0, 4).cast(FISCAL) * 12 + month.str.slice(5).cast(FISCAL) - 1
    return (number - _shift(calendar)).cast(FISCAL)


def month_of_end(fiscal: pl.Expr, calendar: CalendarTerms) -> pl.Expr:
    """The calendar month in which a fiscal period ends."""
    if calendar.weeks is None:
        return _named(fiscal + _shift(calendar))
    return month_of(_last_day(fiscal, calendar))


def end_of_segment(month: pl.Expr, fiscal: pl.Expr, *, calendar: CalendarTerms) -> pl.Expr:
    """The last day that a calendar month and a fiscal period share."""
    ends = _end_of_month(month)
    return ends if calendar.weeks is None else pl.min_horizontal(ends, _last_day(fiscal, calendar))


def last_ended(month: Month, calendar: CalendarTerms) -> Fiscal:
    """The last fiscal period that has ended by the end of a calendar month."""
    return Fiscal(fiscal_at(last_day(month) + timedelta(days=1), calendar) - 1)


def bounds(fiscals: pl.Series, calendar: CalendarTerms) -> pl.DataFrame:
    """fiscal, first and last day of each of some fiscal periods, once each."""
    numbers = fiscals.unique().sort()
    days = [days_of(number, calendar) for number in numbers]
    return pl.DataFrame(
        {"fiscal": numbers, "first": [first for first, _ in days], "last": [last for _, last in days]},
        schema={"fiscal": FISCAL, "first": pl.Date, "last": pl.Date},
    )


def days_of(fiscal: Fiscal, calendar: CalendarTerms) -> tuple[date, date]:
    """The first and the last day of a fiscal period."""
    if calendar.weeks is None:
        number = fiscal + _shift(calendar)
        year, month = number // 12, number % 12 + 1
        return date(year, month, 1), date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    starts, first = _weekly(calendar)
    place = fiscal - first
    return starts[place], starts[place + 1] - timedelta(days=1)


def fiscal_at(day: date, calendar: CalendarTerms) -> Fiscal:
    """The fiscal period in which one date lies."""
    return Fiscal(pl.select(fiscal_of(pl.lit(day), calendar)).item())


def goes_on(before: CalendarTerms, after: CalendarTerms, *, day: date) -> bool:
    """Whether sums of fiscal periods of one calendar may go on in those of another from a day on: the periods before it
    of the fiscal year in which it lies are the same in both, and earlier ones are of earlier years.
    """
    now, last = fiscal_at(day, after), day - timedelta(days=1)
    year = Fiscal(now - now % PERIODS_IN["year"])
    begins = days_of(year, after)[0]
    if begins == day:
        return fiscal_at(last, before) < year
    periods = map(Fiscal, range(year, fiscal_at(last, after) + 1))
    return (
        fiscal_at(begins - timedelta(days=1), before) < year
        and fiscal_at(last, before) == fiscal_at(last, after)
        and all(days_of(period, before)[0] == days_of(period, after)[0] for period in periods)
    )


def window_of(fiscal: pl.Expr, reset: Reset) -> pl.Expr:
    """What tells windows apart: the same for all fiscal periods between two resets."""
    if reset == "never":
        return fiscal.is_null()
    # Fiscal numbers are twelve times the year and the place in it, so integer division gives quarters, halves and years
    # that never straddle two fiscal years.
    return fiscal if reset == "month" else fiscal // PERIODS_IN[reset]


def periods_in(window: Window) -> int:
    """How many fiscal periods a window has that is not for ever."""
    return window if isinstance(window, int) else PERIODS_IN[window]


def first_of_window(fiscal: _Fiscals, window: Window) -> _Fiscals:
    """The fiscal period with which the window begins of which one is a part, or of a rolling one the last; not for
    ever."""
    if isinstance(window, int):
        return fiscal - (window - 1)
    return fiscal // PERIODS_IN[window] * PERIODS_IN[window]


def last_of_window(fiscal: pl.Expr, reset: Reset) -> pl.Expr:
    """The last fiscal period of the window in which one lies: when a window is paid as a whole."""
    if reset in ("month", "never"):
        return fiscal
    length = PERIODS_IN[reset]
    return ((fiscal // length + 1) * length - 1).cast(FISCAL)


def ends_window(fiscal: pl.Expr, reset: pl.Expr) -> pl.Expr:
    """Whether a fiscal period is the last of its window, by the `reset` of `PlanSet.resets`; what never begins anew has
    no last one."""
    length = reset.fill_null("month").replace_strict(PERIODS_IN, default=None, return_dtype=FISCAL)
    return ((fiscal + 1) % length == 0).fill_null(value=False)


def name_of(fiscal: Fiscal) -> str:
    """A fiscal period as people read it: `FY2026 P01`."""
    return f"FY{fiscal // 12} P{fiscal % 12 + 1:02d}"


def in_words(fiscal: pl.Expr) -> pl.Expr:
    """Fiscal periods as people read them."""
    return pl.format("FY{} P{}", fiscal // 12, (fiscal % 12 + 1).cast(pl.String).str.zfill(2))


def _end_of_month(month: pl.Expr) -> pl.Expr:
    return (month + "-01").str.to_date("%Y-%m-%d").dt.month_end()


def _last_day(fiscal: pl.Expr, calendar: CalendarTerms) -> pl.Expr:
    """Of a calendar of weeks."""
    starts, first = _weekly(calendar)
    return pl.lit(pl.Series(starts)).gather((fiscal - first + 1).cast(pl.UInt32)) - pl.duration(days=1)


def _named(number: pl.Expr) -> pl.Expr:
    return pl.lit(_months()).gather(number.cast(pl.UInt32))


def _shift(calendar: CalendarTerms) -> int:
    """By how much the number of a month is more than that of the fiscal period that it is."""
    return months_ahead(calendar.year_starts, named_after=calendar.named_after)


@lru_cache(maxsize=1)
def _months() -> pl.Series:
    """The names of all months by number: to look one up is quicker than to write it down for every deal."""
    return pl.Series([f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(12 * 10_000)])


@lru_cache(maxsize=64)
def _weekly(calendar: CalendarTerms) -> tuple[list[date], Fiscal]:
    """The first day of every fiscal period around the calendar's first day, and the number of the first of them."""
    assert calendar.weeks is not None
    assert calendar.first_day is not None
    weeks = [int(each) for each in calendar.weeks.split("-")]
    # Years of weeks follow one another without a gap, so all of them are counted from the one that the plan names,
    # sixty each way.
    year = _number_of_year(calendar, calendar.first_day)
    start = calendar.first_day
    for earlier in range(year - _YEARS_EACH_WAY, year):
        start -= (53 if earlier in calendar.long_years else 52) * WEEK
    starts: list[date] = []
    for number in range(year - _YEARS_EACH_WAY, year + _YEARS_EACH_WAY):
        long = number in calendar.long_years
        starts += starts_of_periods(start, weeks, longer=calendar.long_period - 1 if long else None)
        start += (53 if long else 52) * WEEK
    return starts, Fiscal(12 * (year - _YEARS_EACH_WAY))


def _number_of_year(calendar: CalendarTerms, first: date) -> int:
    """The number of the fiscal year that begins on a day. One that begins or ends some days beyond the turn of a year
    belongs to that year."""
    # A retail year begins on the Sunday nearest to the turn of a year, days before or after it: a day well inside the
    # year says which it is.
    into = {"start": 14, None: 180, "end": 350}[calendar.named_after]
    return (first + timedelta(days=into)).year
