"""What the HTTP interface gives of KPIs."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from services.alerts.evaluation.drifts import Span, decimal
from services.alerts.evaluation.readings import Reading
from services.alerts.evaluation.thresholds import days_of
from services.alerts.kpis import built_in
from services.alerts.kpis.columns import LEAST_PEOPLE
from shared.contracts.alerts import About, Direction
from shared.drift.series import Assessment, Series, State
from shared.problems import NotFound

StateName = Literal["learning", "steady", "suspect", "drifting", "recovered"]


class HealthyView(BaseModel):
    """The range that is published as usual, and by whom."""

    least: Decimal | None
    most: Decimal | None
    source: str


class ProjectionView(BaseModel):
    """Attainment at the end of the month, and the interval in which it ends in 8 of 10 months."""

    value: Decimal
    low: Decimal
    high: Decimal


def missing(reading: Reading) -> str | None:
    """What a reading has too little of to have a value, or to be judged, in words."""
    kpi, drift = reading.kpi, reading.kpi.drift
    if reading.value is None and reading.observations < kpi.minimum:
        return f"{reading.observations} of the {kpi.minimum} {kpi.observed} that it needs"
    if reading.value is None and kpi.pace is not None:
        return f"it is known from business day {kpi.pace.from_business_day} of the {kpi.pace.within} on"
    if reading.value is None and reading.observations == 0:
        return f"no {kpi.observed}"
    if reading.value is None:
        return f"it has no value, or one that would tell the pay of fewer than {LEAST_PEOPLE} people"
    if drift is not None and (reading.assessment is None or reading.assessment.state is State.LEARNING):
        return "too little of its past is known to say what is normal"
    return None


class SpanView(BaseModel):
    """A whole day, week, month or quarter, and the value of a KPI over it."""

    first: date
    last: date
    value: Decimal | None


class KpiView(BaseModel):
    """A KPI as of a business date. `value` is of the days from `first` to `last`: the window of its threshold, of
    segments and where it has none the latest whole week, month or quarter. It is null where there are fewer
    observations than `minimum`.

    `breached` is null where it has no threshold or nothing can be said; an alert is then held as it is. `currency` is
    null for the whole company, `dimension` and `segment` for all of it. `state` is what the detector says of its drift:
    null where it is not watched; `expected`, `low` and `high` are of the latest whole week, month or quarter: they
    are compared with the value of `latest`, which is the same days, and not with that of other ones. `score` is the
    statistic over its limit: 1 is an alarm, and negative downward. `smallest_change` is the part by which it would
    have to change to be found soon. `missing` says what it has too little of to have a value, or to be judged.
    `projection` is where the month ends if it goes on as months do: of a KPI with a pace, once enough of them are
    known.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kpi": "average_discount",
                    "title": "Average discount",
                    "meaning": built_in().by_name["average_discount"].kpi.meaning,
                    "unit": "ratio",
                    "about": "plan",
                    "currency": "EUR",
                    "dimension": None,
                    "segment": None,
                    "value": "0.100000",
                    "first": "2025-02-13",
                    "last": "2025-03-14",
                    "latest": {"first": "2025-03-03", "last": "2025-03-09", "value": "0.105000"},
                    "threshold": "0.2",
                    "bad": "above",
                    "breached": False,
                    "observations": 40,
                    "minimum": 30,
                    "as_of": "2025-03-14",
                    "state": "steady",
                    "expected": "0.110000",
                    "low": "0.080000",
                    "high": "0.140000",
                    "score": -0.2,
                    "smallest_change": 0.12,
                    "missing": None,
                    "projection": None,
                    "healthy": {"least": "0.1", "most": "0.2", "source": "pulserevops 2025"},
                }
            ]
        }
    )

    kpi: str
    title: str
    meaning: str
    unit: Literal["ratio", "days", "number", "money", "seconds", "records"]
    about: About
    currency: str | None
    dimension: str | None
    segment: str | None
    value: Decimal | None
    first: date | None
    last: date | None
    latest: SpanView | None
    threshold: Decimal | None
    bad: Literal["above", "below", "both"]
    breached: bool | None
    observations: int
    minimum: int
    as_of: date
    state: StateName | None
    expected: Decimal | None
    low: Decimal | None
    high: Decimal | None
    score: float | None
    smallest_change: float | None
    missing: str | None
    projection: ProjectionView | None
    healthy: HealthyView | None

    @classmethod
    def of(cls, reading: Reading) -> KpiView:
        """The view of a reading."""
        kpi, where, assessment = reading.kpi, reading.where, reading.assessment
        healthy, (first, last) = kpi.healthy, _days(reading)
        return cls(
            kpi=kpi.name,
            title=kpi.title,
            meaning=kpi.meaning,
            unit=kpi.unit,
            about=kpi.about,
            currency=where.currency or None,
            dimension=where.dimension or None,
            segment=where.segment or None,
            value=reading.value,
            first=first,
            last=last,
            latest=_latest(reading),
            threshold=None if kpi.threshold is None or where.dimension else kpi.threshold.value,
            bad=kpi.bad,
            breached=reading.breached,
            observations=reading.observations,
            minimum=kpi.minimum,
            as_of=reading.as_of,
            state=None if assessment is None else assessment.state.value,
            expected=_last(assessment, "expected"),
            low=_last(assessment, "low"),
            high=_last(assessment, "high"),
            score=None if assessment is None else _finite(assessment.scores[-1]),
            smallest_change=None if assessment is None else assessment.smallest_change,
            missing=missing(reading),
            projection=None
            if reading.projection is None
            else ProjectionView.model_validate(reading.projection._asdict()),
            healthy=None
            if healthy is None
            else HealthyView(least=healthy.least, most=healthy.most, source=healthy.source),
        )


class Kpis(BaseModel):
    """The latest readings, and the instant they were taken. Before the first deal the KPIs of the plan are absent; they
    are not `current` where more has been counted since, which is looked at in a moment. `catalogue` is the SHA-256 of
    the KPIs and settings that they are evaluated by: those of the files when the service was started.
    """

    catalogue: str
    evaluated_at: datetime
    current: bool
    kpis: list[KpiView]


class Point(BaseModel):
    """A whole day, week, month or quarter: what was, what was expected before it, the band of what is usual, and the
    statistic over its limit.
    """

    first: date
    last: date
    value: Decimal | None
    observations: int
    expected: Decimal | None
    low: Decimal | None
    high: Decimal | None
    score: float | None
    state: StateName


class EpisodeView(BaseModel):
    """A time in which something was wrong."""

    detector: Literal["threshold", "drift"]
    detected_on: date
    onset: date
    direction: Direction
    rule: str
    recovered_on: date | None


class KpiSeries(BaseModel):
    """The series of a KPI as a chart needs it, with the episodes of all its detectors."""

    kpi: str
    title: str
    unit: str
    currency: str | None
    dimension: str | None
    segment: str | None
    grain: Literal["day", "week", "month", "quarter"]
    points: list[Point]
    episodes: list[EpisodeView]

    @classmethod
    def of(cls, reading: Reading) -> KpiSeries:
        """The series of a reading.

        Raises:
            NotFound: it is not watched for drift, or has no past yet.
        """
        if reading.assessment is None:
            raise NotFound(f"{reading.kpi.name} has no series here: it is not watched for drift, or its past is short")
        return cls(
            kpi=reading.kpi.name,
            title=reading.kpi.title,
            unit=reading.kpi.unit,
            currency=reading.where.currency or None,
            dimension=reading.where.dimension or None,
            segment=reading.where.segment or None,
            grain=reading.grain.value,
            points=_points(reading, reading.assessment),
            episodes=[
                EpisodeView.model_validate({**_of_episode(each), "detector": found.subject.detector})
                for found in reading.findings
                for each in found.episodes
            ],
        )


def _of_episode(episode: object) -> dict[str, object]:
    names = ("detected_on", "onset", "direction", "rule", "recovered_on")
    return {name: getattr(episode, name) for name in names}


def _points(reading: Reading, assessment: Assessment) -> list[Point]:
    observations = assessment.series.observations
    return [
        Point(
            first=first,
            last=last,
            value=decimal(float(assessment.series.values[place])),
            observations=0 if observations is None else int(observations[place]),
            expected=decimal(float(assessment.expected[place])),
            low=decimal(float(assessment.low[place])),
            high=decimal(float(assessment.high[place])),
            score=_finite(assessment.scores[place]),
            state=assessment.states[place].value,
        )
        for place, (first, last) in enumerate(reading.spans)
    ]


def _days(reading: Reading) -> Span | tuple[None, None]:
    """The first and the last day that the value of a reading is of; of the pipeline, which is of a moment, none."""
    limit = reading.kpi.threshold
    if reading.kpi.about == "plan" and limit is not None and not reading.where.dimension:
        first, last = days_of(limit.window, reading.as_of)
        return first, min(last, reading.as_of)
    return reading.spans[-1] if reading.spans else (None, None)


def _latest(reading: Reading) -> SpanView | None:
    if reading.assessment is None:
        return None
    first, last = reading.spans[-1]
    return SpanView(first=first, last=last, value=_last(reading.assessment.series, "values"))


def _last(assessment: Assessment | Series | None, column: str) -> Decimal | None:
    return None if assessment is None else decimal(float(getattr(assessment, column)[-1]))


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
