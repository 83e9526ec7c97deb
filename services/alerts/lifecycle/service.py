"""Alerts follow what evaluations find."""

from __future__ import annotations

from collections.abc import Set

from sqlalchemy import Connection

from services.alerts.evaluation.evaluator import Evaluation
from services.alerts.evaluation.readings import Subject
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
    return store.open_alerts(connection).keys()


def _changes(connection: Connection, evaluation: Evaluation) -> list[Alert]:
    # Alerts of the plan carry the date that deals speak of, those of the pipeline today: it may stand still while time
    # goes on.
    still_open, episodes = store.open_alerts(connection), store.episodes(connection)
    dated = [(evaluation.plan, evaluation.as_of), (evaluation.pipeline, evaluation.today)]
    return [
        alert
        for readings, day in dated
        if day is not None
        for alert in changes(readings, still_open, episodes=episodes, as_of=day)
    ]


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
