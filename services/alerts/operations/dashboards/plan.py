"""The page of one plan: its KPIs, and the segments in which a KPI differs."""

from __future__ import annotations

from collections.abc import Sequence

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import table

from services.alerts.kpis import Kpi
from services.alerts.operations.dashboards.kpi_panels import (
    IN_CURRENCY,
    PLAN,
    all_kpis,
    all_states,
    as_it_is,
    courses,
    currency,
    drift_score,
    scores,
)
from services.alerts.operations.dashboards.panels import Column, Section, choice, course, figures, page, query

_VALUES = "subject:earnest_kpi_value:max"
_CHOSEN = f'kpi="$kpi",{IN_CURRENCY},dimension="$dimension"'


def plan_dashboard(kpis: Sequence[Kpi]) -> builders.Dashboard:
    """The dashboard `earnest-plan`."""
    by_plan = [kpi for kpi in kpis if "plan" in kpi.segments]
    return page(
        "earnest-plan",
        "Earnest: one plan",
        description="One plan, and where in the company a KPI differs. Segments are the largest ones; the rest of a "
        "dimension is one of its own, `other`.",
        variables=[
            choice("plan", "Plan", asked=f'label_values({_VALUES}{{dimension="plan"}}, segment)'),
            currency(),
            choice("kpi", "KPI", asked=f'label_values({_VALUES}{{segment!=""}}, kpi)', description="Of its segments."),
            choice(
                "dimension",
                "Dimension",
                asked=f'label_values({_VALUES}{{kpi="$kpi",segment!=""}}, dimension)',
                description="By what the KPI is taken apart.",
            ),
        ],
        sections=[
            Section(
                "",
                [
                    (9, [all_kpis("KPIs of the plan", "Of those whom the plan pays.", where=PLAN)]),
                    (8, [all_states("States", where=PLAN), scores("Drift scores", where=PLAN, legend="{{kpi}}")]),
                ],
            ),
            Section("Over time", courses(by_plan, where=PLAN)),
            Section(
                "Segments of a KPI",
                [
                    (9, [_segments()]),
                    (
                        9,
                        [
                            course(
                                "$kpi by $dimension",
                                "The KPI of each segment over time, in its own unit.",
                                unit="none",
                                queries=[query(f"{_VALUES}{{{_CHOSEN}}}", "{{segment}}")],
                            ),
                            scores("Drift scores by $dimension", where=_CHOSEN, legend="{{segment}}"),
                        ],
                    ),
                ],
            ),
        ],
    )


def _segments() -> table.Panel:
    return figures(
        "$kpi now by $dimension",
        "Segments of the chosen KPI, those that moved most first.",
        labels={"segment": "Segment", "currency": "Currency"},
        columns=[
            *as_it_is(_CHOSEN),
            drift_score(_CHOSEN),
            Column("Observations", f"subject:earnest_kpi_observations:max{{{_CHOSEN}}}"),
        ],
        sort_by="Drift score",
    )
