"""Fiscal periods by walking: a fiscal period is (fiscal year, its place from 0 to 11), found day by day. A month is a
text, `2025-03`.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Any

Data = dict[str, Any]
Fiscal = tuple[int, int]
PERIODS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}


def month(day: date) -> str:
    """The calendar month in which a day lies."""
    return f"{day.year}-{day.month:02d}"


def fiscal(plan: Data, day: date) -> Fiscal:
    """The fiscal period in which a day lies."""
    terms = plan.get("calendar", {})
    after = terms.get("named_after")
    if not terms.get("weeks"):
        starts = terms.get("year_starts", 1)
        year, place = (day.year, day.month - starts) if day.month >= starts else (day.year - 1, day.month + 12 - starts)
        ends_later = starts > 1 and (after == "end" or (after is None and starts > 7))
        return (year + 1 if ends_later else year), place
    long_years, longer = tuple(terms.get("long_years", ())), terms.get("long_period", 12)
    return _of_weeks(terms["weeks"], terms["first_day"], long_years, longer, after)[day]


@lru_cache(maxsize=64)
def _of_weeks(
    pattern: str, first: date, long_years: tuple[int, ...], longer: int, after: str | None
) -> dict[date, Fiscal]:
    """Some years from the first day on, walked day by day."""
    found: dict[date, Fiscal] = {}
    number = {
        "start": first + timedelta(days=14),
        None: first + timedelta(days=180),
        "end": first + timedelta(days=350),
    }[after].year
    day = first
    while number < 2030:
        for place, weeks in enumerate([int(n) for n in pattern.split("-")] * 4):
            for _ in range(7 * (weeks + (1 if place + 1 == longer and number in long_years else 0))):
                found[day] = number, place
                day += timedelta(days=1)
        number += 1
    return found


@lru_cache(maxsize=4096)
def _days(terms: tuple[tuple[str, Any], ...], of: Fiscal) -> tuple[date, date]:
    plan = {"calendar": dict(terms)}
    first = plan["calendar"].get("first_day")
    day = date(of[0] - 2, 1, 1) if first is None else max(first, date(of[0] - 2, 1, 1))
    while fiscal(plan, day) != of:
        day += timedelta(days=1)
    last = day
    while fiscal(plan, last + timedelta(days=1)) == of:
        last += timedelta(days=1)
    return day, last


def days(plan: Data, of: Fiscal) -> tuple[date, date]:
    """The first and the last day of a fiscal period."""
    terms = plan.get("calendar", {})
    return _days(tuple((name, tuple(v) if isinstance(v, list) else v) for name, v in sorted(terms.items())), of)


def ends_in(plan: Data, of: Fiscal) -> str:
    """The month in which a fiscal period ends."""
    return month(days(plan, of)[1])


def window(of: Fiscal, reset: str) -> tuple[int, int]:
    """The window of a fiscal period between two resets: (fiscal year, which one in it)."""
    return (0, 0) if reset == "never" else (of[0], of[1] // PERIODS[reset])


def over(measure: Data) -> str | int:
    """Over which time a measure adds up: until it begins anew, or the last so many fiscal periods."""
    return measure.get("rolling") or str(measure.get("reset", "month"))


def counts_at(of: Fiscal, here: Fiscal, measure: Data) -> bool:
    """Whether what was credited in one fiscal period, up to another, is in the window of a measure there."""
    reset = over(measure)
    return of in periods_of(here, reset) if isinstance(reset, int) else window(of, reset) == window(here, reset)


def periods_of(of: Fiscal, reset: str | int) -> list[Fiscal]:
    """All fiscal periods of the window of one, in order; of a number the last so many, with the one itself."""
    if isinstance(reset, int):
        last = of[0] * 12 + of[1]
        return [divmod(number, 12) for number in range(last - reset + 1, last + 1)]
    found = [(year, place) for year in range(of[0] - 1, of[0] + 2) for place in range(12)]
    return [each for each in found if window(each, reset) == window(of, reset)]
