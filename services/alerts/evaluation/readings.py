"""From sums to readings: every KPI, by currency and segment, as of a business date: its value, and what is wrong.

Evaluation looks at facts and dates only, never at a clock: the same facts give the same readings at any time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

import numpy as np

from services.alerts.evaluation import drifts, thresholds
from services.alerts.evaluation.drifts import Past, Span
from services.alerts.evaluation.drivers import driven, parts_of
from services.alerts.evaluation.episodes import Episode, Findings, Incident, Subject
from services.alerts.evaluation.figures import measured
from services.alerts.evaluation.projection import Projection, projected
from services.alerts.evaluation.same_phase import samples
from services.alerts.evaluation.totals import Course, Placed, Where, courses
from services.alerts.kpis import Catalogue, Kpi, WatchedKpi
from services.alerts.kpis.columns import PERSONAL
from shared.calendars import CompanyCalendar
from shared.drift.detection import assess
from shared.drift.learning import judged_since
from shared.drift.samples import Samples, assess_samples
from shared.drift.series import Assessment, Bad, DriftSettings, Grain, Series, State
from shared.periods import first_day, month_number, month_of_number

MONTHS: Final = 40
"""How far back evaluation looks: three years, and what a quarter before them needs."""
_BAD: Final[Mapping[str, Bad]] = {"above": "up", "below": "down", "both": "both"}
_NOTHING: Final = Course((), {}, {})

Incidents = Mapping[Subject, Sequence[Incident]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """A KPI at a place as of a date. `value` is None where there are too few observations; `breached` None where it has
    no threshold, or nothing can be said. `grain` is that of its series, `spans` are the days of its points.
    """

    kpi: Kpi
    where: Where
    as_of: date
    value: Decimal | None
    observations: int
    grain: Grain
    spans: Sequence[Span] = ()
    breached: bool | None = None
    projection: Projection | None = None
    assessment: Assessment | None = None
    settings: DriftSettings | None = None
    findings: tuple[Findings, ...] = ()

    @property
    def personal(self) -> bool:
        """Whether its segment is one person."""
        return self.where.dimension in PERSONAL


def reading_of(subject: Subject, readings: Iterable[Reading]) -> Reading | None:
    """The reading of a subject's KPI at its place; None where there is none."""
    at = subject[:4]
    return next((reading for reading in readings if (reading.kpi.name, *reading.where) == at), None)


class PipelineHealth(NamedTuple):
    """How far events get: the age of the oldest that waits to be counted, how many wait, dead letters of all workers,
    and payroll batches: all, and those that should have been acknowledged by now.
    """

    lag_seconds: Decimal
    waiting: int
    dead_letters_open: int
    dead_letters_ever: int
    batches: int
    overdue_batches: int


def needed_from(as_of: date) -> date:
    """The first business date that a reading as of this date looks at."""
    return first_day(month_of_number(month_number(as_of) - MONTHS))


def evaluate_plan(
    placed: Iterable[Placed],
    catalogue: Catalogue,
    *,
    as_of: date,
    incidents: Incidents | None = None,
    before: Iterable[Reading] = (),
) -> list[Reading]:
    """Readings of the KPIs of the plan from the sums since `needed_from(as_of)`.

    Of readings from before, by the same catalogue, the assessments are taken over of series that have not changed.
    """
    by_kpi = courses(placed, catalogue)
    days = [course.days[0] for of_kpi in by_kpi.values() for course in of_kpi.values() if course.days]
    since = max(min(days, default=as_of), needed_from(as_of))
    currencies = sorted({where.currency for of_kpi in by_kpi.values() for where in of_kpi} - {""})
    readings = []
    for watched in catalogue.plan:
        of_kpi = dict(by_kpi[watched.kpi.name])
        for currency in currencies if watched.sums.by_currency else [""]:
            of_kpi.setdefault(Where(currency), _NOTHING)
        for where in sorted(of_kpi):
            course = of_kpi[where]
            past = drifts.past(watched, course, where=where, since=since, as_of=as_of, calendar=catalogue.calendar)
            readings.append(_read(watched, course, where=where, past=past, as_of=as_of, calendar=catalogue.calendar))
    known = {(reading.kpi.name, reading.where): reading for reading in before}
    return _with_drift(readings, catalogue, by_kpi=by_kpi, incidents=incidents or {}, known=known)


def evaluate_pipeline(health: PipelineHealth, catalogue: Catalogue, *, today: date) -> list[Reading]:
    """Readings of the KPIs of the pipeline. Its health is of this moment, so that a breach cannot have lasted: it is
    one at once.
    """
    figures = {name: Decimal(value) for name, value in health._asdict().items()}
    readings = []
    for watched in catalogue.pipeline:
        kpi = watched.kpi
        assert kpi.threshold is not None
        value = watched.sums.numerator.of_figures(figures)
        counts = watched.sums.observations
        observations = 0 if counts is None else int(counts.of_figures(figures))
        breached = kpi.threshold.breached(value)
        episodes: tuple[Episode, ...] = ()
        if breached:
            score = thresholds.score_of(kpi.threshold, float(value))
            episode = Episode(
                detected_on=today,
                onset=today,
                direction="up" if kpi.threshold.side == "upper" else "down",
                score=score,
                rule="threshold",
                value=value,
                expected=kpi.threshold.value,
            )
            episodes = (episode,)
        found = Findings(
            subject=Subject(kpi.name),
            as_of=today,
            known=True,
            value=value,
            expected=kpi.threshold.value,
            episodes=episodes,
        )
        readings.append(
            Reading(
                kpi=kpi,
                where=Where(),
                as_of=today,
                value=value,
                observations=observations,
                grain=kpi.grain,
                breached=breached,
                findings=(found,),
            )
        )
    return readings


def _read(
    watched: WatchedKpi, course: Course, *, where: Where, past: Past, as_of: date, calendar: CompanyCalendar
) -> Reading:
    kpi = watched.kpi
    if kpi.threshold is not None and not where.dimension:
        seen = thresholds.watch(watched, course, as_of=as_of, since=needed_from(as_of), calendar=calendar)
        found = Findings(
            subject=Subject(kpi.name, where.currency),
            as_of=as_of,
            known=seen.breached is not None,
            value=seen.now.value,
            expected=kpi.threshold.value,
            episodes=seen.episodes,
        )
        return Reading(
            kpi=kpi,
            where=where,
            as_of=as_of,
            value=seen.now.value,
            observations=seen.now.observations,
            grain=past.grain,
            spans=past.spans,
            breached=seen.breached,
            projection=projected(watched, course, as_of=as_of, calendar=calendar),
            findings=(found,),
        )
    latest = None
    if past.spans:
        first, last = past.spans[-1]
        latest = measured(watched, course, first=first, last=last, as_of=as_of)
    return Reading(
        kpi=kpi,
        where=where,
        as_of=as_of,
        value=None if latest is None else latest.value,
        observations=0 if latest is None else latest.observations,
        grain=past.grain,
        spans=past.spans,
    )


def _with_drift(
    readings: Sequence[Reading],
    catalogue: Catalogue,
    *,
    by_kpi: Mapping[str, Mapping[Where, Course]],
    incidents: Incidents,
    known: Mapping[tuple[str, Where], Reading],
) -> list[Reading]:
    """The readings with what is found by comparing series with their own past; the false alarms that are accepted are
    shared by all series that have a past to compare with.
    """
    watching: dict[int, Series] = {}
    sampled: dict[int, Samples] = {}
    for place, reading in enumerate(readings):
        course = by_kpi[reading.kpi.name].get(reading.where)
        if reading.kpi.drift is None or course is None or not reading.spans:
            continue
        watched, past = catalogue.by_name[reading.kpi.name], Past(reading.grain, reading.spans)
        if reading.kpi.drift.detector == "distribution":
            sampled[place] = samples(
                watched,
                course,
                where=reading.where,
                past=past,
                calendar=catalogue.calendar,
                bad=_BAD[reading.kpi.bad],
                excluded=drifts.explained((reading.kpi.name, *reading.where), incidents, until=reading.as_of),
            )
        else:
            watching[place] = drifts.series(
                watched, course, past=past, as_of=reading.as_of, calendar=catalogue.calendar
            )
    since = {place: day for place, made in watching.items() if (day := judged_since(made)) is not None}
    # Half of them for the whole company, which has few series, and half for all segments: these, being many, would make
    # the whole so patient that it finds nothing.
    alike: dict[bool, list[date]] = defaultdict(list)
    for place, day in since.items():
        alike[_is_segment(readings[place])].append(day)
    found = list(readings)
    for place in since:
        made, reading = watching[place], readings[place]
        settings = _settings(reading, catalogue, since=alike[_is_segment(reading)], incidents=incidents)
        assessment = _taken_over(known.get((reading.kpi.name, reading.where)), made, settings=settings)
        if assessment is None:
            assessment = assess(made, settings, calendar=catalogue.calendar)
        found[place] = _assessed(reading, assessment, settings=settings)
    for place, assessment in assess_samples(sampled).items():
        found[place] = _assessed(readings[place], assessment)
    return [_with_drivers(each, catalogue, by_place=by_kpi[each.kpi.name], incidents=incidents) for each in found]


def _is_segment(reading: Reading) -> bool:
    return reading.where.dimension != ""


def _settings(reading: Reading, catalogue: Catalogue, *, since: Sequence[date], incidents: Incidents) -> DriftSettings:
    drift = reading.kpi.drift
    assert drift is not None
    return DriftSettings(
        transform=drift.transform,
        kind=drift.kind,
        tolerance=float(drift.tolerance),
        bad=_BAD[reading.kpi.bad],
        false_alarms_per_year=float(catalogue.false_alarms_per_year / 2),
        judged_since=since,
        minimum_observations=float(drifts.minimum(reading.kpi)),
        excluded=drifts.explained((reading.kpi.name, *reading.where), incidents, until=reading.as_of),
    )


def _taken_over(before: Reading | None, made: Series, *, settings: DriftSettings) -> Assessment | None:
    if before is None or before.assessment is None or before.settings != settings:
        return None
    return before.assessment if drifts.are_alike(before.assessment.series, made) else None


def _assessed(reading: Reading, assessment: Assessment, *, settings: DriftSettings | None = None) -> Reading:
    episodes, made = drifts.episodes(assessment), assessment.series
    last = drifts.decimal(float(made.values[-1]))
    known = assessment.state is not State.LEARNING and last is not None
    score = float(assessment.scores[-1]) if np.isfinite(assessment.scores[-1]) else None
    found = Findings(
        subject=Subject(reading.kpi.name, *reading.where, "drift"),
        as_of=made.known_on(made.dates[-1].item()),  # of whole weeks and months: the last one
        known=known,
        value=last,
        expected=drifts.decimal(float(assessment.expected[-1])),
        score=None if score is None else abs(score),
        episodes=tuple(episodes),
    )
    findings = (*reading.findings, found)
    return replace(reading, assessment=assessment, settings=settings, findings=findings)


def _with_drivers(
    reading: Reading, catalogue: Catalogue, *, by_place: Mapping[Where, Course], incidents: Incidents
) -> Reading:
    """The reading with what drove its episodes: the segments of each of its dimensions."""
    if reading.where.dimension or not any(each.episodes for each in reading.findings):
        return reading
    parts = parts_of(
        catalogue.by_name[reading.kpi.name],
        by_place,
        currency=reading.where.currency,
        over=(needed_from(reading.as_of), reading.as_of),
        calendar=catalogue.calendar,
    )
    if parts is None:
        return reading
    explained = drifts.explained((reading.kpi.name, *reading.where), incidents, until=reading.as_of)
    found = tuple(driven(each, parts, assessment=reading.assessment, explained=explained) for each in reading.findings)
    return replace(reading, findings=found)
