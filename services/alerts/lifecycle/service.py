"""Alerts follow what evaluations find and what people decide; each change is written, published and put on its way to
people in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from services.alerts.evaluation.episodes import Findings, Subject
from services.alerts.evaluation.evaluator import Evaluation, Evaluator
from services.alerts.kpis import Catalogue
from services.alerts.lifecycle import operational, store
from services.alerts.lifecycle.acts import Act
from services.alerts.lifecycle.alert import Alert, Case
from services.alerts.lifecycle.decisions import Decision, decide, resolve_with
from services.alerts.lifecycle.errors import AlertChangedMeanwhile, NoSuchAlert
from services.alerts.lifecycle.links import links_of
from services.alerts.lifecycle.moves import Begun, Book, Circumstances, begin, follow, settle
from services.alerts.lifecycle.mutes import nobody_is_known
from services.alerts.lifecycle.operational import OperationalAlert
from services.alerts.lifecycle.pictures import picture_of
from services.alerts.lifecycle.suppression import decided_with
from services.alerts.lifecycle.telling import changed_by, told_of
from services.alerts.lifecycle.words import caused_by, words_of
from services.alerts.notifications import store as notifications
from services.alerts.notifications.declared import Notifications
from shared.contracts.alerts import TYPE
from shared.contracts.message import cloud_event
from shared.contracts.topics import ALERTS, Topic
from shared.http import etag_matches
from shared.log.port import Log, Record


class Lifecycle:
    """The alerts of an installation."""

    def __init__(
        self,
        log: Log,
        *,
        catalogue: Catalogue,
        zone: ZoneInfo,
        declared: Callable[[], Notifications],
        address: str,
        scoring: str,
        refusal: Callable[[], str | None] = lambda: None,
    ) -> None:
        """`zone` is the company's, `declared` says who is told what now, `refusal` why that is not known, if so;
        `address` is where this service is reached, `scoring` where scoring is.
        """
        self._log, self._catalogue, self._zone, self._address = log, catalogue, zone, address
        self._declared, self._refusal, self._scoring = declared, refusal, scoring

    def reconcile(self, connection: Connection, evaluation: Evaluation) -> Set[Subject]:
        """Move alerts to what an evaluation found; of which subjects one is unresolved then."""
        # Every process evaluates, for every one is scraped; whoever has the lock also moves alerts, so that they open
        # once.
        if store.lock_alerts(connection):
            self.move(connection, evaluation.findings, now=datetime.fromtimestamp(evaluation.at, UTC))
        return {alert.subject for alert in store.unresolved(connection)}

    def move(self, connection: Connection, found: Iterable[Findings], *, now: datetime) -> None:
        """Bring alerts in line with findings, the mutes and the clock. The caller has the lock."""
        findings = list(found)
        book = self._book(connection, [each.subject for each in findings])
        begun: list[Begun] = []
        for each in findings:
            words = words_of(self._catalogue, each.subject)
            begun += follow(book, each, words=words, has_history=words.about == "plan", now=now)
        begin(book, begun, now=now)
        self._settle(connection, book, now=now)

    def take_operational_alerts(
        self, connection: Connection, told: Iterable[OperationalAlert], *, now: datetime
    ) -> None:
        """Take alerts that Alertmanager hands back into the life cycle; each as often as it is told, and once in
        effect.
        """
        store.lock_alerts(connection, wait=True)
        alerts = list(told)
        book = self._book(connection, [alert.subject for alert in alerts])
        for alert in sorted(alerts, key=lambda each: (each.starts_at, each.status == "resolved")):
            operational.take(book, alert, now=now, zone=self._zone)
        self._settle(connection, book, now=now)

    def decide(
        self,
        connection: Connection,
        alert_id: str,
        *,
        decision: Decision,
        who: str,
        now: datetime,
        if_match: str | None,
    ) -> Alert:
        """Write what somebody decided into an alert's journal; what stands there already is not written again. Who
        resolves it resolves what it stands for. The caller has the lock.

        Raises:
            NoSuchAlert: there is none of this id.
            AlertChangedMeanwhile: it is not as the caller saw it (`if_match`).
            AlertIsOver: it is resolved, and the decision makes no sense any more.
        """
        alert = store.alert_named(connection, alert_id)
        if alert is None:
            raise NoSuchAlert(alert_id)
        if if_match is not None and not etag_matches(if_match, tag_of(alert)):
            raise AlertChangedMeanwhile(alert_id, tag_of(alert))
        case = Case(alert)
        decide(case, decision, journal=store.journal(connection, alert_id), who=who, now=now)
        parts = [Case(part) for part in decided_with(alert, store.unresolved(connection))]
        resolve_with(case, parts, who=who, now=now)
        self._save(connection, [case, *(part for part in parts if part.acts)], now=now)
        return case.alert

    def remind(self, connection: Connection, alert_id: str, *, about: str, why: str, now: datetime) -> bool:
        """Remind people of what was decided about an alert and is not done yet, as often as `remind_after_days` says;
        whether they are. The caller has the lock.

        Args:
            connection: of the transaction.
            alert_id: whose journal says so.
            about: what is to be done, by its id.
            why: what is to be done, in words.
            now: the instant.
        """
        alert = store.alert_named(connection, alert_id)
        last = [act.at for act in store.journal(connection, alert_id) if act.what == "reminded" and act.to == about]
        if alert is None or (last and now < last[-1] + timedelta(days=self._declared().remind_after_days)):
            return False
        case = Case(alert)
        case.add("reminded", now, to=about, why=why)
        self._save(connection, [case], now=now)
        return True

    def overdue(self, decided_at: datetime, *, now: datetime) -> bool:
        """Whether what was decided then should be done by now, or somebody be reminded."""
        return now >= decided_at + timedelta(days=self._declared().remind_after_days)

    def links(self, alert: Alert) -> dict[str, str]:
        """Where to look further from an alert."""
        watched = self._catalogue.by_name.get(alert.subject.kpi)
        return links_of(alert, None if watched is None else watched.kpi, scoring=self._scoring)

    def business_date(self, instant: datetime) -> date:
        """The date of an instant in the company's calendar."""
        return instant.astimezone(self._zone).date()

    def _book(self, connection: Connection, subjects: Iterable[Subject]) -> Book:
        return Book(store.in_hand(connection, subjects), store.numbers(connection))

    def _settle(self, connection: Connection, book: Book, *, now: datetime) -> None:
        today, declared, refusal = self.business_date(now), self._declared(), self._refusal()
        mutes = [mute for mute in store.mutes(connection, today) if mute.holds(today, self._catalogue.calendar)]
        at = Circumstances(
            now=now,
            mutes=mutes if refusal is None else [*mutes, nobody_is_known(refusal, now=now)],
            caused_by=caused_by(self._catalogue),
            escalate_after=declared.escalate_after_hours,
            levels=declared.levels,
        )
        settle(book, at)
        self._save(connection, book.changed(), now=now)

    def _save(self, connection: Connection, cases: list[Case], *, now: datetime) -> None:
        store.save(connection, cases)
        told = [
            told_of(case.alert, act, event=event, link=f"{self._address}/v1/alerts/{case.alert.alert_id}")
            for case in cases
            for act, event in case.tellings()
        ]
        notifications.write(connection, told, declared=self._declared(), now=now, zone=self._zone)
        # The last of the transaction: it holds the topic's partitions until the commit.
        self._log.publish(connection, [_publication(case.alert, act) for case in cases for act, _ in case.acts])


class Charts:
    """Pictures of alerts for mails, by their ids."""

    def __init__(self, engine: Engine, evaluator: Evaluator) -> None:
        self._engine, self._evaluator = engine, evaluator

    def __call__(self, alert_id: str) -> bytes | None:
        """The picture as PNG; None where there is none, or where it would show a person."""
        with self._engine.connect() as connection:
            alert = store.alert_named(connection, alert_id)
        latest = self._evaluator.latest
        if alert is None or alert.personal or latest is None:
            return None
        return picture_of(alert, latest.plan, form="png")


def tag_of(alert: Alert) -> str:
    """The ETag of an alert: it changes with its journal, not with every figure that moves."""
    return f'"{alert.standing.acts}"'


def _publication(alert: Alert, act: Act) -> tuple[Topic, Record]:
    """An act as a CloudEvent; its id names the alert and the act."""
    headers = cloud_event(event_id=f"{alert.alert_id}/{act.number}", source="/earnest/alerts", kind=TYPE)
    return ALERTS, Record(alert.alert_id, changed_by(alert, act).model_dump_json().encode(), headers)
