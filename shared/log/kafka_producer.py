"""The one Kafka producer of a process, bounded and watched.

kafka-python bounds nothing by itself: a broker that stands still lets records pile up in memory, and a sender that
cannot make sense of the cluster turns for ever without failing a record; one that let batches expire while a real
broker stood still did the same. So records go in portions, so many portions at a time, and when a portion is not
delivered, because it failed or because nothing became of it in time, the producer is given up and made anew.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import structlog
from kafka import KafkaProducer
from kafka.errors import KafkaError

from shared.log.port import MAX_RECORD_BYTES, LogUnavailable, Partition, Record

PORTION_RECORDS = 2000
PORTIONS_IN_FLIGHT = 10
"""Together what may wait in memory for a broker that stands still: 20,000 records."""
MAX_REQUEST_BYTES = MAX_RECORD_BYTES + 1024 * 1024
"""A record with its key and headers."""

DELIVERY_SECONDS = 20.0
"""After this kafka-python itself fails a record that was not acknowledged."""

SETTLE_SECONDS = 30.0
"""After this kafka-python has neither delivered nor failed a record: it never will."""

_logger = structlog.get_logger(__name__)


class Producer:
    """Delivers records to given partitions and says which were acknowledged. Thread-safe."""

    def __init__(
        self, servers: str, delivery_seconds: float = DELIVERY_SECONDS, *, settle_seconds: float = SETTLE_SECONDS
    ) -> None:
        """Name the bootstrap servers; the first delivery connects."""
        self._servers = servers
        self._delivery_seconds, self._settle_seconds = delivery_seconds, settle_seconds
        self._portions = threading.BoundedSemaphore(PORTIONS_IN_FLIGHT)
        self._lock = threading.Lock()
        self._producer: Any = None

    def deliver(self, placed: Sequence[tuple[Partition, Record]]) -> list[int | None]:
        """Send and wait; returns each record's offset, None where no acknowledgement came. In order per partition.

        Raises:
            LogUnavailable: Kafka cannot be reached at all, or other deliveries take all the room.
        """
        offsets: list[int | None] = []
        for start in range(0, len(placed), PORTION_RECORDS):
            if not self._portions.acquire(timeout=self._settle_seconds):
                raise LogUnavailable("too many records wait for Kafka's acknowledgement")
            try:
                offsets += self._deliver(placed[start : start + PORTION_RECORDS])
            finally:
                self._portions.release()
            if None in offsets:
                return offsets + [None] * (len(placed) - len(offsets))
        return offsets

    def close(self) -> None:
        """Give up what is in flight and disconnect."""
        with self._lock:
            producer, self._producer = self._producer, None
        if producer is not None:
            _abandon(producer)

    def _deliver(self, portion: Sequence[tuple[Partition, Record]]) -> list[int | None]:
        producer = self._connected()
        settled = threading.Event()
        waiting = len(portion)

        def one_settled(_: object) -> None:
            nonlocal waiting
            waiting -= 1  # only the sender's thread comes here
            if waiting == 0:
                settled.set()

        futures = []
        try:
            for partition, record in portion:
                headers = [(name, value.encode()) for name, value in record.headers.items()]
                future = producer.send(partition.topic, record.value, record.key.encode(), headers, partition.number)
                futures.append(future)
                future.add_both(one_settled)
        except KafkaError as error:
            raise LogUnavailable(f"Kafka does not take records: {type(error).__name__}") from error
        settled.wait(self._settle_seconds)
        offsets = [future.value.offset if future.succeeded() else None for future in futures]
        if None in offsets:
            _logger.error("kafka.producer_replaced", failed=offsets.count(None) - waiting, stuck=waiting)
            self._replace(producer)
        return offsets

    def _connected(self) -> Any:
        with self._lock:
            if self._producer is None:
                try:
                    self._producer = KafkaProducer(
                        bootstrap_servers=self._servers,
                        client_id="earnest",
                        enable_idempotence=True,  # named, so that a setting in its way is an error instead of its end
                        acks="all",
                        linger_ms=5,
                        batch_size=64 * 1024,
                        max_request_size=MAX_REQUEST_BYTES,
                        delivery_timeout_ms=int(self._delivery_seconds * 1000),
                        request_timeout_ms=int(self._delivery_seconds * 1000) // 2,
                        max_block_ms=int(self._delivery_seconds * 1000) // 2,
                        bootstrap_timeout_ms=int(self._delivery_seconds * 1000) // 2,
                        allow_auto_create_topics=False,
                        reconnect_backoff_max_ms=1000,
                        metrics_enabled=False,
                    )
                except KafkaError as error:
                    raise LogUnavailable(f"Kafka cannot be reached: {type(error).__name__}") from error
            return self._producer

    def _replace(self, stuck: Any) -> None:
        with self._lock:
            if self._producer is stuck:
                self._producer = None
        _abandon(stuck)


def _abandon(producer: Any) -> None:
    """End a producer without waiting for its records. Its own `close` first waits for them and gives up when they do
    not go.
    """
    producer._sender.force_close()
    with suppress(KafkaError):
        producer.close(timeout=1)
