"""An alert: one episode of a subject, what it is about in words, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from services.alerts.evaluation.episodes import Episode, Subject
from services.alerts.kpis.columns import PERSONAL
from services.alerts.lifecycle import acts
from services.alerts.lifecycle.acts import BY_ITSELF, Act, Standing
from services.alerts.notifications.message import Event
from shared.contracts.alerts import About, Severity, What
from shared.drift.words import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What people read of an alert: the title and unit of its KPI, what the KPI means, and what to do. `settings` are
    those of the KPI by which it was seen last; empty where it has none, or they were not kept yet.
    """

    about: About
    severity: Severity
    title: str
    unit: Unit
    meaning: str
    action: str
    settings: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latest:
    """The KPI as it was seen last: its value, what was expected, and the statistic over its limit, as of a business
    date.
    """

    as_of: date
    value: Decimal | None
    expected: Decimal | None
    score: float | None

    @property
    def deviation(self) -> Decimal | None:
        """How far the value is from what was expected, in the unit of the KPI."""
        return None if self.value is None or self.expected is None else abs(self.value - self.expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One episode of a subject. `labels` are those that Prometheus gave it, with `started_at`, where it comes from
    there.
    """

    subject: Subject
    number: int
    words: Words
    episode: Episode
    latest: Latest
    standing: Standing
    labels: dict[str, str] = field(default_factory=dict)
    started_at: datetime | None = None

    @property
    def alert_id(self) -> str:
        """A name for people, addresses and messages: the KPI, the currency if any, and the number of the episode."""
        return ".".join(part for part in (self.subject.kpi, self.subject.currency, str(self.number)) if part)

    @property
    def unresolved(self) -> bool:
        """Whether somebody still has to do something."""
        return self.standing.state != "resolved"

    @property
    def going_on(self) -> bool:
        """Whether the episode lasts, also where somebody has decided about it."""
        return self.episode.recovered_on is None and self.standing.resolution != "corrected"

    @property
    def personal(self) -> bool:
        """Whether it is about one person."""
        return self.subject.dimension in PERSONAL


class Case:
    """An alert in hand: what is found out of it and done to it within one transaction."""

    def __init__(self, alert: Alert, *, begun_with: Act | None = None) -> None:
        """`begun_with` opens an alert that is new."""
        self.alert = alert
        self.seen = begun_with is not None
        """Whether more is to be written than acts."""
        self.acts: list[tuple[Act, Standing | None]] = [] if begun_with is None else [(begun_with, None)]
        """New acts, each with where the alert stood before it."""

    def see(self, episode: Episode, latest: Latest, *, settings: str = "") -> None:
        """Take over how detection sees the episode now, by which settings of the KPI."""
        words = replace(self.alert.words, settings=settings or self.alert.words.settings)
        if (episode, latest, words) != (self.alert.episode, self.alert.latest, self.alert.words):
            self.alert = replace(self.alert, episode=episode, latest=latest, words=words)
            self.seen = True

    def add(self, what: What, at: datetime, *, who: str = BY_ITSELF, **facts: Any) -> Act:
        """Write an act into the journal."""
        before = self.alert.standing
        act = Act(number=before.acts + 1, at=at, who=who, what=what, as_of=self.alert.latest.as_of, **facts)
        self.acts.append((act, before))
        self.alert = replace(self.alert, standing=acts.after(before, act))
        return act

    def tellings(self) -> list[tuple[Act, Event]]:
        """The new acts that people are told of."""
        told = ((act, acts.telling(act, before, final=self.alert.standing)) for act, before in self.acts)
        return [(act, what) for act, what in told if what is not None]
