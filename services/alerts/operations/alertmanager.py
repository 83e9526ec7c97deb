"""Keeps alerts about the road in line with Alertmanager: what somebody has in hand here is silenced there, and what it
holds no more is over here.

The webhook alone would not do: what is silenced, or suppressed by another alert, Alertmanager tells nobody of, its end
neither. Every round compares what should be with what is, so that a message that was lost, a silence that somebody
ended, and an Alertmanager that forgot all are put right, and processes that do it side by side do no harm.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import httpx
import structlog
from sqlalchemy import Engine

from services.alerts.lifecycle import store
from services.alerts.lifecycle.alert import Alert
from services.alerts.lifecycle.operational import OperationalAlert
from services.alerts.lifecycle.service import Lifecycle
from services.alerts.operations.alertmanager_client import AlertmanagerClient
from services.alerts.operations.silences import changes
from shared.log.worker import TRANSIENT

PERIOD_SECONDS: Final = 2.0
RECEIVER: Final = "earnest"
"""As `deploy/alertmanager/alertmanager.yml` calls us: which alerts are ours is decided there."""
KNOWS_AGAIN: Final = timedelta(minutes=5)
"""Prometheus tells of what fires every minute or so. An Alertmanager that has just begun may not know of it yet."""

_logger = structlog.get_logger(__name__)


class Alertmanager:
    """Compares every two seconds, for as long as the process runs."""

    def __init__(
        self,
        engine: Engine,
        lifecycle: Lifecycle,
        *,
        client: AlertmanagerClient,
        author: str,
        clock: Callable[[], datetime],
    ) -> None:
        """`author` is by whom silences are: those of others are left alone."""
        self._engine, self._lifecycle, self._client = engine, lifecycle, client
        self._author, self._clock = author, clock
        self._before: tuple[datetime | None, list[Mapping[str, str]]] = (None, [])

    def run(self, stop: threading.Event) -> None:
        """Compare at once and again until `stop` is set. While the database or Alertmanager is away, all stays as it
        is.
        """
        while not stop.is_set():
            try:
                self.round()
            except (*TRANSIENT, httpx.HTTPError) as error:
                _logger.warning("alertmanager.failed", cause=type(error).__name__)
            stop.wait(PERIOD_SECONDS)
        self._client.close()

    def round(self) -> None:
        """Bring both in line, once.

        Raises:
            httpx.HTTPError: Alertmanager does not answer as it should.
        """
        # Read before Alertmanager is asked: whatever is known here by now, it knew before, so that it knows it still
        # unless it is over.
        with self._engine.connect() as connection:
            going_on = [
                alert
                for alert in store.in_hand(connection, [])
                if alert.subject.detector == "prometheus" and alert.going_on
            ]
        now = self._clock()
        firing = self._client.alerts(RECEIVER)
        since = self._client.since()  # asked after it: one that began in between is not taken for the one before
        over = [_ended(alert, now) for alert in going_on if self._is_over(alert, firing, since=since, now=now)]
        self._before = since, [alert.labels for alert in firing]
        with self._engine.begin() as connection:
            self._lifecycle.take_operational_alerts(connection, [*firing, *over], now=now)
            wanted = store.in_somebodys_hands(connection, now)
        put, expire = changes(wanted, self._client.silences(self._author), author=self._author, now=now)
        for silence in put:
            self._client.put(silence)
        for silence_id in expire:
            self._client.expire(silence_id)

    def _is_over(self, alert: Alert, firing: Sequence[OperationalAlert], *, since: datetime, now: datetime) -> bool:
        """Whether Alertmanager, which runs since an instant, holds an alert no more. One that has just begun may not
        know it again; it does where it held the alert when it was asked before.
        """
        if any(alert.labels == held.labels for held in firing):
            return False
        same, held_before = self._before[0] == since, self._before[1]
        return now - since > KNOWS_AGAIN or (same and alert.labels in held_before)


def _ended(alert: Alert, now: datetime) -> OperationalAlert:
    return OperationalAlert(
        name=alert.subject.kpi,
        labels=alert.labels,
        status="resolved",
        starts_at=alert.started_at or now,
        ends_at=now,
    )
