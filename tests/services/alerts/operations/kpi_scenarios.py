"""Scenarios for `promtool test rules`, made from the KPIs: whoever adds a KPI has shown that its alerts fire, say the
right words, outlast what they should, and end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from services.alerts.kpis import Kpi
from services.alerts.operations.alerts import KpiAlert, kpi_alerts, threshold_text
from services.alerts.operations.rules import runbook

_EXAMPLES: Final = {
    "ratio": ("0.2345", "23.45%", "0.5", "50%"),
    "seconds": ("754", "12m 34s", "30", "30s"),
    "days": ("41.5", "41.5 days", "30", "30.0 days"),
    "number": ("12.5", "12.5", "10", "10"),
    "money": ("12500", "12.5k", "10000", "10k"),
    "records": ("3", "3", "1", "1"),
}
"""By unit: a value, how it is written, what was expected, how that is written. Written by hand, so that the rule's own
functions are put to the test.
"""

_ONSET: Final = ("1772409600", "2026-03-02")
_SUBJECTS: Final = (
    {"currency": "", "dimension": "", "segment": ""},
    {"currency": "EUR", "dimension": "plan", "segment": 'rep "north"'},
)
"""The whole company, and a plan whose name has to be quoted in PromQL."""

# Minutes: what happens in them is in the series below.
_BEFORE: Final = "9m"
_FIRING: Final = "12m"
_STILL_FIRING: Final = "25m"
_KEPT: Final = "40m"
_OVER: Final = "50m"


def scenarios(kpis: Iterable[Kpi], *, rules: Sequence[str]) -> dict[str, Any]:
    """The test file for the alerts of some KPIs, which are in some rule files."""
    tests = [_scenario(alert) for kpi in kpis for alert in kpi_alerts(kpi)]
    return {"rule_files": list(rules), "evaluation_interval": "30s", "tests": tests}


def _scenario(alert: KpiAlert) -> dict[str, Any]:
    """Ten good minutes, twenty bad ones, then good ones: for a quarter of an hour nobody is told that it is over."""
    firing = [_expected(alert, subject) for subject in _SUBJECTS]
    times = [(_BEFORE, []), (_FIRING, firing), (_STILL_FIRING, firing), (_KEPT, firing), (_OVER, [])]
    return {
        "name": f"{alert.name} fires for the company and for a plan, seen by two instances, until it is over",
        "interval": "1m",
        "input_series": [line for subject in _SUBJECTS for line in _series(alert, subject)],
        "alert_rule_test": [{"eval_time": at, "alertname": alert.name, "exp_alerts": alerts} for at, alerts in times],
    }


def _series(alert: KpiAlert, subject: dict[str, str]) -> list[dict[str, str]]:
    value, _, expected, _ = _EXAMPLES[alert.kpi.unit]
    given = {
        ("earnest_kpi_value", ""): f"{value}x60",
        ("earnest_kpi_expected", ""): f"{expected}x60",
        ("earnest_kpi_onset_timestamp_seconds", f',detector="{alert.detector}"'): f"{_ONSET[0]}x60",
    }
    if alert.detector == "drift":
        # Around the limit while the detector says that it drifts; then recovered.
        given["earnest_kpi_drift_score", ',direction="up"'] = "0.4x9 1.2x9 0.8x9 0.3x31"
        given["earnest_kpi_state", ""] = "1x9 3x19 4x31"
    else:
        given["earnest_kpi_breach", ""] = "0x9 1x19 0x31"
    about = "".join(f",{label}={_quoted(value)}" for label, value in subject.items() if value)
    return [
        {
            "series": f'{metric}{{kpi="{alert.kpi.name}"{about}{more},job="earnest-alerts",instance="{instance}"}}',
            "values": values,
        }
        for (metric, more), values in given.items()
        for instance in ("a", "b")
    ]


def _expected(alert: KpiAlert, subject: dict[str, str]) -> dict[str, Any]:
    labels = {"kpi": alert.kpi.name, **{label: value for label, value in subject.items() if value}}
    labels |= {"severity": alert.severity, "about": alert.kpi.about, "detector": alert.detector}
    where = ""
    if subject["segment"]:
        labels["plan"] = subject["segment"]
        where = f" in {subject['currency']} for {subject['dimension']} {subject['segment']}"
    _, value, _, expected = _EXAMPLES[alert.kpi.unit]
    if alert.detector == "drift":
        labels["direction"] = "up"
        happened = f"{alert.kpi.title}{where} drifts up: {value}"
    else:
        happened = f"{alert.kpi.title}{where}: {value}, {threshold_text(alert.kpi)}"
    return {
        "exp_labels": labels,
        "exp_annotations": {
            "summary": f"{happened}, expected {expected}, since {_ONSET[1]}",
            "description": alert.kpi.meaning,
            "action": alert.kpi.action,
            "runbook": runbook(alert.name),
        },
    }


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
