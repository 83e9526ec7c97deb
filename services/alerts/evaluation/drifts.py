"""Whether a KPI drifts from what is expected of it: its series of whole weeks, months or quarters, assessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np

from services.alerts.evaluation.episodes import QUANTILE, Detector, Driver, Episode, Incident, Subject
from services.alerts.evaluation.figures import measured
from services.alerts.evaluation.totals import Course, Where
from services.alerts.kpis import Kpi, WatchedKpi
from shared.calendars import CompanyCalendar
from shared.drift.learning import LEAST_REFERENCE
from shared.drift.series import Assessment, Excluded, Grain, Series
from shared.periods import last_day, month_number, month_of_number

_DIGITS: Final = Decimal("0.000001")
_WEEK: Final = timedelta(weeks=1)
_DAY: Final = timedelta(days=1)
_GRAINS: Final = (Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER)
_UNKNOWN: Final = 0.1
"""The part of a span's business days that may lie before what is known."""
_DETECTORS: Final[tuple[Detector, ...]] = ("threshold", "drift")

Span = tuple[date, date]
"""The first and the last day of a point of a series."""


def spans(grain: Grain, first: date, *, before: date, calendar: CompanyCalendar, known_after: int = 0) -> list[Span]:
    """The days, weeks, months or quarters of which all is known from a day on, and before another day: some business
    days after they are over.

    One of which nearly all is known counts: in the first days of January nobody closes a deal.
    """
    found: list[Span] = []
    begin = _begin(grain, first, calendar=calendar)
    end = _end(grain, begin, calendar=calendar)
    works = calendar.business_days
    if begin < first and len(works.between(begin, first - _DAY)) > _UNKNOWN * len(works.between(begin, end)):
        begin = end + _DAY
    while known_on(end := _end(grain, begin, calendar=calendar), known_after, calendar=calendar) < before:
        if grain is not Grain.DAY or calendar.business_days.is_business_day(begin):
            found.append((begin, end))
        begin = end + _DAY
    return found


def known_on(last: date, known_after: int, *, calendar: CompanyCalendar) -> date:
    """When the value of a span is known: on its last day, or so many business days after it."""
    return calendar.business_days.moved(last, known_after) if known_after else last


def _begin(grain: Grain, day: date, *, calendar: CompanyCalendar) -> date:
    if grain is Grain.WEEK:
        return day - timedelta(days=day.weekday())
    if grain is Grain.MONTH:
        return day.replace(day=1)
    return day if grain is Grain.DAY else calendar.bounds([day], "quarter")[0][0].item()


def _end(grain: Grain, begin: date, *, calendar: CompanyCalendar) -> date:
    if grain is Grain.WEEK:
        return begin + _WEEK - _DAY
    if grain is Grain.MONTH:
        return last_day(month_of_number(month_number(begin)))
    return begin if grain is Grain.DAY else calendar.bounds([begin], "quarter")[1][0].item()


def finest(kpi: Kpi, dimension: str) -> Grain:
    """The finest grain that a series may have: of segments a week, by which their sums are kept."""
    return Grain.WEEK if dimension and kpi.grain is Grain.DAY else kpi.grain


class Past(NamedTuple):
    """How the past of a series is divided."""

    grain: Grain
    spans: Sequence[Span]


def past(
    watched: WatchedKpi, course: Course, *, where: Where, since: date, as_of: date, calendar: CompanyCalendar
) -> Past:
    """The past of a series, of a company that is known since a day, by the finest grain at which most of its first
    values have the observations that they need: what nine deals a week say nothing of, forty a month do.

    It is decided by the values that have to be known before one is judged, and so is kept.
    """
    least, own = minimum(watched.kpi), next((day for day in course.days if day >= since), as_of)
    wanted = finest(watched.kpi, where.dimension)
    whole = partial(spans, first=since, before=as_of, calendar=calendar, known_after=watched.kpi.known_after)
    pasts = [
        Past(grain, [span for span in whole(grain) if span[1] >= own]) for grain in _GRAINS[_GRAINS.index(wanted) :]
    ]
    for each in pasts:
        first = each.spans[: LEAST_REFERENCE[each.grain]]
        counted = [measured(watched, course, first=begin, last=end, as_of=as_of).observations for begin, end in first]
        if counted and np.median(counted) >= least:
            return each
    return pasts[0]


def past_of_segments(kpi: Kpi, *, since: date, as_of: date, calendar: CompanyCalendar) -> Past:
    """The past of all segments of a KPI by the spans in which they are kept, whatever the grain of each series is."""
    grain = finest(kpi, "any")
    return Past(grain, spans(grain, since, before=as_of, calendar=calendar, known_after=kpi.known_after))


def minimum(kpi: Kpi) -> int:
    """How many observations a point needs. Of events it is known how far chance moves them, however few they are of."""
    return 1 if kpi.drift is not None and kpi.drift.kind in ("counts", "shares") else kpi.minimum


def series(
    watched: WatchedKpi,
    course: Course,
    *,
    past: Past,
    as_of: date,
    calendar: CompanyCalendar,
) -> Series:
    """The series of a KPI over its past, each point dated by its first day; blank where it has no value."""
    least = minimum(watched.kpi)
    points = [
        measured(watched, course, first=first, last=last, as_of=as_of, minimum=least) for first, last in past.spans
    ]
    ratio, after = watched.kpi.statistic is None, watched.kpi.known_after
    return Series(
        grain=past.grain,
        dates=np.array([first for first, _ in past.spans], dtype="datetime64[D]"),
        ends=np.array([known_on(last, after, calendar=calendar) for _, last in past.spans], dtype="datetime64[D]"),
        values=_floats(point.value for point in points),
        numerators=_floats(point.numerator for point in points) if ratio else None,
        denominators=_floats(point.denominator for point in points) if ratio else None,
        observations=_floats(point.observations for point in points),
    )


def are_alike(one: Series, other: Series) -> bool:
    """Whether two series say the same of the same dates."""
    columns = zip(vars(one).values(), vars(other).values(), strict=True)
    return one.grain is other.grain and all(
        mine is theirs or (mine is not None and theirs is not None and np.array_equal(mine, theirs, equal_nan=True))
        for mine, theirs in columns
    )


def episodes(assessment: Assessment) -> list[Episode]:
    """The episodes of an assessment. They are told at the end of the span that showed them: a system that looks at
    whole weeks knows of one when it is over.
    """
    known_on, found = assessment.series.known_on, []
    for each in assessment.episodes:
        first = each.alerts[0]
        recovered = None if each.recovered_on is None else known_on(each.recovered_on)
        found.append(
            Episode(
                detected_on=known_on(first.detected_on),
                onset=first.onset,
                direction=first.direction.value,
                score=abs(first.score),
                rule=first.rule.value,
                value=decimal(first.value) or Decimal(0),
                expected=decimal(first.expected),
                recovered_on=recovered,
                drivers=_moved(assessment) if each.recovered_on is None else (),
                recovered_value=None if each.recovered_on is None else _value_on(assessment.series, each.recovered_on),
            )
        )
    return found


def _moved(assessment: Assessment) -> tuple[Driver, ...]:
    """Of values of many, by how much each quantile moved; the shares are of all that moved."""
    moved = {part: seen - expected for part, (expected, seen) in assessment.quantiles.items()}
    whole = sum(abs(by) for by in moved.values()) or 1.0
    return tuple(
        Driver(dimension=QUANTILE, segment=f"p{part * 100:.0f}", contribution=by, share=abs(by) / whole)
        for part, by in moved.items()
    )


def _value_on(of: Series, day: date) -> Decimal | None:
    [place] = np.flatnonzero(of.dates == np.datetime64(day, "D"))
    return decimal(float(of.values[place]))


def explained(
    at: tuple[str, str, str, str], incidents: Mapping[Subject, Sequence[Incident]], *, until: date
) -> tuple[Excluded, ...]:
    """The times of a KPI at a place that are no part of what is normal, because somebody has explained them."""
    return tuple(
        Excluded(first=each.first, last=each.last or until, known_on=each.known_on)
        for detector in _DETECTORS
        for each in incidents.get(Subject(*at, detector), ())
    )


def decimal(value: float) -> Decimal | None:
    """A figure of a series for people; None where it is missing."""
    return Decimal(value).quantize(_DIGITS) if np.isfinite(value) else None


def _floats(values: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)
