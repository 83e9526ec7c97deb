"""Where a month or quarter ends if it goes on as they do: what it has come to, by the part that others had by then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

import numpy as np

from services.alerts.evaluation.figures import measured
from services.alerts.evaluation.totals import Course
from services.alerts.kpis import WatchedKpi
from services.alerts.kpis.model import Pace
from shared.calendars import CompanyCalendar
from shared.periods import first_day, last_day, period_of

MOST: Final = 12
LEAST: Final = 6
"""Months (or quarters, years) before this one that are looked at, and that have to be known."""
_DAY: Final = timedelta(days=1)
_DIGITS: Final = Decimal("0.000001")


class Projection(NamedTuple):
    """The value at the end, and the interval in which 8 of 10 months, or quarters, end."""

    value: Decimal
    low: Decimal
    high: Decimal


def projected(watched: WatchedKpi, course: Course, *, as_of: date, calendar: CompanyCalendar) -> Projection | None:
    """The projection of a KPI with a pace whose course in other months is known; None while too little is known.

    Of each of the twelve months before (or quarters), it looks which part of what it came to was there when as many
    business days were left: they are alike at their end and not at their beginning. What there is so far is divided by
    the median of these parts; the interval is that of their 10th and 90th percentile.
    """
    pace, counted = watched.kpi.pace, watched.sums.course
    if pace is None or counted is None:
        return None
    month = period_of(as_of)
    at = measured(watched, course, first=first_day(month), last=last_day(month), as_of=as_of)
    if at.value is None or int(calendar.business_days_passed([as_of], pace.within)[0]) < pace.from_business_day:
        return None
    parts = list(_parts(counted.key, course, pace=pace, as_of=as_of, calendar=calendar))
    if len(parts) < LEAST or min(parts) <= 0:
        return None
    low, median, high = np.quantile(parts, [0.1, 0.5, 0.9])
    return Projection(*((at.value / Decimal(float(part))).quantize(_DIGITS) for part in (median, high, low)))


def _parts(key: str, course: Course, *, pace: Pace, as_of: date, calendar: CompanyCalendar) -> Iterator[float]:
    """Of each month (or quarter) before, which part of what it came to was there when so many of its business days were
    left.
    """
    left = int(calendar.business_days_left([as_of], pace.within)[0])
    day = as_of
    for _ in range(MOST):
        day = calendar.bounds([day], pace.within)[0][0].item() - _DAY
        first = calendar.bounds([day], pace.within)[0][0].item()
        whole, days = course.between(key, first, last=day), calendar.business_days.between(first, day)
        if whole > 0 and len(days) > left:
            yield course.between(key, first, last=days[len(days) - left - 1]) / whole
