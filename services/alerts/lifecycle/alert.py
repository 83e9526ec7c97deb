"""The life of an alert: opened by a breach, closed by its end, held while too little is known to say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from services.alerts.evaluation.episodes import Findings

Subject = tuple[str, str]
"""What an alert is about: a KPI and its currency, empty for the whole company."""


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
    findings: Iterable[Findings], still_open: Mapping[Subject, Alert], *, episodes: Mapping[Subject, int]
) -> list[Alert]:
    """The alerts that open or close under these findings; `episodes` says how many alerts a subject has had."""
    changed = []
    for found in findings:
        subject = (found.subject.kpi, found.subject.currency)
        alert, episode = still_open.get(subject), found.current
        if not found.known or found.value is None:
            continue  # held as it is: silence is neither a breach nor its end
        if episode is not None and alert is None:
            changed.append(
                Alert(
                    kpi=subject[0],
                    currency=subject[1],
                    number=episodes.get(subject, 0) + 1,
                    threshold=found.expected or Decimal(0),  # kept: the KPI may have another one when somebody asks
                    opened_on=found.as_of,
                    opened_value=found.value,
                )
            )
        elif episode is None and alert is not None:
            changed.append(replace(alert, closed_on=found.as_of, closed_value=found.value))
    return changed
