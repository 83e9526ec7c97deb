"""The relay: copies what transactions published from the outbox to Kafka, in order, and forgets what was acknowledged.

One relay works at a time, elected by an advisory lock; others stand by. A relay that loses its database connection
loses the lock, and may not know it yet while the next one begins: both then send the same records, each with the
position it came from in a header, and readers take each position once and in its turn (`positions.follow`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any, Final

import psycopg
import structlog
from psycopg import sql
from sqlalchemy.exc import SQLAlchemyError

from shared.log import store
from shared.log.headers import ORIGIN
from shared.log.kafka_producer import Producer
from shared.log.port import LogUnavailable, Partition, Record, Stored
from shared.log.postgres import PostgresLog
from shared.log.worker import retrying

LOCK: Final = "hashtext('earnest.log.relay')"
"""Of a session and not of a transaction: it is held while portions are sent, which is not in any transaction."""
PORTION_RECORDS = 2000
"""As many as the producer delivers in one go; a portion is read, sent and forgotten before the next."""
WAIT_SECONDS = 0.5
"""For a notification. It may be lost with a connection, so that the outbox is looked at anyway."""
LOOK_SECONDS = 1.0
"""Between looks for topics that were created meanwhile."""
TRANSIENT = (LogUnavailable, psycopg.Error, SQLAlchemyError)

_logger = structlog.get_logger(__name__)


class Relay:
    """Empties an outbox into Kafka. Run one in every process of one service; the lock lets one of them work."""

    def __init__(self, outbox: PostgresLog, producer: Producer) -> None:
        self._outbox, self._producer = outbox, producer

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; what is in flight is waited for. Failures of Kafka or the database are waited
        out.
        """
        patiently = retrying(
            stop,
            errors=TRANSIENT,
            before_sleep=lambda attempt: _logger.warning("relay.retry", attempt=attempt.attempt_number),
        )
        while not stop.is_set():
            patiently(self._lead, stop)

    def _lead(self, stop: threading.Event) -> None:
        """Be elected leader, then relay until stopped."""
        with psycopg.connect(self._outbox.conninfo, autocommit=True, application_name="earnest-relay") as connection:
            while connection.execute(f"select pg_try_advisory_lock({LOCK})").fetchone() != (True,):
                if stop.wait(1):
                    return
            _logger.info("relay.elected")
            connection.execute("set enable_seqscan = off")  # see postgres._prefer_indexes
            starts: dict[Partition, int] = {}
            next_look = 0.0
            while not stop.is_set():
                if time.monotonic() >= next_look:
                    next_look = time.monotonic() + LOOK_SECONDS
                    self._find_topics(connection, starts)
                if not self.relay(connection, starts):
                    for _ in connection.notifies(timeout=WAIT_SECONDS, stop_after=1):
                        pass

    def _find_topics(self, connection: psycopg.Connection[Any], starts: dict[Partition, int]) -> None:
        """Take on the topics that were created since the last look, from their first record that is still there."""
        for topic in set(self._outbox.topics()) - {partition.topic for partition in starts}:
            connection.execute(sql.SQL("listen {}").format(sql.Identifier(store.CHANNEL + topic)))
            starts.update((lane, store.first(connection, lane)) for lane in self._outbox.partitions(topic))

    def relay(self, connection: psycopg.Connection[Any], starts: dict[Partition, int]) -> int:
        """Send one portion from `starts` on, and move them past what was acknowledged; returns how many records were.

        Raises:
            LogUnavailable: some were not acknowledged; they are still there.
        """
        portion = store.read(connection, starts, limit=PORTION_RECORDS)
        if not portion:
            return 0
        # Sent, then forgotten: a crash in between sends again, which readers drop by the origin. The other order would
        # lose records.
        offsets = self._producer.deliver([(stored.partition, _with_origin(stored)) for stored in portion])
        done = _acknowledged(portion, offsets)
        starts.update(done)
        store.forget(connection, done)
        if None in offsets:
            raise LogUnavailable(f"Kafka acknowledged {len(offsets) - offsets.count(None)} of {len(offsets)} records")
        return len(portion)


def _with_origin(stored: Stored) -> Record:
    return Record(stored.record.key, stored.record.value, {**stored.record.headers, ORIGIN: str(stored.position)})


def _acknowledged(portion: Sequence[Stored], offsets: Sequence[int | None]) -> dict[Partition, int]:
    """Per partition, the position after the last record before which all were acknowledged."""
    done: dict[Partition, int] = {}
    broken: set[Partition] = set()
    for stored, offset in zip(portion, offsets, strict=True):
        if offset is None:
            # What was acknowledged behind a gap is sent again with what fills it: order is kept.
            broken.add(stored.partition)
        elif stored.partition not in broken:
            done[stored.partition] = stored.position + 1
    return done
