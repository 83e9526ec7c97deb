"""The value of a KPI over some days: a ratio of sums, or a statistic of counted values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from services.alerts.evaluation.totals import Course, Levels, together
from services.alerts.kpis import WatchedKpi
from services.alerts.kpis.columns import LEAST_PEOPLE, SCALE
from services.alerts.kpis.model import QUANTILES, Pace, Statistic
from services.alerts.kpis.sums import OPEN, CountedSum
from shared.calendars import CompanyCalendar

_DIGITS: Final = Decimal("0.000001")
_TOP: Final = 10
"""One in ten, for the share of the largest tenth."""


class Measurement(NamedTuple):
    """The value, None where there is none or too few observations; how many those are; and of a ratio its sums."""

    value: Decimal | None
    observations: int
    numerator: Decimal | None = None
    denominator: Decimal | None = None


def measured(
    watched: WatchedKpi, course: Course, *, first: date, last: date, as_of: date, minimum: int | None = None
) -> Measurement:
    """A KPI over the days from the first to the last, as it is known on a date; with fewer observations than the
    minimum, by default its own, it has no value.
    """
    kpi, sums = watched.kpi, watched.sums
    told = tells_nobodys_pay(watched, course, first=first, last=last)
    minimum = kpi.minimum if minimum is None else minimum
    if kpi.statistic is not None:
        levels = course.levels_between(sums.numerator.key, first, last=last)
        observations = sum(count for _, counted in levels for count in counted.values())
        value = _statistic(kpi.statistic, levels, as_of=as_of) if told else None
        return Measurement(_enough(value, observations, minimum=minimum), observations)
    assert sums.denominator is not None
    above = Decimal(course.between(sums.numerator.key, first, last=last)) / sums.numerator.scale
    below = Decimal(course.between(sums.denominator.key, first, last=last)) / sums.denominator.scale
    counts = sums.observations or sums.denominator
    observations = course.between(counts.key, first, last=last) // counts.scale
    if not told:
        return Measurement(None, observations)
    value = (above * kpi.per / below).quantize(_DIGITS) if below > 0 else None
    return Measurement(_enough(value, observations, minimum=minimum), observations, above, below / kpi.per)


def tells_nobodys_pay(watched: WatchedKpi, course: Course, *, first: date, last: date) -> bool:
    """Whether what a KPI is over some days is of nobody's pay, or of so many people's that it is none of theirs."""
    counted = (_people(each, course, first=first, last=last) for each in watched.sums.people)
    return not any(0 < people < LEAST_PEOPLE for people in counted)


def _people(counted: CountedSum, course: Course, *, first: date, last: date) -> int:
    """How many people at least stand behind a sum: who is in it over several months, plans or runs is one."""
    levels = course.levels_within(counted.key, first, last=last)
    return len(levels) if counted.source == "earnings" else max(levels, default=0) // SCALE


def of_pace(at: Measurement, day: date, *, pace: Pace, calendar: CompanyCalendar) -> Measurement:
    """A measurement of a month, quarter or year so far as a pace: divided by the share of its business days that have
    passed.
    """
    passed = int(calendar.business_days_passed([day], pace.within)[0])
    whole = passed + int(calendar.business_days_left([day], pace.within)[0])
    if at.value is None or passed < pace.from_business_day:
        return Measurement(None, at.observations)
    assert at.numerator is not None
    assert at.denominator is not None
    value = (at.numerator * whole / (at.denominator * passed)).quantize(_DIGITS)
    return at._replace(value=value)


def _enough(value: Decimal | None, observations: int, *, minimum: int) -> Decimal | None:
    # No value and not a poor one: a rate of three deals would open an alert by chance, and close one.
    return value if observations >= minimum else None


def _statistic(statistic: Statistic, levels: Sequence[tuple[date, Levels]], *, as_of: date) -> Decimal | None:
    if statistic == "median_time":
        return _median_time(levels, as_of)
    values = list(together(levels).items())
    if not values:
        return None
    if statistic == "gini":
        return _gini(values)
    if statistic == "top_share":
        return _top_share(values)
    return (_quantile(values, QUANTILES[statistic]) / SCALE).quantize(_DIGITS)


def _quantile(values: Sequence[tuple[int, int]], part: Decimal) -> Decimal:
    """Between the two values around the place of a part of them, as `numpy.quantile` does it."""
    place = part * (sum(count for _, count in values) - 1)
    lower = int(place)
    return _at(values, lower) + (place - lower) * (_at(values, lower + 1) - _at(values, lower))


def _at(values: Sequence[tuple[int, int]], place: int) -> int:
    passed = 0
    for level, count in values:
        passed += count
        if place < passed:
            return level
    return values[-1][0]


def _gini(values: Sequence[tuple[int, int]]) -> Decimal | None:
    """Of values in ascending order: sum((2 rank - n - 1) value) / (n sum(value)); a level's ranks follow each other."""
    number, total = sum(count for _, count in values), sum(level * count for level, count in values)
    if total <= 0 or values[0][0] < 0:
        return None
    ranked, passed = 0, 0
    for level, count in values:
        ranks = count * (2 * passed + count + 1) // 2
        ranked += level * (2 * ranks - count * (number + 1))
        passed += count
    return (Decimal(ranked) / (number * total)).quantize(_DIGITS)


def _top_share(values: Sequence[tuple[int, int]]) -> Decimal | None:
    number, total = sum(count for _, count in values), sum(level * count for level, count in values)
    if total <= 0:
        return None
    wanted, top = max(number // _TOP, 1), 0
    for level, count in reversed(values):
        taken = min(count, wanted)
        top, wanted = top + taken * level, wanted - taken
    return (Decimal(top) / total).quantize(_DIGITS)


def _median_time(levels: Sequence[tuple[date, Levels]], as_of: date) -> Decimal | None:
    """The first time after which at most half have not ended, by the product-limit estimate (Kaplan and Meier, 1958).

    What is open on a day counts with the days since then, as long as it was at risk; None where more than half last
    longer than has been seen.
    """
    ended: Counter[int] = Counter()
    left: Counter[int] = Counter()
    for day, of_day in levels:
        for level, count in of_day.items():
            if level == OPEN:
                left[max((as_of - day).days, 0)] += count
            else:
                ended[int(level) // SCALE] += count
    at_risk = sum(ended.values()) + sum(left.values())
    lasting = Decimal(1)
    for time in sorted(ended.keys() | left.keys()):
        if ended[time] and at_risk > 0:
            lasting *= 1 - Decimal(ended[time]) / at_risk
            if lasting <= Decimal("0.5"):
                return Decimal(time)
        at_risk -= ended[time] + left[time]
    return None
