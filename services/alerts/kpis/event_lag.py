"""Event lag: how late the figures are."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from services.alerts.kpis.base import Measurement, PipelineHealth, PipelineKpi


def event_lag(health: PipelineHealth) -> Measurement:
    """The age of the oldest event that waits to be counted here, at the end of the pipeline."""
    return Measurement(health.lag_seconds, health.waiting)


KPI: Final = PipelineKpi(
    name="event_lag",
    position=110,
    title="Event lag",
    unit="seconds",
    bad="above",
    threshold=Decimal(60),
    observed="records waiting",
    meaning="How long the oldest event that is not yet counted here has been in the log.",
    action="Look at the lag of each worker on the operations dashboard, at its log, and at the database.",
    formula=event_lag,
)
