"""The life of an alert: opened by a breach, closed by its end, held while too little is known to say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from services.alerts.evaluation.readings import Reading, Subject
from services.alerts.kpis import BY_NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One episode of a breach. Dates are business dates; values are in the unit of the KPI."""

    kpi: str
    currency: str
    number: int
    threshold: Decimal
    opened_on: date
    opened_value: Decimal
    closed_on: date | None = None
    closed_value: Decimal | None = None

    @property
    def alert_id(self) -> str:
        """A name for people and messages: the KPI, the currency if any, and the number of the episode."""
        return ".".join(part for part in (self.kpi, self.currency, str(self.number)) if part)

    @property
    def subject(self) -> Subject:
        """What the alert is about."""
        return self.kpi, self.currency


def changes(
    readings: Iterable[Reading], still_open: Mapping[Subject, Alert], *, episodes: Mapping[Subject, int], as_of: date
) -> list[Alert]:
    """The alerts that open or close under these readings.

    Args:
        readings: the KPIs as of the date.
        still_open: open alerts by subject.
        episodes: how many alerts a subject has had.
        as_of: the business date of the readings.
    """
    changed = []
    for reading in readings:
        subject = (reading.kpi, reading.currency)
        alert = still_open.get(subject)
        if reading.value is None or reading.breached is None:
            continue  # held as it is: silence is neither a breach nor its end
        if reading.breached and alert is None:
            changed.append(
                Alert(
                    kpi=reading.kpi,
                    currency=reading.currency,
                    number=episodes.get(subject, 0) + 1,
                    threshold=BY_NAME[reading.kpi].threshold,  # kept: the KPI may have another one when somebody asks
                    opened_on=as_of,
                    opened_value=reading.value,
                )
            )
        elif not reading.breached and alert is not None:
            changed.append(replace(alert, closed_on=as_of, closed_value=reading.value))
    return changed
