"""What Prometheus sees of the KPIs. Labels are KPIs, currencies and segments, never a participant or a deal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import UTC, date, datetime, time
from typing import Final

import numpy as np
from prometheus_client import Gauge

from services.alerts.evaluation.episodes import Subject
from services.alerts.evaluation.readings import Reading
from services.alerts.kpis import Catalogue
from shared.drift.series import State
from shared.metrics import (
    KPI_AS_OF,
    KPI_BREACH,
    KPI_DRIFT_SCORE,
    KPI_EVALUATED,
    KPI_EXPECTED,
    KPI_EXPECTED_HIGH,
    KPI_EXPECTED_LOW,
    KPI_OBSERVATIONS,
    KPI_ONSET,
    KPI_STATE,
    KPI_THRESHOLD,
    KPI_VALUE,
)

STATES: Final = {State.LEARNING: 0, State.STEADY: 1, State.SUSPECT: 2, State.DRIFTING: 3, State.RECOVERED: 4}
Labels = tuple[str, ...]
Shown = dict[Labels, float]


class Gauges:
    """The gauges of one process, kept in step with its latest evaluation."""

    def __init__(self, catalogue: Catalogue) -> None:
        for kpi in catalogue.kpis:
            if kpi.threshold is not None:
                KPI_THRESHOLD.labels(kpi.name, kpi.threshold.side).set(float(kpi.threshold.value))
        self._shown: dict[Gauge, set[Labels]] = {}

    def show(self, readings: Iterable[Reading], still_open: Set[Subject], *, as_of: date | None, now: float) -> None:
        """Show an evaluation: a KPI without a value has no series; one is in breach while its alert is open."""
        # A segment that is a person is shown to those who may ask, and not to whoever reads metrics.
        shown = [reading for reading in readings if not reading.personal]
        labels = [(reading.kpi.name, *reading.where) for reading in shown]
        told = list(zip(labels, shown, strict=True))
        self._set(KPI_VALUE, {at: float(reading.value) for at, reading in told if reading.value is not None})
        self._set(KPI_OBSERVATIONS, {at: float(reading.observations) for at, reading in told})
        watched = {at for at, reading in told if reading.kpi.threshold is not None and not reading.where.dimension}
        breached = {tuple(subject[:4]) for subject in still_open if subject.detector == "threshold"}
        self._set(KPI_BREACH, {at: float(at in breached) for at in watched | breached})
        for gauge, values in _of_assessments(told).items():
            self._set(gauge, values)
        self._set(KPI_ONSET, _onsets(told))
        # Prometheus has no dates: midnight UTC of the business date, which Grafana shows as a date again.
        if as_of is not None:
            KPI_AS_OF.set(_midnight(as_of))
        KPI_EVALUATED.set(now)

    def _set(self, gauge: Gauge, values: Mapping[Labels, float]) -> None:
        """Set the series of a gauge and remove those that are gone; never all at once, for a scrape may come
        between.
        """
        # A series that nobody sets keeps its last value for ever, and would be drawn as a KPI that is well.
        for gone in self._shown.get(gauge, set()) - values.keys():
            gauge.remove(*gone)
        for labels, value in values.items():
            gauge.labels(*labels).set(value)
        self._shown[gauge] = set(values)


def _of_assessments(told: Sequence[tuple[Labels, Reading]]) -> dict[Gauge, Shown]:
    shown: dict[Gauge, Shown] = {
        gauge: {} for gauge in (KPI_EXPECTED, KPI_EXPECTED_LOW, KPI_EXPECTED_HIGH, KPI_STATE, KPI_DRIFT_SCORE)
    }
    for at, reading in told:
        assessment = reading.assessment
        if assessment is None:
            continue
        shown[KPI_STATE][at] = STATES[assessment.state]
        columns = {
            KPI_EXPECTED: assessment.expected,
            KPI_EXPECTED_LOW: assessment.low,
            KPI_EXPECTED_HIGH: assessment.high,
        }
        for gauge, column in columns.items():
            if np.isfinite(column[-1]):
                shown[gauge][at] = float(column[-1])
        score = float(assessment.scores[-1])
        if np.isfinite(score):
            shown[KPI_DRIFT_SCORE][*at, _direction(reading, score)] = abs(score)
    return shown


def _direction(reading: Reading, score: float) -> str:
    """That of the episode that goes on; otherwise that of the larger side."""
    for found in reading.findings:
        if found.subject.detector == "drift" and found.current is not None:
            return found.current.direction
    return "up" if score >= 0 else "down"


def _onsets(told: Sequence[tuple[Labels, Reading]]) -> Shown:
    return {
        (*at, found.subject.detector): _midnight(found.current.onset)
        for at, reading in told
        for found in reading.findings
        if found.current is not None
    }


def _midnight(day: date) -> float:
    return datetime.combine(day, time(), UTC).timestamp()
