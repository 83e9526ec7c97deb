"""Delivers what is released until it is there: the requests are rows, so that no crash forgets any."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, TypeAlias

import structlog
from sqlalchemy import Engine

from services.payout.delivery import store
from services.payout.delivery.encryption import encrypted
from services.payout.delivery.parcels import MANIFEST, DeliveryFailed, DeliveryRefused, DropFile, Parcel
from services.payout.delivery.policy import Delivery
from services.payout.delivery.secret_files import SecretFiles
from services.payout.policies import store as policies
from shared.log.worker import TRANSIENT
from shared.metrics import DELIVERIES_WAITING, DELIVERY_ATTEMPTS, DELIVERY_WAITING_SECONDS
from shared.pay.policy import in_force
from shared.settings import Settings

PAUSE_SECONDS: Final = 3

Drop: TypeAlias = Callable[[Delivery, SecretFiles, Sequence[DropFile]], list[str]]

OUTCOMES: Final = ("delivered", "failed", "refused")

_logger = structlog.get_logger(__name__)


class Courier:
    """Any number may run; a batch is delivered to one place by one at a time."""

    def __init__(
        self, engine: Engine, settings: Settings, *, now: Callable[[], datetime], drop: Drop | None = None
    ) -> None:
        self._engine, self._settings, self._now, self._drop = engine, settings, now, drop
        self._shown: set[str] = set()

    def run(self, stop: threading.Event) -> None:
        """Deliver what is due, again and again, until `stop` is set."""
        while not stop.is_set():
            try:
                self.round()
            except TRANSIENT as error:
                _logger.warning("delivery.round_failed", cause=type(error).__name__)
            stop.wait(PAUSE_SECONDS)

    def round(self) -> int:
        """Try everything that is due once; how much of it was delivered."""
        with self._engine.connect() as connection:
            due = store.due(connection, self._now())
        done = sum(self._deliver(parcel) for parcel in due)
        self._show()
        return done

    def _deliver(self, parcel: Parcel) -> bool:
        with store.DeliveryLock(self._engine, parcel) as ours:
            if not ours:
                return False
            # It was due before it was locked: meanwhile another courier may have delivered it, or tried and failed.
            with self._engine.connect() as connection:
                still_due = parcel in store.due(connection, self._now())
            return still_due and self._attempt(parcel)

    def _attempt(self, parcel: Parcel) -> bool:
        outcome, cause, detail = "delivered", "", ""
        try:
            delivery, files = self._prepared(parcel)
            self._send(delivery, files)
        except DeliveryFailed as error:
            outcome, cause = "refused" if isinstance(error, DeliveryRefused) else "failed", str(error)
            detail = error.detail
        with self._engine.begin() as connection:
            if outcome == "delivered":
                store.delivered(connection, parcel, now=self._now())
            else:
                store.failed(connection, parcel, error=cause, now=self._now())
        for each in OUTCOMES:  # of all: what begins with its first refusal has not increased since then
            DELIVERY_ATTEMPTS.labels(parcel.destination, each).inc(each == outcome)
        told = {"batch": parcel.batch, "destination": parcel.destination, "cause": cause, "detail": detail}
        _logger.info(f"delivery.{outcome}", **told)
        return outcome == "delivered"

    def _prepared(self, parcel: Parcel) -> tuple[Delivery, list[DropFile]]:
        """The policy that holds, and the files as they are sent, settled before the first byte leaves: encrypting twice
        gives different bytes, and after a crash the server's copy would be taken for somebody else's file.
        """
        with self._engine.begin() as connection:
            today = self._now().astimezone(self._settings.zone).date()
            version = in_force(policies.versions(connection, Delivery, policy_id=parcel.destination), today)
            if version is None:
                raise DeliveryRefused(f"there is no delivery {parcel.destination} in force on {today}")
            delivery = version.policy
            plain, sent = store.content(connection, parcel)
            if sent is None:
                secrets = SecretFiles(self._settings.deliveries_dir, delivery.id)
                sent = [encrypted(file, delivery, secrets=secrets) for file in plain]
                store.settle(connection, parcel, sent=sent)
        return delivery, sent

    def _send(self, delivery: Delivery, files: Sequence[DropFile]) -> None:
        if self._drop is None:
            from services.payout.delivery.sftp import drop  # only who sends needs it, and it takes its time

            self._drop = drop
        wanted = [file for file in files if delivery.manifest or MANIFEST not in file.name]
        self._drop(delivery, SecretFiles(self._settings.deliveries_dir, delivery.id), wanted)

    def _show(self) -> None:
        with self._engine.connect() as connection:
            waiting = store.waiting(connection, self._now())
        for gone in self._shown - waiting.keys():  # a gauge keeps its last value until it is told another
            DELIVERIES_WAITING.labels(gone).set(0)
            DELIVERY_WAITING_SECONDS.labels(gone).set(0)
        for destination, (number, oldest) in waiting.items():
            DELIVERIES_WAITING.labels(destination).set(number)
            DELIVERY_WAITING_SECONDS.labels(destination).set(oldest.total_seconds())
        self._shown |= waiting.keys()
