"""Monthly periods by name, as `2025-03`. Periods are made of business dates, never of instants."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta


def period_of(day: date) -> str:
    """The period a business date lies in."""
    return f"{day.year:04d}-{day.month:02d}"


def first_day(period: str) -> date:
    """The first business date of a period.

    Raises:
        ValueError: the name is not of the form `2025-03`.
    """
    year, _, month = period.partition("-")
    return date(int(year), int(month), 1)


def last_day(period: str) -> date:
    """The last business date of a period."""
    first = first_day(period)
    return first.replace(day=monthrange(first.year, first.month)[1])


def previous_period(period: str) -> str:
    """The period before."""
    return period_of(first_day(period) - timedelta(days=1))


def next_period(period: str) -> str:
    """The period that follows."""
    first = first_day(period)
    return period_of(date(first.year + first.month // 12, first.month % 12 + 1, 1))
