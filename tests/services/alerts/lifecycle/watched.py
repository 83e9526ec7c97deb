"""Episodes as detection finds them, and alerts that follow them from move to move."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from fastapi.testclient import TestClient

from services.alerts.evaluation.episodes import Episode, Findings, Subject
from services.alerts.lifecycle.acts import Act, Standing
from services.alerts.lifecycle.alert import Alert, Case, Words
from services.alerts.lifecycle.decisions import Decision, decide, resolve_with
from services.alerts.lifecycle.moves import Book, Circumstances, begin, follow, settle
from services.alerts.lifecycle.mutes import Mute
from services.alerts.lifecycle.suppression import decided_with
from shared.calendars import CompanyCalendar

NOON = datetime(2025, 3, 14, 12, tzinfo=UTC)
DISCOUNT = Subject("average_discount", "USD", detector="drift")
EVENT_LAG = Subject("event_lag")
KEYS = {"ops": ["alerts:read", "alerts:write"], "reader": ["alerts:read"], "boss": ["alerts:read", "earnings:read"]}
Move = Callable[..., None]
Ask = Callable[..., TestClient]


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def day(number: int) -> date:
    return date(2025, 1, 1) + timedelta(days=number)


def episode(detected: int, recovered: int | None = None, onset: int | None = None) -> Episode:
    return Episode(
        detected_on=day(detected),
        onset=day(detected - 3 if onset is None else onset),
        direction="up",
        score=1.2,
        rule="cusum",
        value=Decimal("0.30"),
        expected=Decimal("0.20"),
        recovered_on=None if recovered is None else day(recovered),
        recovered_value=None if recovered is None else Decimal("0.21"),
    )


class Company:
    """Alerts that are kept from move to move, as the service keeps them in its tables."""

    def __init__(self, **facts: object) -> None:
        self.alerts: dict[str, Alert] = {}
        self.journals: dict[str, list[Act]] = {}
        self.told: list[tuple[str, str]] = []
        self.now = NOON
        self.facts = facts
        self.settings = "12 a year"

    def move(self, *findings: Findings, hours: float = 1) -> list[tuple[str, str]]:
        """What people are told of by findings, some hours after the move before."""
        self.now += timedelta(hours=hours)
        numbers: dict[tuple[str, str], int] = {}
        for alert in self.alerts.values():
            key = (alert.subject.kpi, alert.subject.currency)
            numbers[key] = max(numbers.get(key, 0), alert.number)
        book = Book(self.alerts.values(), numbers)
        begun = []
        for found in findings:
            road = found.subject.kpi in ("event_lag", "dead_letters")
            words = Words(
                about="road" if road else "plan",
                severity="critical" if road else "warning",
                title=found.subject.kpi,
                unit="ratio",
                meaning="",
                action="",
                settings=self.settings,
            )
            begun += follow(book, found, words=words, has_history=not road, now=self.now)
        begin(book, begun, now=self.now)
        facts = dict(self.facts)
        mutes: list[Mute] = facts.pop("mutes", [])  # type: ignore[assignment]
        holding = [mute for mute in mutes if mute.holds(self.now.date(), CompanyCalendar())]
        settle(book, Circumstances(now=self.now, mutes=holding, **facts))  # type: ignore[arg-type]
        return self._keep(book.changed())

    def decide(self, alert_id: str, decision: Decision, who: str = "dana") -> list[tuple[str, str]]:
        self.now += timedelta(minutes=1)
        case = Case(self.alerts[alert_id])
        decide(case, decision, journal=self.journals[alert_id], who=who, now=self.now)
        unresolved = [alert for alert in self.alerts.values() if alert.unresolved]
        parts = [Case(part) for part in decided_with(self.alerts[alert_id], unresolved)]
        resolve_with(case, parts, who=who, now=self.now)
        return self._keep([case, *parts])

    def standing(self, alert_id: str) -> Standing:
        return self.alerts[alert_id].standing

    def acts(self, alert_id: str) -> list[str]:
        return [act.what for act in self.journals[alert_id]]

    def _keep(self, cases: Sequence[Case]) -> list[tuple[str, str]]:
        told = []
        for case in cases:
            self.alerts[case.alert.alert_id] = case.alert
            self.journals.setdefault(case.alert.alert_id, []).extend(act for act, _ in case.acts)
            told += [(case.alert.alert_id, what) for _, what in case.tellings()]
        self.told += told
        return told


def found(
    *episodes: Episode,
    subject: Subject = DISCOUNT,
    value: str | None = "0.30",
    score: float | None = 1.2,
    known: bool = True,
    on: int = 60,
) -> Findings:
    return Findings(
        subject=subject,
        as_of=day(on),
        known=known,
        value=None if value is None else Decimal(value),
        expected=Decimal("0.20"),
        episodes=episodes,
        score=score,
    )
