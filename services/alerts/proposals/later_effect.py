"""What became of a KPI after an accepted change: the same phases before and after, compared pair by pair.

A year has its seasons, so a week, month or quarter after the change is compared with the one of the year before. That
compares two times and proves no cause: whatever else changed in between is in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import atan, cos, exp, lgamma, log, pi, sqrt
from statistics import fmean, stdev
from typing import Final, Literal, NamedTuple

from shared.contracts.alerts import Direction
from shared.drift.series import Grain

Verdict = Literal["supported", "not distinguishable", "contradicted"]

LEAST: Final = 3
"""Pairs, from which on there is an interval."""
LEVEL: Final = 0.95
_WEEKS: Final = timedelta(days=364)
"""A year of whole weeks."""
_NEAR: Final = 10
"""Days by which the beginnings of two months or quarters of the same phase may differ."""
_STEPS: Final = 400


class Point(NamedTuple):
    """The value of a KPI of a whole day, week, month or quarter, from its first to its last day."""

    first: date
    last: date
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterEffect:
    """The KPI after the change against the same phases before it.

    `difference` is the mean of `pairs` differences, `low` and `high` its 95 % interval by Student's t, both None below
    `LEAST` pairs. `verdict` says whether the KPI went where the change was to bring it.
    """

    pairs: int
    before: float | None
    after: float | None
    difference: float | None
    low: float | None
    high: float | None
    verdict: Verdict


def later_effect(points: Sequence[Point], *, effective_from: date, grain: Grain, wanted: Direction) -> LaterEffect:
    """What became of a KPI that a change was to bring up or down.

    Args:
        points: the KPI's series.
        effective_from: the first day of the change.
        grain: how far points lie apart.
        wanted: where the KPI was to go.
    """
    by_first = {point.first: point for point in points}
    pairs = [
        (before.value, point.value)
        for point in points
        if effective_from <= point.first
        if (before := _year_before(by_first, point, grain=grain)) is not None and before.last < effective_from
    ]
    if not pairs:
        return LaterEffect(
            pairs=0, before=None, after=None, difference=None, low=None, high=None, verdict="not distinguishable"
        )
    differences = [after - before for before, after in pairs]
    mean, low, high = fmean(differences), None, None
    if len(pairs) >= LEAST:
        reach = t_quantile((1 + LEVEL) / 2, len(pairs) - 1) * stdev(differences) / sqrt(len(pairs))
        low, high = mean - reach, mean + reach
    return LaterEffect(
        pairs=len(pairs),
        before=fmean(before for before, _ in pairs),
        after=fmean(after for _, after in pairs),
        difference=mean,
        low=low,
        high=high,
        verdict=_verdict(low, high, wanted=wanted),
    )


def t_quantile(probability: float, freedom: int) -> float:
    """A quantile of Student's t above the middle, right to six digits."""
    low, high = 0.0, 1000.0
    while high - low > 1e-9 * (1 + low):
        middle = (low + high) / 2
        low, high = (middle, high) if _t_above_zero(middle, freedom) < probability - 0.5 else (low, middle)
    return low


def _t_above_zero(value: float, freedom: int) -> float:
    """The probability that t lies between 0 and a value: with t = sqrt(freedom) tan(angle) a power of a cosine, by
    Simpson's rule.
    """
    scale = exp(lgamma((freedom + 1) / 2) - lgamma(freedom / 2) - 0.5 * log(pi))
    end = atan(value / sqrt(freedom))
    width = end / _STEPS
    weights = [1 if step in (0, _STEPS) else 4 if step % 2 else 2 for step in range(_STEPS + 1)]
    total = sum(weight * cos(step * width) ** (freedom - 1) for step, weight in enumerate(weights))
    return scale * total * width / 3


def _verdict(low: float | None, high: float | None, *, wanted: Direction) -> Verdict:
    if low is None or high is None or low <= 0 <= high:
        return "not distinguishable"
    return "supported" if (low > 0) == (wanted == "up") else "contradicted"


def _year_before(points: Mapping[date, Point], point: Point, *, grain: Grain) -> Point | None:
    """The point of the same phase a year before; a month or fiscal quarter need not begin on the same date."""
    near = 0 if grain in (Grain.DAY, Grain.WEEK) else _NEAR
    days = sorted(range(-near, near + 1), key=abs)
    found = (points.get(point.first - _WEEKS + timedelta(days=each)) for each in days)
    return next((each for each in found if each is not None), None)
