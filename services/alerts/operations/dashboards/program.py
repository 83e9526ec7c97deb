"""The page of the whole program: whether the plans do what they were meant to do."""

from __future__ import annotations

from collections.abc import Sequence

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import stat, table, timeseries

from services.alerts.kpis import Kpi
from services.alerts.operations.dashboards.kpi_panels import (
    COMPANY,
    all_kpis,
    all_states,
    courses,
    currency,
    evaluated,
    scores,
)
from services.alerts.operations.dashboards.panels import (
    PLAIN,
    RED_FROM_ONE,
    Column,
    Section,
    course,
    figure,
    figures,
    page,
    query,
)


def program_dashboard(kpis: Sequence[Kpi]) -> builders.Dashboard:
    """The dashboard `earnest-program`."""
    about_plans = [kpi for kpi in kpis if kpi.about == "plan"]
    drift = scores("Drift scores", where=COMPANY, legend="{{kpi}} {{currency}}")
    table_of_all = all_kpis(
        "All KPIs",
        "Values in the unit of each KPI, as of the latest business date that deals speak of. A KPI without a value has "
        "too few observations.",
        where=COMPANY,
    )
    return page(
        "earnest-program",
        "Earnest: program health",
        description="Do the plans still do what they were meant to do?",
        variables=[currency()],
        sections=[
            Section("", [(4, _now()), (11, [table_of_all]), (9, [all_states("States", where=COMPANY), drift])]),
            Section("Alerts", [(8, [_alerts()])]),
            Section("KPIs of the plans", courses(about_plans, where=COMPANY)),
            Section("What they rest on", [(8, [_observations()])]),
        ],
    )


def _now() -> list[stat.Panel]:
    return [
        figure(
            "KPIs drifting",
            "KPIs of the whole company that moved away from what was expected of them.",
            unit="short",
            queries=[query(f"count(subject:earnest_kpi_state:max{{{COMPANY}}} == 3) or vector(0)", "drifting")],
            colours=RED_FROM_ONE,
        ),
        figure(
            "KPIs in breach",
            "KPIs of the whole company that lie beyond their threshold.",
            unit="short",
            queries=[query(f"count(subject:earnest_kpi_breach:max{{{COMPANY}}} == 1) or vector(0)", "in breach")],
            colours=RED_FROM_ONE,
        ),
        figure(
            "Segments drifting",
            "Plans, products, territories and teams of which some KPI drifts.",
            unit="short",
            queries=[query('count(subject:earnest_kpi_state:max{segment!=""} == 3) or vector(0)', "drifting")],
            colours=RED_FROM_ONE,
        ),
        figure(
            "Still learning",
            "KPIs with too little past to say what is normal. Their thresholds hold all the same.",
            unit="short",
            queries=[query(f"count(subject:earnest_kpi_state:max{{{COMPANY}}} == 0) or vector(0)", "learning")],
            colours=PLAIN,
        ),
        figure(
            "KPIs as of",
            "The latest business date on which something happened to a deal. KPIs count back from it.",
            unit="dateTimeAsLocal",
            queries=[query("max(earnest_kpi_as_of_timestamp_seconds) * 1000", "as of")],
            colours=PLAIN,
        ),
        evaluated(),
    ]


def _alerts() -> table.Panel:
    shown = {
        "alertname": "Alert",
        "severity": "Severity",
        "about": "About",
        "currency": "Currency",
        "dimension": "Dimension",
        "segment": "Segment",
        "direction": "Direction",
        "job": "Service",
        "worker": "Worker",
    }
    since = 'ALERTS_FOR_STATE{alertname=~"Earnest.+",alertname!="EarnestWatchdog"} * 1000'
    return figures(
        "Alerts",
        "Alerts of Earnest that Prometheus holds now, with when they began. Who was told is up to Alertmanager; who "
        "takes care of them is in `earnest alerts list`.",
        labels=shown,
        columns=[Column("Since", since, unit="dateTimeAsLocal")],
        sort_by="Since",
    )


def _observations() -> timeseries.Panel:
    return course(
        "Observations",
        "How much each KPI rests on. Below its minimum a KPI has no value and its alert is held as it is.",
        unit="short",
        queries=[query(f"subject:earnest_kpi_observations:max{{{COMPANY}}}", "{{kpi}} {{currency}}")],
    )
