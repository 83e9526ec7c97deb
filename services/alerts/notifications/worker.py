"""Sends what is on its way, again and again until it has arrived; beside the evaluation, which it never holds up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Engine

from services.alerts.notifications import store
from services.alerts.notifications.channels_client import Channels, Charts
from services.alerts.notifications.declared import NOBODY, SECRETS, Notifications, Undeclared, notifications_of
from services.alerts.notifications.errors import DidNotArrive, NoSuchSubscription
from services.alerts.notifications.message import Message, an_example
from services.alerts.notifications.schedule import is_given_up
from services.alerts.notifications.store import Due
from shared.log.worker import retrying
from shared.metrics import NOTIFICATIONS
from shared.posting import NotSent

PAUSE_SECONDS: Final = 1.0
AT_ONCE: Final = 10

OUTCOMES: Final = ("sent", "failed", "given_up")

_logger = structlog.get_logger(__name__)


class Declaration:
    """The file of notifications as it is now: it is read again when it changes. One with a mistake leaves the last good
    one in force.
    """

    def __init__(self, path: Path | None) -> None:
        """`path` is the installation's setting; without one nobody is told anything."""
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._declared, self._findings = NOBODY, list[str]()
        self._reading = threading.Lock()

    @property
    def secrets(self) -> Path:
        """The folder of secrets beside the file."""
        return (self._path.parent if self._path else Path()) / SECRETS

    def current(self) -> Notifications:
        """What is declared."""
        with self._reading:
            stamp = self._stat()
            if stamp != self._stamp:
                self._stamp = stamp
                self._read()
            return self._declared

    def remarks(self) -> list[str]:
        """Why what the file says now is not in force, if so."""
        self.current()
        return [f"{self._path}: {finding}" for finding in self._findings]

    def refusal(self) -> str | None:
        """Why it is not known who is to be told: the file has a mistake, and no good one was read before."""
        found = self.remarks()
        return found[0] if found and not self._declared.subscriptions else None

    def _stat(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat() if self._path else None
        except OSError:
            return None
        return (status.st_mtime_ns, status.st_size) if status else None

    def _read(self) -> None:
        self._findings = []
        if self._path is None or self._stamp is None:
            self._declared = NOBODY
            return
        try:
            self._declared = notifications_of(self._path.read_text(encoding="utf-8-sig"))
        except Undeclared as error:
            self._findings = error.findings
        except (OSError, UnicodeDecodeError) as error:
            self._findings = [f"it cannot be read ({type(error).__name__})"]
        if self._findings:
            _logger.error("notifications.undeclared", findings=len(self._findings))


class Sender:
    """Any number may run; a message is taken by one at a time."""

    def __init__(
        self,
        engine: Engine,
        declaration: Declaration,
        *,
        now: Callable[[], datetime],
        charts: Charts,
        loopback: bool = False,
    ) -> None:
        """`charts` draws the picture of an alert; `loopback` allows this machine itself as a receiver."""
        self._engine, self._declaration, self._now = engine, declaration, now
        self._channels = Channels(declaration.secrets, loopback=loopback, charts=charts)

    def run(self, stop: threading.Event) -> None:
        """Send what is due, again and again, until `stop` is set."""
        patiently = retrying(stop)
        while not stop.is_set():
            if not patiently(self.round):
                stop.wait(PAUSE_SECONDS)

    def round(self) -> int:
        """Try once what is due; how many messages that were."""
        with self._engine.begin() as connection:
            store.forget_settled(connection, self._now())
            due = store.take(connection, self._now(), limit=AT_ONCE)
        for each in due:
            self._send(each)
        return len(due)

    def remarks(self) -> list[str]:
        """Why what the file of notifications says is not in force, if so."""
        return self._declaration.remarks()

    def try_out(self, name: str) -> str:
        """Send an example to a subscription now; by which channel.

        Raises:
            NoSuchSubscription: there is none of this name.
            DidNotArrive: it did not get there.
        """
        declared = self._declaration.current()
        subscription = declared.subscriptions.get(name)
        if subscription is None:
            raise NoSuchSubscription(name, sorted(declared.subscriptions))
        now = self._now()
        message = Message(message_id=f"{name}/example/{int(now.timestamp())}", told=(an_example(now),))
        try:
            self._channels.send(message, subscription, declared=declared, now=now)
        except NotSent as error:
            raise DidNotArrive(str(error)) from None
        return subscription.channel

    def _send(self, due: Due) -> None:
        declared = self._declaration.current()
        subscription = declared.subscriptions.get(due.subscription)
        error = None
        if subscription is None:
            # Whoever took a subscription away does not want what was meant for it.
            error, over = "there is no such subscription any more", True
        else:
            over = is_given_up(self._now(), due.due_at)
            try:
                self._channels.send(due.message, subscription, declared=declared, now=self._now())
            except NotSent as failure:
                error = str(failure)
            except Exception as failure:  # one message that cannot be written must not stop all others
                error = f"unexpected: {type(failure).__name__}"
                _logger.error("notifications.unexpected", message=due.message.message_id, exc_info=failure)
        outcome = "sent" if error is None else "given_up" if over else "failed"
        with self._engine.begin() as connection:
            if error is None:
                store.sent(connection, due.message.message_id, now=self._now())
            elif over:
                store.given_up(connection, due.message.message_id, error=error, now=self._now())
            else:
                store.failed(connection, due, error=error, now=self._now())
        channel = subscription.channel if subscription else "none"
        for each in OUTCOMES:  # of all: what begins with the first that is given up has not increased since then
            NOTIFICATIONS.labels(channel, each).inc(each == outcome)
        _logger.info(f"notifications.{outcome}", message=due.message.message_id, channel=channel, cause=error or "")
