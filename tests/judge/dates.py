"""Fiscal periods by walking: a period is (fiscal year, its number from 1 to 12), found day by day."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Any

Data = dict[str, Any]
PERIODS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}


def period(plan: Data, day: date) -> str:
    """The name of the period in which a day lies."""
    terms = plan.get("calendar", {})
    if not terms.get("weeks"):
        return f"{day.year}-{day.month:02d}"
    return _of_weeks(terms["weeks"], terms["first_day"], tuple(terms.get("long_years", ())))[day]


@lru_cache(maxsize=16)
def _of_weeks(pattern: str, first: date, long_years: tuple[int, ...]) -> dict[date, str]:
    """Some years from the first day on, walked day by day. The year has the number of the calendar year of its middle."""
    found: dict[date, str] = {}
    number = (first + timedelta(days=180)).year
    day = first
    while number < 2030:
        for month, weeks in enumerate([int(n) for n in pattern.split("-")] * 4, start=1):
            for _ in range(7 * (weeks + (1 if month == 12 and number in long_years else 0))):
                found[day] = f"{number}-{month:02d}"
                day += timedelta(days=1)
        number += 1
    return found


@lru_cache(maxsize=512)
def _days(weeks: str | None, first: date | None, long_years: tuple[int, ...], name: str) -> tuple[date, date]:
    plan = {"calendar": {"weeks": weeks, "first_day": first, "long_years": long_years}}
    year = int(name[:4])
    day = date(year - 1, 1, 1) if weeks is None else max(first or date.min, date(year - 1, 1, 1))
    while period(plan, day) != name:
        day += timedelta(days=1)
    last = day
    while period(plan, last + timedelta(days=1)) == name:
        last += timedelta(days=1)
    return day, last


def days(plan: Data, name: str) -> tuple[date, date]:
    """The first and the last day of a period."""
    terms = plan.get("calendar", {})
    return _days(terms.get("weeks"), terms.get("first_day"), tuple(terms.get("long_years", ())), name)


def window(plan: Data, name: str, reset: str) -> tuple[int, int]:
    """The window of a period between two resets: (fiscal year, which one in it)."""
    if reset == "never":
        return (0, 0)
    year, place = fiscal(plan, name)
    return (year, place // PERIODS[reset])


def fiscal(plan: Data, name: str) -> tuple[int, int]:
    """A period as fiscal year (named by the calendar year in which it begins) and its place from 0 to 11."""
    terms = plan.get("calendar", {})
    starts = 1 if terms.get("weeks") else terms.get("year_starts", 1)
    year, month = int(name[:4]), int(name[5:])
    return (year, month - starts) if month >= starts else (year - 1, month + 12 - starts)


def periods_of(plan: Data, name: str, reset: str) -> list[str]:
    """All periods of the window of a period, in order."""
    found = [f"{y}-{m:02d}" for y in range(int(name[:4]) - 1, int(name[:4]) + 2) for m in range(1, 13)]
    return [each for each in found if window(plan, each, reset) == window(plan, name, reset)]
