"""Alerts follow what evaluations find."""

from __future__ import annotations

from collections.abc import Set

from sqlalchemy import Connection

from services.alerts.evaluation.episodes import Subject
from services.alerts.evaluation.evaluator import Evaluation
from services.alerts.lifecycle import store
from services.alerts.lifecycle.alert import Alert, changes
from shared.contracts.alerts import TYPE, AlertChanged
from shared.contracts.message import cloud_event
from shared.contracts.topics import ALERTS, Topic
from shared.log.port import Log, Record


def reconcile(connection: Connection, evaluation: Evaluation, *, log: Log) -> Set[Subject]:
    """Open and close alerts under an evaluation, and publish what changed in the same transaction; of which subjects
    one is open then.
    """
    # Every process evaluates, for every one is scraped; whoever has the lock also moves alerts, so that they open once.
    if store.lock_alerts(connection):
        changed = _changes(connection, evaluation)
        store.save_alerts(connection, changed)
        log.publish(connection, [_publication(alert) for alert in changed])
    return {Subject(*subject) for subject in store.open_alerts(connection)}


def _changes(connection: Connection, evaluation: Evaluation) -> list[Alert]:
    # Thresholds of the whole company, which is all that an alert can be about.
    findings = [each for each in evaluation.findings if each.subject.detector == "threshold"]
    return changes(findings, store.open_alerts(connection), episodes=store.episodes(connection))


def _publication(alert: Alert) -> tuple[Topic, Record]:
    """The alert as a CloudEvent; its id names the episode and what became of it."""
    changed = AlertChanged(
        alert_id=alert.alert_id,
        kpi=alert.kpi,
        state="open" if alert.closed_on is None else "closed",
        value=alert.opened_value if alert.closed_value is None else alert.closed_value,
        threshold=alert.threshold,
        as_of=alert.closed_on or alert.opened_on,
    )
    headers = cloud_event(event_id=f"{alert.alert_id}/{changed.state}", source="/earnest/alerts", kind=TYPE)
    return ALERTS, Record(alert.alert_id, changed.model_dump_json().encode(), headers)
