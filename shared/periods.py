"""Monthly periods by name, as `2025-03`. Periods are made of business dates, never of instants."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, NewType

Month = NewType("Month", str)
"""The name of a month, `2025-03`: names sort as the months follow each other, so they are compared and not counted."""

_MONTHS: Final = 1200
"""There are few, and their days are asked for with each of many rows."""

BEFORE_ALL: Final = Month("")
"""Sorts before every month: where something begins that was always there."""


def month_named(text: str) -> Month:
    """The month of a name that comes from outside, exactly as `2025-03`.

    Raises:
        ValueError: it is none, or the last one that a date can lie in.
    """
    month = Month(text)
    # What dates and counts are made of it elsewhere must not fail there: neither it nor the month after it.
    if period_of(first_day(month)) != text or not next_period(month):
        raise ValueError(f"{text!r} is not a month like 2025-03")
    return month


def period_of(day: date) -> Month:
    """The period a business date lies in."""
    return month_of_number(month_number(day))


def month_number(day: date) -> int:
    """The month of a date, counted from January of the year 0: to count months, which names cannot."""
    return day.year * 12 + day.month - 1


def month_of_number(number: int) -> Month:
    """The month of a number that `month_number` gives."""
    return Month(f"{number // 12:04d}-{number % 12 + 1:02d}")


@lru_cache(_MONTHS)
def first_day(period: Month) -> date:
    """The first business date of a period."""
    year, _, month = period.partition("-")
    return date(int(year), int(month), 1)


@lru_cache(_MONTHS)
def last_day(period: Month) -> date:
    """The last business date of a period."""
    first = first_day(period)
    return first.replace(day=monthrange(first.year, first.month)[1])


def previous_period(period: Month) -> Month:
    """The period before."""
    return period_of(first_day(period) - timedelta(days=1))


def next_period(period: Month) -> Month:
    """The period that follows."""
    first = first_day(period)
    return period_of(date(first.year + first.month // 12, first.month % 12 + 1, 1))
