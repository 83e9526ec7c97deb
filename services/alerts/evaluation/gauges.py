"""What Prometheus sees of the KPIs. Labels are KPIs and currencies, never a participant or a deal."""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import UTC, date, datetime, time

from prometheus_client import Gauge

from services.alerts.evaluation.readings import Reading, Subject
from services.alerts.kpis import KPIS
from shared.metrics import (
    KPI_AS_OF,
    KPI_BREACH,
    KPI_EVALUATED,
    KPI_OBSERVATIONS,
    KPI_THRESHOLD,
    KPI_VALUE,
)


class Gauges:
    """The gauges of one process, kept in step with its latest evaluation."""

    def __init__(self) -> None:
        for kpi in KPIS:
            KPI_THRESHOLD.labels(kpi.name, "upper" if kpi.bad == "above" else "lower").set(float(kpi.threshold))
        self._shown: dict[Gauge, set[Subject]] = {}

    def show(self, readings: list[Reading], still_open: Set[Subject], *, as_of: date | None, now: float) -> None:
        """Show an evaluation: a KPI without a value has no series; one is in breach while its alert is open."""
        by_subject = {(reading.kpi, reading.currency): reading for reading in readings}
        values = {subject: reading.value for subject, reading in by_subject.items()}
        self._set(KPI_VALUE, {subject: float(value) for subject, value in values.items() if value is not None})
        observations = {subject: float(reading.observations) for subject, reading in by_subject.items()}
        self._set(KPI_OBSERVATIONS, observations)
        self._set(KPI_BREACH, {subject: float(subject in still_open) for subject in values.keys() | still_open})
        # Prometheus has no dates: midnight UTC of the business date, which Grafana shows as a date again.
        if as_of is not None:
            KPI_AS_OF.set(datetime.combine(as_of, time(), UTC).timestamp())
        KPI_EVALUATED.set(now)

    def _set(self, gauge: Gauge, values: Mapping[Subject, float]) -> None:
        """Set the series of a gauge and remove those that are gone; never all at once, for a scrape may come
        between.
        """
        # A series that nobody sets keeps its last value for ever, and would be drawn as a KPI that is well.
        for gone in self._shown.get(gauge, set()) - values.keys():
            gauge.remove(*gone)
        for subject, value in values.items():
            gauge.labels(*subject).set(value)
        self._shown[gauge] = set(values)
