"""The alerts of the KPIs, as Prometheus, Grafana, people's runbooks and the scenarios of the rules know them.

Whether a KPI is in breach or drifts is decided once, in the service. An alert only carries it to people, with words.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from services.alerts.kpis import Kpi
from shared.contracts.alerts import Severity

SUBJECT: Final = ("kpi", "currency", "dimension", "segment")
"""What a series is about. Several processes may export it: a rule records the largest, so that one is left of them."""

HUMANIZED: Final = {
    "ratio": "humanizePercentage",
    "seconds": "humanizeDuration",
    "days": 'printf "%.1f days"',
    "number": "humanize",
    "money": "humanize",
    "records": "humanize",
}
"""By the unit of a KPI, the function of Prometheus and Grafana that writes its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiAlert:
    """An alert of a KPI by one of its detectors. `expr` gives a series for each subject that it fires for."""

    kpi: Kpi
    detector: Literal["threshold", "drift"]
    name: str
    severity: Severity
    expr: str

    @property
    def labels(self) -> dict[str, str]:
        """By which Alertmanager and Grafana route it; those of the subject come with the series."""
        # The plan, where the segment is one: alerts of a plan are grouped by it.
        plan = '{{ if eq $labels.dimension "plan" }}{{ $labels.segment }}{{ end }}'
        return {"severity": self.severity, "about": self.kpi.about, "detector": self.detector, "plan": plan}

    def summary(self, *, value: str, expected: str, since: str) -> str:
        """What happened, in a line. Takes the templates of what differs between Prometheus and Grafana."""
        where = (
            "{{ with $labels.currency }} in {{ . }}{{ end }}"
            "{{ with $labels.segment }} for {{ $labels.dimension }} {{ . }}{{ end }}"
        )
        if self.detector == "drift":
            return f"{self.kpi.title}{where} drifts {{{{ $labels.direction }}}}: {value}{expected}{since}"
        return f"{self.kpi.title}{where}: {value}, {threshold_text(self.kpi)}{expected}{since}"


def kpi_alerts(kpi: Kpi) -> list[KpiAlert]:
    """The alerts of a KPI, one for each of its detectors."""
    name = "Earnest" + "".join(word.capitalize() for word in kpi.name.split("_"))
    alerts = []
    if kpi.threshold is not None:
        breach = KpiAlert(
            kpi=kpi,
            detector="threshold",
            name=name + ("High" if kpi.threshold.side == "upper" else "Low"),
            severity=kpi.urgency,
            expr=f"{recorded('earnest_kpi_breach', kpi)} == 1",
        )
        alerts.append(breach)
    if kpi.drift is not None:
        drift = KpiAlert(kpi=kpi, detector="drift", name=f"{name}Drift", severity="warning", expr=_drifts(kpi))
        alerts.append(drift)
    return alerts


def recorded(metric: str, kpi: Kpi) -> str:
    """A selector of the recorded series of a KPI."""
    return f'subject:{metric}:max{{kpi="{kpi.name}"}}'


def threshold_text(kpi: Kpi) -> str:
    """On which side of its threshold a KPI is in breach, in the words of its unit: `above 20%`."""
    assert kpi.threshold is not None
    return f"{'above' if kpi.threshold.side == 'upper' else 'below'} {_written(kpi, kpi.threshold.value)}"


def healthy_text(kpi: Kpi) -> str:
    """What is published as usual, in a sentence; empty where nothing is known."""
    if kpi.healthy is None:
        return ""
    least, most = (None if end is None else _written(kpi, end) for end in (kpi.healthy.least, kpi.healthy.most))
    usual = f"{least} to {most}" if least and most else f"at least {least}" if least else f"at most {most}"
    return f"Usual is {usual} ({kpi.healthy.source.rstrip('.')})."


def _written(kpi: Kpi, value: Decimal) -> str:
    if kpi.unit == "ratio":
        return f"{_plain(value * 100)}%"
    return _plain(value) + {"seconds": "s", "days": " days"}.get(kpi.unit, "")


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _drifts(kpi: Kpi) -> str:
    """Fires from the limit on, and is held until the detector says that the KPI has recovered: a score that goes up and
    down around the limit calls nobody twice.
    """
    score, state = recorded("earnest_kpi_drift_score", kpi), recorded("earnest_kpi_state", kpi)
    return f"{score} >= 1 or ({score} and on ({', '.join(SUBJECT)}) {state} == 3)"
