"""Where a month ends if it goes on as months do: what it has come to, by the part that other months had by then."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

import numpy as np

from services.alerts.evaluation.figures import measured
from services.alerts.evaluation.totals import Course
from services.alerts.kpis import WatchedKpi
from shared.calendars import CompanyCalendar
from shared.periods import first_day, last_day, month_number, month_of_number

MONTHS: Final = 12
LEAST_MONTHS: Final = 6
_DIGITS: Final = Decimal("0.000001")


class Projection(NamedTuple):
    """The value at the end of the month, and the interval in which it ends in 8 of 10 months."""

    value: Decimal
    low: Decimal
    high: Decimal


def projected(watched: WatchedKpi, course: Course, *, as_of: date, calendar: CompanyCalendar) -> Projection | None:
    """The projection of a KPI with a pace whose course in other months is known; None while too little is known.

    Of each of the twelve months before, it looks which part of what the month came to was there when as many business
    days were left: months are alike at their end and not at their beginning. What there is so far is divided by the
    median of these parts; the interval is that of their 10th and 90th percentile.
    """
    pace, counted = watched.kpi.pace, watched.sums.course
    if pace is None or counted is None:
        return None
    number = month_number(as_of)
    first, last = first_day(month_of_number(number)), last_day(month_of_number(number))
    at = measured(watched, course, first=first, last=last, as_of=as_of)
    passed = int(calendar.business_days_passed([as_of], "month")[0])
    if at.value is None or passed < pace.from_business_day:
        return None
    left = int(calendar.business_days_left([as_of], "month")[0])
    parts = [
        part
        for back in range(1, MONTHS + 1)
        if (part := _part(counted.key, course, month=number - back, left=left, calendar=calendar)) is not None
    ]
    if len(parts) < LEAST_MONTHS or min(parts) <= 0:
        return None
    low, median, high = np.quantile(parts, [0.1, 0.5, 0.9])
    return Projection(*((at.value / Decimal(float(part))).quantize(_DIGITS) for part in (median, high, low)))


def _part(key: str, course: Course, *, month: int, left: int, calendar: CompanyCalendar) -> float | None:
    """Which part of what a month came to was there when so many of its business days were left."""
    first, last = first_day(month_of_number(month)), last_day(month_of_number(month))
    whole = course.between(key, first, last=last)
    days = calendar.business_days.between(first, last)
    if whole <= 0 or len(days) <= left:
        return None
    return course.between(key, first, last=days[len(days) - left - 1]) / whole
