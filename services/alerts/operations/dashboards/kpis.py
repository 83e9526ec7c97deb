"""The dashboard of the KPIs: how the plan does, made from the catalogue."""

from __future__ import annotations

from typing import Any

from services.alerts.kpis import KPIS, PLAN_KPIS
from services.alerts.kpis.base import Kpi
from services.alerts.operations.dashboards.panels import (
    Panel,
    dashboard,
    label_variable,
    stat,
    steps,
    table,
    target,
    timeseries,
)

_UNITS = {"ratio": "percentunit", "seconds": "s", "records": "short"}


def kpi_dashboard() -> Panel:
    """The dashboard `earnest-kpis`."""
    return dashboard(
        "earnest-kpis",
        "Earnest: KPIs of the plan",
        description="Does the plan still do what it was meant to do? "
        "Values are as of the latest business date that deals speak of.",
        variables=[label_variable("currency", "Currency", query="label_values(earnest_kpi_value, currency)")],
        rows=[
            (5, [_now(kpi) for kpi in KPIS]),
            (7, [_open_alerts(), _as_of()]),
            *((8, [_course(kpi) for kpi in PLAN_KPIS[at : at + 2]]) for at in range(0, len(PLAN_KPIS), 2)),
            (7, [_observations()]),
        ],
    )


def _series(metric: str, kpi: Kpi) -> str:
    currency = ', currency=~"$currency"' if kpi.by_currency else ""
    return f'max by (currency) ({metric}{{kpi="{kpi.name}"{currency}}})'


def _now(kpi: Kpi) -> Panel:
    limit = float(kpi.threshold)
    colours = steps((None, "green"), (limit, "red")) if kpi.bad == "above" else steps((None, "red"), (limit, "green"))
    legend = "{{currency}}" if kpi.by_currency else kpi.title
    return stat(
        kpi.title,
        _about(kpi),
        unit=_UNITS[kpi.unit],
        targets=[target(_series("earnest_kpi_value", kpi), legend)],
        thresholds=colours,
    )


def _course(kpi: Kpi) -> Panel:
    targets = [
        target(_series("earnest_kpi_value", kpi), "{{currency}}" if kpi.by_currency else kpi.title),
        target(f'max(earnest_kpi_threshold{{kpi="{kpi.name}"}})', "threshold"),
    ]
    return timeseries(f"{kpi.title} over time", _about(kpi), unit=_UNITS[kpi.unit], targets=targets)


def _open_alerts() -> Panel:
    firing: dict[str, Any] = target('ALERTS{alertname=~"Earnest.+", alertname!="EarnestWatchdog"}', instant=True)
    return table(
        "Alerts",
        "Alerts of Earnest that Prometheus holds now, pending or firing. Who was told is up to Alertmanager.",
        unit="short",
        targets=[{**firing, "format": "table"}],
        hidden=["Time", "Value", "__name__", "instance"],
    )


def _as_of() -> Panel:
    return stat(
        "KPIs as of",
        "The latest business date on which something happened to a deal. KPIs count back from it.",
        unit="dateTimeAsLocal",
        targets=[target("max(earnest_kpi_as_of_timestamp_seconds) * 1000", "as of")],
        thresholds=steps((None, "text")),
    )


def _observations() -> Panel:
    return timeseries(
        "Observations",
        "How much each KPI of the plan rests on. Below its minimum a KPI has no value and its alert is held as it is.",
        unit="short",
        targets=[
            target('max by (kpi, currency) (earnest_kpi_observations{currency=~"$currency"})', "{{kpi}} {{currency}}")
        ],
    )


def _about(kpi: Kpi) -> str:
    return f"{kpi.meaning} What to do in breach: {kpi.action}"
