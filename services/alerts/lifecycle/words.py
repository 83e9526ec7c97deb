"""What the catalogue of KPIs says of a subject to people, and which KPIs move which."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from services.alerts.evaluation.episodes import Subject
from services.alerts.kpis import Catalogue
from services.alerts.lifecycle.alert import Words

OF_SETTINGS: Final = 16
"""Characters that tell settings of a KPI apart."""


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
        settings=hashlib.sha256(catalogue.settings_of(kpi).encode()).hexdigest()[:OF_SETTINGS],
    )


def caused_by(catalogue: Catalogue) -> Mapping[str, Sequence[str]]:
    """Of every KPI those that move it, the likeliest first."""
    return {kpi.name: kpi.caused_by for kpi in catalogue.kpis}
