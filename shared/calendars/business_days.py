"""Business days: those on which work is done in a place, which are neither of its weekend nor a public holiday."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from holidays import HolidayBase, country_holidays

from shared.calendars.days import Counts, Days, Flags, as_days, days_between


class BusinessDays:
    """The business days of a country or a part of it; without a country Monday to Friday, and no holidays.

    One day at a time, and of many days as arrays. The holidays of a year are worked out when somebody first asks about
    a day in it, and kept.
    """

    def __init__(self, holidays: HolidayBase) -> None:
        self._holidays = holidays
        self._years: dict[int, Flags] = {}

    def is_business_day(self, day: date) -> bool:
        """Whether a day is one."""
        return self._holidays.is_working_day(day)

    def moved(self, day: date, count: int) -> date:
        """The business day so many business days after a day, or before it where `count` is negative; not zero."""
        moved: date = self._holidays.get_nth_working_day(day, count)
        return moved

    def between(self, first: date, last: date) -> list[date]:
        """The business days from the first to the last day."""
        days = days_between(first, last)
        found: list[date] = days[self.are_business_days(days)].tolist()
        return found

    def are_business_days(self, dates: Sequence[date] | npt.NDArray[Any]) -> Flags:
        """Of each date whether it is one."""
        days = as_days(dates)
        known, first = self._known(days)
        return known[_since(first, days)]

    def are_holidays(self, dates: Sequence[date] | npt.NDArray[Any]) -> Flags:
        """Of each date whether it is a public holiday; one that falls on a weekend is none here."""
        days = as_days(dates)
        off = ~self.are_business_days(days)
        off[off] = [not self._holidays.is_weekend(day) for day in days[off].tolist()]
        return off

    def count(self, firsts: Sequence[date] | npt.NDArray[Any], lasts: Sequence[date] | npt.NDArray[Any]) -> Counts:
        """How many business days there are from each first to each last day; none where the last comes before."""
        first, last = np.broadcast_arrays(as_days(firsts), as_days(lasts))
        known, begin = self._known(np.concatenate([first.ravel(), last.ravel()]))
        before = np.concatenate([[0], np.cumsum(known)])
        counts: Counts = before[_since(begin, last) + 1] - before[_since(begin, first)]
        return np.maximum(counts, 0)

    def _known(self, days: Days) -> tuple[Flags, np.datetime64]:
        """Whether each day of whole years around some days is a business day, and the first of those days."""
        if not days.size:
            return np.zeros(0, dtype=np.bool_), np.datetime64(0, "D")
        first, last = days.min().item().year, days.max().item().year
        flags = np.concatenate([self._year(year) for year in range(first, last + 1)])
        return flags, np.datetime64(date(first, 1, 1), "D")

    def _year(self, year: int) -> Flags:
        if year not in self._years:
            days = days_between(date(year, 1, 1), date(year, 12, 31)).tolist()
            self._years[year] = np.array([self.is_business_day(day) for day in days], dtype=np.bool_)
        return self._years[year]


@lru_cache(maxsize=64)
def business_days(country: str | None = None, subdivision: str | None = None) -> BusinessDays:
    """The business days of a country (ISO 3166), or of a part of it with holidays of its own (ISO 3166-2).

    Raises:
        ValueError: the holidays of the place are not known, or a part is named without its country.
    """
    if country is None:
        if subdivision is not None:
            raise ValueError("a subdivision needs its country")
        return BusinessDays(HolidayBase())
    try:
        return BusinessDays(country_holidays(country, subdivision))
    except NotImplementedError:  # the library's way to say that it does not know a country or a part of it
        where = country if subdivision is None else f"{subdivision} of {country}"
        raise ValueError(f"the holidays of {where} are not known") from None


def _since(first: np.datetime64, days: Days) -> Counts:
    return (days - first).astype(np.int64)
