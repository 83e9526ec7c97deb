"""Where to look further from an alert: its picture, the series of its KPI, the deals behind it."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from services.alerts.evaluation.totals import OTHER
from services.alerts.kpis import Kpi
from services.alerts.lifecycle.alert import Alert

_OF_THE_ROSTER: Final = frozenset({"plan", "manager", "position"})
"""Dimensions that a deal has by its owner and not by a field of its own."""


def links_of(alert: Alert, kpi: Kpi | None, *, scoring: str) -> dict[str, str]:
    """By what they lead to, addresses: of this service without its host, of scoring at the address that it has.

    The deals are those that closed from the onset on; of a segment that a deal has by a field of its own only those of
    the segment. None of a KPI that is of something else, or is gone from the catalogue.
    """
    if kpi is None:
        return {}
    subject, alert_path = alert.subject, f"/v1/alerts/{alert.alert_id}"
    place = {"currency": subject.currency, "dimension": subject.dimension, "segment": subject.segment}
    series = urlencode({name: value for name, value in place.items() if value})
    links = {"series": f"/v1/kpis/{subject.kpi}/series" + (f"?{series}" if series else "")}
    if kpi.drift is not None:
        links |= {f"picture_{form}": f"{alert_path}/picture.{form}" for form in ("svg", "png")}
    if kpi.of == "deals" and kpi.dated_by == "close_date":
        fields = {"currency": subject.currency}
        if subject.dimension not in _OF_THE_ROSTER and subject.segment != OTHER:
            fields[subject.dimension] = subject.segment
        wanted = [
            ("closed_from", alert.episode.onset.isoformat()),
            ("closed_to", alert.latest.as_of.isoformat()),
            *(("where", f"{field}={value}") for field, value in fields.items() if field and value),
        ]
        links["deals"] = f"{scoring}/v1/facts/deals?{urlencode(wanted)}"
    return links
