"""Alerts of Prometheus that Alertmanager hands back: each is a subject of its own on the road."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal
from zoneinfo import ZoneInfo

from services.alerts.evaluation.episodes import Episode, Subject
from services.alerts.lifecycle.alert import Latest, Words
from services.alerts.lifecycle.moves import Book
from shared.contracts.alerts import Severity

DIMENSION: Final = "labels"
_SAID_ELSEWHERE: Final = frozenset({"alertname", "severity", "about"})
MOST_OF_LABELS: Final = 500
"""Characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationalAlert:
    """An alert as Alertmanager has it; it is known by its labels. `ends_at` is None while it fires."""

    name: str
    labels: Mapping[str, str]
    status: Literal["firing", "resolved"]
    starts_at: datetime
    ends_at: datetime | None
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def subject(self) -> Subject:
        """What it is about: its name, and the labels that tell it from others of the name."""
        labels = ", ".join(
            f"{name}={value}" for name, value in sorted(self.labels.items()) if name not in _SAID_ELSEWHERE
        )
        if len(labels) > MOST_OF_LABELS:
            labels = f"{labels[:MOST_OF_LABELS]}… {hashlib.sha256(labels.encode()).hexdigest()[:16]}"
        return Subject(kpi=self.name, dimension=DIMENSION, segment=labels, detector="prometheus")

    @property
    def words(self) -> Words:
        """What its annotations say."""
        severity: Severity = "critical" if self.labels.get("severity") == "critical" else "warning"
        title = self.annotations.get("summary") or self.name
        return Words(
            about="road",
            severity=severity,
            title=title,
            unit="number",
            meaning=self.annotations.get("description", ""),
            action=self.annotations.get("action", ""),
        )


def take(book: Book, told: OperationalAlert, *, now: datetime, zone: ZoneInfo) -> None:
    """Bring the alerts of the subject in line with what Alertmanager says. Telling it again changes nothing, nor does
    what comes late: an alert that began before the last one known, or the end of one that nobody knows.
    """
    known = book.of(told.subject)
    last = known[-1] if known else None
    began = None if last is None else last.alert.started_at
    if told.status == "firing":
        if last is not None and last.alert.going_on:
            return  # the same, or the same again after Prometheus or Alertmanager was started anew
        if began is None or told.starts_at > began:
            day = told.starts_at.astimezone(zone).date()
            book.open(
                told.subject,
                told.words,
                episode=_episode(day),
                latest=_latest(day),
                now=now,
                labels=told.labels,
                started_at=told.starts_at,
            )
    elif last is not None and last.alert.going_on and began is not None and told.starts_at >= began:
        day = (told.ends_at or now).astimezone(zone).date()
        last.see(replace(last.alert.episode, recovered_on=day), _latest(day))
        if last.alert.unresolved:
            last.add("resolved", now, resolution="recovered", why=f"over since {day}")


def _episode(day: date) -> Episode:
    return Episode(
        detected_on=day, onset=day, direction="up", score=1.0, rule="prometheus", value=Decimal(1), expected=Decimal(0)
    )


def _latest(day: date) -> Latest:
    return Latest(as_of=day, value=None, expected=None, score=None)
