"""Panels about KPIs that several pages have: the table of all of them, their states, and the course of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from grafana_foundation_sdk.builders import stat, statetimeline, table, timeseries

from services.alerts.kpis import Kpi
from services.alerts.operations.alerts import healthy_text
from services.alerts.operations.dashboards.panels import (
    Column,
    Variable,
    choice,
    course,
    figure,
    figures,
    query,
    states,
)

UNITS: Final = {
    "ratio": "percentunit",
    "seconds": "s",
    "days": "d",
    "number": "short",
    "money": "short",
    "records": "short",
}
"""Of Grafana, by the unit of a KPI."""

IN_CURRENCY: Final = 'currency=~"$currency|"'
"""The chosen currency, or none: a KPI either has a currency or is the whole company's."""
COMPANY: Final = f'{IN_CURRENCY},segment=""'
PLAN: Final = f'{IN_CURRENCY},dimension="plan",segment="$plan"'
ROW_HEIGHT: Final = 8


def currency() -> Variable:
    """The choice of a currency."""
    asked = 'label_values(subject:earnest_kpi_value:max{currency!=""}, currency)'
    return choice("currency", "Currency", asked=asked, description="Amounts of different currencies are never added.")


def all_kpis(title: str, description: str, *, where: str) -> table.Panel:
    """A table of the KPIs of the company or a plan: what is, what was expected, and how sure it is that they drift."""
    alerts = f'count by (kpi, currency) (ALERTS{{alertstate="firing",kpi!="",{where}}})'
    columns = [
        *as_it_is(where),
        Column("Usual from", f"subject:earnest_kpi_expected_low:max{{{where}}}", unit="none"),
        Column("Usual to", f"subject:earnest_kpi_expected_high:max{{{where}}}", unit="none"),
        drift_score(where),
        Column("In breach", f"subject:earnest_kpi_breach:max{{{where}}}", unit="bool_yes_no", red_from=1),
        Column("Alerts firing", alerts, red_from=1),
    ]
    labels = {"kpi": "KPI", "currency": "Currency"}
    return figures(title, description, labels=labels, columns=columns, sort_by="Drift score")


def as_it_is(where: str) -> list[Column]:
    """The columns of what is: the state, the value and what was expected."""
    return [
        Column("State", f"subject:earnest_kpi_state:max{{{where}}}", as_state=True),
        Column("Value", f"subject:earnest_kpi_value:max{{{where}}}", unit="none"),
        Column("Expected", f"subject:earnest_kpi_expected:max{{{where}}}", unit="none"),
    ]


def drift_score(where: str) -> Column:
    """The column of how sure it is that a KPI drifts."""
    return Column("Drift score", _score(where), unit="none", decimals=2, red_from=1)


def evaluated() -> stat.Panel:
    """How old the figures of the KPIs are."""
    return figure(
        "KPIs evaluated",
        "Seconds since the KPIs were evaluated last; every second is usual.",
        unit="s",
        queries=[query("time() - max(earnest_kpi_last_evaluated_timestamp_seconds)", "ago")],
        colours=((None, "green"), (300.0, "red")),
    )


def all_states(title: str, *, where: str) -> statetimeline.Panel:
    """What the detectors said of the KPIs over time."""
    return states(
        title,
        "Learning: too little is known to say what is normal. Suspect: more than half the way to an alarm.",
        queries=[query(f"subject:earnest_kpi_state:max{{{where}}}", "{{kpi}} {{currency}}")],
    )


def kpi_course(kpi: Kpi, *, where: str) -> timeseries.Panel:
    """A KPI over time with what was expected of it, the band of what is usual, and its threshold."""

    def series(metric: str) -> str:
        return f'subject:{metric}:max{{kpi="{kpi.name}",{where}}}'

    return course(
        kpi.title,
        " ".join(filter(None, (kpi.meaning, healthy_text(kpi), f"What to do: {kpi.action}"))),
        unit=UNITS[kpi.unit],
        queries=[
            query(series("earnest_kpi_value"), "value"),
            query(series("earnest_kpi_expected"), "expected"),
            query(series("earnest_kpi_expected_high"), "high"),
            query(series("earnest_kpi_expected_low"), "low"),
            query(f'max(earnest_kpi_threshold{{kpi="{kpi.name}"}})', "threshold"),
        ],
    )


def courses(kpis: Sequence[Kpi], *, where: str) -> list[tuple[int, list[timeseries.Panel]]]:
    """Rows of two KPIs each."""
    panels = [kpi_course(kpi, where=where) for kpi in kpis]
    return [(ROW_HEIGHT, panels[at : at + 2]) for at in range(0, len(panels), 2)]


def scores(title: str, *, where: str, legend: str) -> timeseries.Panel:
    """The drift scores of all KPIs over time: from 1 on one of them drifts."""
    description = "The detector's statistic over its limit, the larger of up and down. From 1 on the KPI drifts."
    return course(
        title, description, unit="none", queries=[query(_score(where), legend), query("vector(1)", "threshold")]
    )


def _score(where: str) -> str:
    return f"max without (direction) (subject:earnest_kpi_drift_score:max{{{where}}})"
