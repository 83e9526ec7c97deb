"""A member of a Kafka consumer group whose positions are kept elsewhere: partitions stand still until they are
sought.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import structlog
from kafka import ConsumerRebalanceListener, KafkaAdminClient, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.admin import MemberToRemove
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import FencedInstanceIdError, IllegalStateError, KafkaError, OffsetOutOfRangeError

from shared.log.kafka_client import closing_on_failure, lasting_joins
from shared.log.port import (
    MAX_RECORD_BYTES,
    LogUnavailable,
    MemberReplaced,
    Partition,
    PositionOutOfRange,
    Record,
    Stored,
    UnknownTopic,
)

READING: Final[dict[str, Any]] = {
    "auto_offset_reset": "none",  # a position that is not there is an error to report, not a reason to skip records
    "enable_auto_commit": False,
    "isolation_level": "read_committed",
    "allow_auto_create_topics": False,
    "max_partition_fetch_bytes": MAX_RECORD_BYTES,
    "reconnect_backoff_max_ms": 1000,
    "bootstrap_timeout_ms": 10_000,
    "metrics_enabled": False,
}

HINT_SECONDS = 2.0
"""How often positions are committed to Kafka. The answer is also how a member learns that its name was taken:
kafka-python keeps the heartbeat's answer to itself, and its `poll` turns without rest from then on.
"""

_logger = structlog.get_logger(__name__)


class GroupConsumer:
    """See `Consumer`. Static membership: a process that comes back under its name takes its partitions up again.

    A client that failed is thrown away, and the next poll opens another one under the same name: kafka-python goes on
    after errors of its callbacks, its heartbeats and its assignments as if nothing had happened, and a member may then
    stay without partitions for ever.
    """

    def __init__(self, servers: str, group: str, *, topics: Sequence[str], member: str, session_seconds: float) -> None:
        self._servers, self._group, self._member = servers, group, member
        self._topics, self._session_seconds = list(topics), session_seconds
        self._assigned: set[Partition] = set()
        self._sought: set[Partition] = set()
        self._hints: dict[Partition, int] = {}
        self._lock = threading.Lock()  # assignments are told by kafka-python's own thread
        self._next_hint = 0.0
        self._replaced = False
        self._client: Any = self._open()

    def poll(self, timeout: float, limit: int) -> list[Stored]:
        """See `Consumer.poll`."""
        try:
            if self._client is None:
                self._client = self._open()
            self._commit()
            polled = self._client.poll(timeout_ms=int(timeout * 1000), max_records=limit)
        except OffsetOutOfRangeError as error:
            raise self._out_of_range(error) from error
        except FencedInstanceIdError as error:
            self._replaced = True
            raise MemberReplaced(f"another process joined {self._group} as {self._member}") from error
        except UnknownTopic as error:  # it was there when this member joined: a broker that starts may not know it yet
            raise LogUnavailable(str(error)) from error
        except KafkaError as error:
            self._abandon()
            raise LogUnavailable(f"Kafka gives no records: {type(error).__name__}") from error
        stored = []
        for lane, records in polled.items():
            partition = Partition(lane.topic, lane.partition)
            # Of a partition that came while we polled records may be here that nobody has sought yet: they come again.
            if partition in self._sought:
                stored += [stored_from(partition, record) for record in records]
        return stored

    def newly_assigned(self) -> set[Partition]:
        """See `Consumer.newly_assigned`."""
        with self._lock:
            return self._assigned - self._sought

    def assignment(self) -> set[Partition]:
        """See `Consumer.assignment`."""
        with self._lock:
            return set(self._assigned)

    def seek(self, partition: Partition, position: int) -> None:
        """See `Consumer.seek`. A partition no longer assigned is passed over: another member has it."""
        if self._client is None:
            return
        lane = TopicPartition(*partition)
        try:
            self._client.seek(lane, position)
            self._client.resume(lane)
        except IllegalStateError:
            return
        with self._lock:
            if partition in self._assigned:
                self._sought.add(partition)
                self._hints[partition] = position

    def hint(self, positions: Mapping[Partition, int]) -> None:
        """See `Consumer.hint`. The next poll commits it."""
        with self._lock:
            self._hints.update(
                (partition, position) for partition, position in positions.items() if partition in self._sought
            )

    def close(self) -> None:
        """See `Consumer.close`. A static member does not leave by closing; its place is given up by name."""
        try:
            self._abandon()
            if self._replaced:  # the place is another process's now
                return
            admin: Any = KafkaAdminClient(bootstrap_servers=self._servers, request_timeout_ms=5000)
            try:
                admin.remove_group_members(self._group, [MemberToRemove(group_instance_id=self._member)])
            finally:
                admin.close()
        except KafkaError as error:
            _logger.warning("log.leave_failed", group=self._group, member=self._member, cause=type(error).__name__)

    def take_on(self, client: Any, lanes: Iterable[TopicPartition]) -> None:
        """Take partitions on, standing still. A position is set, for otherwise Kafka's own would be asked for."""
        with self._lock:
            for lane in lanes:
                client.seek(lane, 0)
                client.pause(lane)
                self._assigned.add(Partition(lane.topic, lane.partition))

    def let_go(self, lanes: Iterable[TopicPartition]) -> None:
        """Let partitions go."""
        gone = {Partition(lane.topic, lane.partition) for lane in lanes}
        with self._lock:
            self._assigned -= gone
            self._sought -= gone
            for partition in gone & self._hints.keys():
                del self._hints[partition]

    def _open(self) -> Any:
        """A client that joins the group with its next polls."""
        assignors: Any = [CooperativeStickyAssignor()]
        try:
            with closing_on_failure() as kafka_client:
                client: Any = KafkaConsumer(
                    bootstrap_servers=self._servers,
                    client_id=f"earnest-{self._member}",
                    group_id=self._group,
                    group_instance_id=self._member,
                    partition_assignment_strategy=assignors,
                    session_timeout_ms=int(self._session_seconds * 1000),
                    heartbeat_interval_ms=int(self._session_seconds * 1000) // 4,
                    max_poll_interval_ms=60_000,
                    kafka_client=kafka_client,
                    **READING,
                )
                lasting_joins(client)
                client.subscribe(topics=self._topics, listener=_Listener(self, client))
                # A member that deals out partitions before it knows them deals out none, and may not notice for
                # minutes.
                unknown = [topic for topic in self._topics if not client.partitions_for_topic(topic)]
                if unknown:
                    raise UnknownTopic(f"Kafka has no topics {', '.join(unknown)}; create them with ensure()")
        except KafkaError as error:
            raise LogUnavailable(f"Kafka cannot be reached: {type(error).__name__}") from error
        return client

    def _abandon(self) -> None:
        """Close the client, which keeps the place in the group, and forget what it was assigned."""
        client, self._client = self._client, None
        if client is None:
            return
        # What failed may fail again while it closes; nothing of it is needed any more. Unsubscribed first, so that a
        # join under way does not begin anew.
        with suppress(KafkaError, RuntimeError):
            client.unsubscribe()
        with suppress(KafkaError, RuntimeError):
            client.close(autocommit=False, timeout_ms=5000)
        with self._lock:
            self._assigned, self._sought, self._hints = set(), set(), {}

    def _commit(self) -> None:
        """Commit without waiting, from time to time."""
        if time.monotonic() >= self._next_hint:
            self._next_hint = time.monotonic() + HINT_SECONDS
            with self._lock:
                offsets = {TopicPartition(*lane): OffsetAndMetadata(at, "", -1) for lane, at in self._hints.items()}
            self._client.commit_async(offsets)

    def _out_of_range(self, error: OffsetOutOfRangeError) -> Exception:
        [(lane, position)] = error.args[0].items()
        try:
            first, end = self._client.beginning_offsets([lane])[lane], self._client.end_offsets([lane])[lane]
        except KafkaError as cause:
            return LogUnavailable(f"Kafka gives no offsets: {type(cause).__name__}")
        return PositionOutOfRange(Partition(lane.topic, lane.partition), position, first=first, end=end)


class _Listener(ConsumerRebalanceListener):
    def __init__(self, consumer: GroupConsumer, client: Any) -> None:
        self._consumer, self._client = consumer, client

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._consumer.take_on(self._client, assigned)

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._consumer.let_go(revoked)

    def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        self._consumer.let_go(lost)


def stored_from(partition: Partition, record: Any) -> Stored:
    """A consumed record of kafka-python at its place. What another producer wrote may lack a key or not be text."""
    headers = {name: (value or b"").decode(errors="backslashreplace") for name, value in record.headers}
    key = (record.key or b"").decode(errors="backslashreplace")
    return Stored(partition, record.offset, Record(key, record.value, headers), record.timestamp / 1000)
