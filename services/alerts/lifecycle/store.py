"""The SQL of alerts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Literal

from sqlalchemy import Connection, func, select, text
from sqlalchemy.dialects.postgresql import insert

from services.alerts.lifecycle.alert import Alert, Subject
from services.alerts.lifecycle.tables import ALERT


def lock_alerts(connection: Connection) -> bool:
    """Whether this transaction may move alerts: one process at a time does."""
    # Tried and not waited for: whoever comes second would find nothing left to move. An advisory lock, for an alert
    # that is to open has no row yet.
    lock = text("select pg_try_advisory_xact_lock(hashtext('earnest.alerts.evaluate'))")
    return bool(connection.execute(lock).scalar())


def open_alerts(connection: Connection) -> dict[Subject, Alert]:
    """The alerts that are open, by what they are about."""
    return {alert.subject: alert for alert in alerts(connection, "open")}


def alerts(connection: Connection, state: Literal["open", "closed", "all"], *, limit: int = 1000) -> list[Alert]:
    """Alerts in a state, the latest opened first."""
    wanted = select(ALERT).order_by(ALERT.c.opened_on.desc(), ALERT.c.kpi, ALERT.c.currency, ALERT.c.number.desc())
    if state != "all":
        wanted = wanted.where(ALERT.c.closed_on.is_(None) if state == "open" else ALERT.c.closed_on.is_not(None))
    return [Alert(**row) for row in connection.execute(wanted.limit(limit)).mappings()]


def episodes(connection: Connection) -> dict[Subject, int]:
    """How many alerts there were of a subject."""
    counted = select(ALERT.c.kpi, ALERT.c.currency, func.max(ALERT.c.number)).group_by(ALERT.c.kpi, ALERT.c.currency)
    return {(kpi, currency): number for kpi, currency, number in connection.execute(counted)}


def save_alerts(connection: Connection, changed: Iterable[Alert]) -> None:
    """Write alerts that opened or closed."""
    for alert in changed:
        # An alert that closes is the row of its opening, of which nothing else changes.
        row = insert(ALERT).values(asdict(alert))
        closing = {"closed_on": row.excluded.closed_on, "closed_value": row.excluded.closed_value}
        connection.execute(row.on_conflict_do_update(index_elements=ALERT.primary_key.columns, set_=closing))
