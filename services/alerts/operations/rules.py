"""Prometheus rules, made from the KPIs: recording rules for what several processes export, and an alert for each
detector of a KPI.

Below `deploy/prometheus/rules` each KPI has a file of its own, so that a KPI comes and goes with its file.
"""

from __future__ import annotations

from typing import Any, Final

from services.alerts.kpis import Kpi
from services.alerts.operations.alerts import HUMANIZED, SUBJECT, KpiAlert, kpi_alerts

RUNBOOKS: Final = "docs/runbooks"

FOR: Final = "1m"
"""The service has waited long enough already; this only outlasts a restart between two scrapes."""
KEEP_FIRING_FOR: Final = "15m"
"""Longer than it takes to say that the service is down: an alert whose figures are gone is not over."""

_RECORDED: Final = {
    "earnest_kpi_value": SUBJECT,
    "earnest_kpi_expected": SUBJECT,
    "earnest_kpi_expected_low": SUBJECT,
    "earnest_kpi_expected_high": SUBJECT,
    "earnest_kpi_observations": SUBJECT,
    "earnest_kpi_breach": SUBJECT,
    "earnest_kpi_state": SUBJECT,
    "earnest_kpi_drift_score": (*SUBJECT, "direction"),
    "earnest_kpi_onset_timestamp_seconds": (*SUBJECT, "detector"),
}


def recording_rules() -> dict[str, Any]:
    """The rules that make one series of what several processes export; the same for all KPIs."""
    recorded = [
        {"record": f"subject:{metric}:max", "expr": f"max by ({', '.join(labels)}) ({metric})"}
        for metric, labels in _RECORDED.items()
    ]
    return {"groups": [{"name": "earnest-subjects", "rules": recorded}]}


def alerting_rules(kpi: Kpi) -> dict[str, Any]:
    """The alerts of a KPI, a group of their own."""
    rules = [_rule(alert) for alert in kpi_alerts(kpi)]
    return {"groups": [{"name": f"earnest-kpi-{kpi.name.replace('_', '-')}", "rules": rules}]}


def runbook(alert: str) -> str:
    """Where the runbook page of an alert is, in this repository."""
    return f"{RUNBOOKS}/{alert}.md"


def _rule(alert: KpiAlert) -> dict[str, Any]:
    written = HUMANIZED[alert.kpi.unit]
    value = _now("earnest_kpi_value", alert, write=written, otherwise="unknown")
    expected = _now("earnest_kpi_expected", alert, write=written, before=", expected ")
    day = '(. | first | value | toTime).Format "2006-01-02"'
    since = _now("earnest_kpi_onset_timestamp_seconds", alert, whole=day, before=", since ")
    return {
        "alert": alert.name,
        "expr": alert.expr,
        "for": FOR,
        "keep_firing_for": KEEP_FIRING_FOR,
        "labels": alert.labels,
        "annotations": {
            "summary": alert.summary(value=value, expected=expected, since=since),
            "description": alert.kpi.meaning,
            "action": alert.kpi.action,
            "runbook": runbook(alert.name),
        },
    }


def _now(
    metric: str, alert: KpiAlert, *, write: str = "", whole: str = "", before: str = "", otherwise: str = ""
) -> str:
    """A template that looks a figure of the alert's subject up when the alert is sent, and leaves it out where there is
    none. `write` is what its value is given to, `whole` takes the series itself.
    """
    labels = [label for label in SUBJECT if label != "kpi"]
    chosen = [f"kpi='{alert.kpi.name}'", *(f"{label}=%q" for label in labels)]
    if metric == "earnest_kpi_onset_timestamp_seconds":
        chosen.append(f"detector='{alert.detector}'")
    # %q writes the name of a segment as PromQL reads it, whatever is in it.
    asked = f'printf "subject:{metric}:max{{{",".join(chosen)}}}" ' + " ".join(f"$labels.{label}" for label in labels)
    there = whole or f". | first | value | {write}"
    without = f"{{{{ else }}}}{otherwise}" if otherwise else ""
    return f"{{{{ with {asked} | query }}}}{before}{{{{ {there} }}}}{without}{{{{ end }}}}"
