"""What the catalogue of KPIs says of a subject to people, and which KPIs move which."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from services.alerts.evaluation.episodes import Subject
from services.alerts.kpis import Catalogue, Kpi
from services.alerts.lifecycle.alert import Words


def words_of(catalogue: Catalogue, subject: Subject) -> Words:
    """The words of the KPI of a subject that was evaluated."""
    kpi = catalogue.by_name[subject.kpi].kpi
    return Words(
        about=kpi.about,
        severity=kpi.urgency,
        title=kpi.title,
        unit=kpi.unit,
        meaning=kpi.meaning,
        action=kpi.action,
        settings=_settings(catalogue, kpi),
    )


def _settings(catalogue: Catalogue, kpi: Kpi) -> str:
    """What is set about watching a KPI, in a few characters that are the same where it is."""
    said = (
        f"{kpi.model_dump_json()} {catalogue.calendar.model_dump_json()} {catalogue.false_alarms_per_year.normalize()}"
    )
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def caused_by(catalogue: Catalogue) -> Mapping[str, Sequence[str]]:
    """Of every KPI those that move it, the likeliest first."""
    return {kpi.name: kpi.caused_by for kpi in catalogue.kpis}
