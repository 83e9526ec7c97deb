"""The dashboards of Grafana, made from the KPIs: how the program does, one plan, and the pipeline of events."""

from __future__ import annotations

from collections.abc import Sequence

from services.alerts.kpis import Kpi
from services.alerts.operations.dashboards.panels import as_text
from services.alerts.operations.dashboards.pipeline import pipeline_dashboard
from services.alerts.operations.dashboards.plan import plan_dashboard
from services.alerts.operations.dashboards.program import program_dashboard


def dashboards(kpis: Sequence[Kpi]) -> dict[str, str]:
    """The texts of the dashboards by their uids."""
    built = (program_dashboard(kpis), plan_dashboard(kpis), pipeline_dashboard())
    return {made.build().uid or "": as_text(made) for made in built}
