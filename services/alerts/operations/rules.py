"""Prometheus alerting rules, made from the catalogue of KPIs:
`python -m services.alerts.operations.rules > deploy/prometheus/rules/kpis.yml`.

Whether a KPI is in breach is decided here, in the service, once; the rules only carry it to Alertmanager with words for
people.
"""

from __future__ import annotations

import sys
from typing import Any

import yaml

from services.alerts.kpis import KPIS
from services.alerts.kpis.base import Kpi

HEADER = "# Made by `python -m services.alerts.operations.rules`; change services/alerts/kpis/ instead.\n"

_HUMANIZE = {"ratio": "humanizePercentage", "seconds": "humanizeDuration", "records": "humanize"}


def alert_name(kpi: Kpi) -> str:
    """The name under which Prometheus and Alertmanager know the alert of a KPI."""
    words = "".join(word.capitalize() for word in kpi.name.split("_"))
    return f"Earnest{words}{'High' if kpi.bad == 'above' else 'Low'}"


def threshold_text(kpi: Kpi) -> str:
    """The threshold in the words of the KPI's unit."""
    value = kpi.threshold
    return {"ratio": f"{(value * 100).normalize():f}%", "seconds": f"{value:f}s", "records": f"{value:f}"}[kpi.unit]


def kpi_rules() -> dict[str, Any]:
    """The rule file: one alert per KPI."""
    return {"groups": [{"name": "earnest-kpis", "rules": [_rule(kpi) for kpi in KPIS]}]}


def rules_file() -> str:
    """The rule file as text."""
    return HEADER + yaml.safe_dump(kpi_rules(), sort_keys=False, width=1000, allow_unicode=True)


def _rule(kpi: Kpi) -> dict[str, Any]:
    where, subject = (" in {{ $labels.currency }}", ",currency='%s'") if kpi.by_currency else ("", "")
    # The value of now, asked for when the alert is sent: the alert itself is about a gauge of 0 and 1.
    query = f"\"max(earnest_kpi_value{{kpi='{kpi.name}'{subject}}})\""
    asked = f"printf {query} $labels.currency" if kpi.by_currency else query
    first = f"{{{{ . | first | value | {_HUMANIZE[kpi.unit]} }}}}"
    value = f"{{{{ with {asked} | query }}}}{first}{{{{ else }}}}unknown{{{{ end }}}}"
    return {
        "alert": alert_name(kpi),
        # Several instances may export the same KPI: `max by` makes one alert of them.
        "expr": f'max by (kpi, currency) (earnest_kpi_breach{{kpi="{kpi.name}"}}) == 1',
        "for": "1m",  # the service has waited long enough already; this only outlasts a restart between two scrapes
        "labels": {"severity": kpi.severity, "about": kpi.about},
        "annotations": {
            "summary": f"{kpi.title}{where}: {value}, in breach {kpi.bad} {threshold_text(kpi)}",
            "description": kpi.meaning,
            "action": kpi.action,
        },
    }


if __name__ == "__main__":
    sys.stdout.write(rules_file())
