"""What drove the episodes of a KPI: its segments, since the onset, against the times in which nothing was wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.alerts.evaluation import drifts
from services.alerts.evaluation.drifts import Past, Span
from services.alerts.evaluation.episodes import Driver, Episode, Findings
from services.alerts.evaluation.same_phase import phases
from services.alerts.evaluation.totals import Course, Where
from services.alerts.kpis import PERSONAL, WatchedKpi
from shared.calendars import CompanyCalendar
from shared.drift.charts import PER_YEAR
from shared.drift.drivers import NotComparableError, Segments, drivers, segments_of
from shared.drift.series import Assessment, Excluded, Grain, Recovery

_DAY: Final = timedelta(days=1)
_SETTLED: Final = timedelta(weeks=13)
"""Of a level that has become the normal one, the time that is learned from: its last quarter."""


Rows: TypeAlias = dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]
"""Of each segment its numerators and denominators, by span; blank where they are of too few people to be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The segments of a KPI by dimension, over the spans of its past."""

    past: Past
    known_on: Sequence[date]
    """When the values of each span are known."""
    by_dimension: Mapping[str, Rows]
    calendar: CompanyCalendar


def parts_of(
    watched: WatchedKpi, by_place: Mapping[Where, Course], *, currency: str, over: Span, calendar: CompanyCalendar
) -> Parts | None:
    """The segments of a KPI in a currency between two dates; None where it has none, or is no ratio of sums."""
    if watched.kpi.statistic is not None or not watched.kpi.segments:
        return None
    since, as_of = over
    past = drifts.past_of_segments(watched.kpi, since=since, as_of=as_of, calendar=calendar)
    rows: dict[str, Rows] = defaultdict(dict)
    for where, course in by_place.items():
        if where.dimension and where.currency == currency:
            made = drifts.series(watched, course, past=past, as_of=as_of, calendar=calendar)
            assert made.numerators is not None
            assert made.denominators is not None
            rows[where.dimension][where.segment] = (made.numerators, made.denominators)
    return Parts(
        past=past,
        known_on=[drifts.known_on(last, watched.kpi.known_after, calendar=calendar) for _, last in past.spans],
        by_dimension=rows,
        calendar=calendar,
    )


def driven(
    findings: Findings, parts: Parts, *, assessment: Assessment | None, explained: Sequence[Excluded]
) -> Findings:
    """The findings with what drove each of their episodes.

    Args:
        findings: of a whole, by one detector.
        parts: its segments.
        assessment: by which a drift was found; it knows which episodes ended in a new normal.
        explained: times that somebody has explained.
    """
    apart = [(each.first, each.last) for each in explained if (each.known_on or date.min) <= findings.as_of]
    new_normals = set()
    if assessment is not None and findings.subject.detector == "drift":
        new_normals = {each.alerts[0].onset for each in assessment.episodes if each.recovery is Recovery.NEW_NORMAL}
    told: list[Episode] = []
    for episode in findings.episodes:
        told.append(replace(episode, drivers=tuple(_drivers(episode, parts, apart=apart))))
        over = episode.recovered_on
        if over is not None:
            is_new = episode.onset in new_normals
            apart.append((date.min, over - _SETTLED) if is_new else (episode.onset, over - _DAY))
    return replace(findings, episodes=tuple(told))


def _drivers(episode: Episode, parts: Parts, *, apart: Sequence[Span]) -> Iterator[Driver]:
    """Those of the dimension that explains the change best; where it is one of persons, also those of the best of the
    others, for who may not read what is near to somebody's pay.
    """
    reference, since = compared(parts, onset=episode.onset, until=episode.recovered_on, apart=apart)
    upward = episode.direction == "up"
    told = dict(_told(parts.by_dimension, reference | since))
    try:
        change = drivers(told, reference=reference, since=since, upward=upward)
    except NotComparableError:
        return
    if change.delta == 0 or (change.delta > 0) is not upward:
        return  # what was expected is no mean of those times, and their difference another change than the one found
    for each in change.top(other_than=PERSONAL):
        yield Driver(
            dimension=each.dimension,
            segment=each.segment,
            contribution=each.contribution,
            share=each.contribution / change.delta,
        )


def _told(by_dimension: Mapping[str, Rows], over: NDArray[np.bool_]) -> Iterator[tuple[str, Segments]]:
    """The dimensions of which every segment can be told over some spans: what is said of its fellows would tell the one
    that cannot by difference.
    """
    for dimension, rows in by_dimension.items():
        if all(np.isfinite(column[over]).all() for row in rows.values() for column in row):
            known = {name: (np.nan_to_num(above), np.nan_to_num(below)) for name, (above, below) in rows.items()}
            yield dimension, segments_of(known, ratio=True)


def compared(
    parts: Parts, *, onset: date, until: date | None, apart: Sequence[Span]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The spans with which those of an episode are compared, and those: as many as a year has, of those before it that
    are not in times set apart, the ones at the same places of their quarters. What the last weeks of a quarter bring
    every time is no driver, and what was wrong before is no part of what is normal.
    """
    over, grain = parts.past.spans, parts.past.grain
    since = np.array([last >= onset for _, last in over], dtype=np.bool_)
    before = int(np.argmax(since)) if since.any() else len(over)
    if until is not None:
        # At least the span of the onset: a shock of one day is over before its week is.
        since[before + 1 :] &= np.array([known < until for known in parts.known_on[before + 1 :]], dtype=np.bool_)
    normal = [place for place in range(before) if not _is_apart(over[place], apart)]
    reference = np.zeros(len(over), dtype=np.bool_)
    reference[normal[-PER_YEAR[grain] :]] = True
    if over and grain is not Grain.QUARTER:
        places = np.array(phases(grain, [first for first, _ in over], calendar=parts.calendar))
        reference &= np.isin(places, places[since])
    return reference, since


def _is_apart(span: Span, apart: Sequence[Span]) -> bool:
    first, last = span
    return any(begin <= last and first <= end for begin, end in apart)
