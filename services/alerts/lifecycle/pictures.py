"""The picture of an alert: the series of its KPI, what was expected, and how far the score went."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from services.alerts.evaluation.readings import Reading, reading_of
from services.alerts.lifecycle.alert import Alert
from shared.charts import Form
from shared.drift.picture import picture
from shared.drift.words import Naming

BEFORE: Final = timedelta(days=365)
"""What is shown before the onset: a year, in which everything happens that recurs."""


def picture_of(alert: Alert, readings: Iterable[Reading], *, form: Form) -> bytes | None:
    """The picture of an alert as it is seen in the readings of now; None where its KPI is not watched for drift, or has
    no past yet.
    """
    reading = reading_of(alert.subject, readings)
    if reading is None or reading.assessment is None:
        return None
    segment = f", {alert.subject.dimension} {alert.subject.segment}" if alert.subject.dimension else ""
    naming = Naming(title=f"{reading.kpi.title}{segment}", unit=reading.kpi.unit, currency=reading.where.currency)
    return picture(reading.assessment, form, naming=naming, since=alert.episode.onset - BEFORE)
