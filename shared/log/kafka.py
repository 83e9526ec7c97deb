"""Apache Kafka behind the port. What a transaction publishes goes to an outbox in PostgreSQL, from where a relay sends
it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, TopicAlreadyExistsError
from sqlalchemy import Connection

from shared.contracts.topics import Topic, with_dead_letters
from shared.log.kafka_client import closing_on_failure
from shared.log.kafka_consumer import READING, GroupConsumer, stored_from
from shared.log.kafka_producer import MAX_REQUEST_BYTES, Producer
from shared.log.port import LogUnavailable, Partition, PositionOutOfRange, Record, Stored
from shared.log.postgres import PostgresLog

READ_SECONDS = 10.0


class PartitionsDiffer(Exception):
    """A topic has another number of partitions in Kafka than in the outbox: keys would change their partition."""


class KafkaLog:
    """A log in Kafka topics of the same names. Thread-safe; a consumer of it belongs to one thread."""

    compacts = True

    def __init__(
        self, servers: str, outbox: PostgresLog, *, partitions: int, replication: int = 1, session_seconds: float = 10.0
    ) -> None:
        """Name the servers and the outbox; `partitions` and `replication` are what new topics get."""
        self.outbox, self.producer = outbox, Producer(servers)
        self._servers, self._new_partitions, self._replication = servers, partitions, replication
        self._session_seconds = session_seconds
        self._reader: Any = None
        self._reading = threading.Lock()

    def ensure(self, topics: Sequence[Topic]) -> None:
        """Create the topics that do not exist, with their dead-letter topics, and their partitions in the outbox.

        Raises:
            LogUnavailable: Kafka did not do it in time.
            PartitionsDiffer: Kafka and the outbox disagree.
        """
        wanted = {topic.name: topic for topic in with_dead_letters(topics)}
        try:
            admin: Any = KafkaAdminClient(bootstrap_servers=self._servers, bootstrap_timeout_ms=10_000)
            try:
                existing = set(admin.list_topics())
                new = {name: self._settings(topic) for name, topic in wanted.items() if name not in existing}
                if new:
                    with suppress(TopicAlreadyExistsError):  # by another process, just now
                        admin.create_topics(new)
                    admin.wait_for_topics(list(wanted))
                described = admin.describe_topics(list(wanted))
            finally:
                admin.close()
        except KafkaError as error:
            raise LogUnavailable(f"Kafka does not create topics: {type(error).__name__}") from error
        numbers = {topic["name"]: len(topic["partitions"]) for topic in described}
        self.outbox.create(numbers)
        for name, number in numbers.items():
            if self.outbox.partition_count(name) != number:
                raise PartitionsDiffer(f"{name}: {number} in Kafka, {self.outbox.partition_count(name)} in the outbox")

    def append(self, topic: Topic, records: Sequence[Record]) -> list[tuple[int, int]]:
        """See `Log.append`."""
        placed = self.outbox.place([(topic, record) for record in records])
        offsets = self.producer.deliver(placed)
        if None in offsets:
            raise LogUnavailable(f"Kafka acknowledged {len(offsets) - offsets.count(None)} of {len(offsets)} records")
        return [(lane.number, offset) for (lane, _), offset in zip(placed, offsets, strict=True) if offset is not None]

    def publish(self, connection: Connection, publications: Sequence[tuple[Topic, Record]]) -> None:
        """See `Log.publish`."""
        self.outbox.publish(connection, publications)

    def consumer(self, group: str, topics: Sequence[Topic], *, member: str) -> GroupConsumer:
        """See `Log.consumer`."""
        return GroupConsumer(
            self._servers,
            group,
            topics=[topic.name for topic in topics],
            member=member,
            session_seconds=self._session_seconds,
        )

    def read(self, partition: Partition, start: int, *, limit: int) -> list[Stored]:
        """See `Log.read`. Raises PositionOutOfRange as `Consumer.poll` does."""
        lane = TopicPartition(*partition)
        with self._reading:
            try:
                reader = self._connected()
                first, end = reader.beginning_offsets([lane])[lane], reader.end_offsets([lane])[lane]
                if not first <= start <= end:
                    raise PositionOutOfRange(partition, start, first=first, end=end)
                if start == end:
                    return []
                if reader.assignment() != {lane}:
                    reader.assign([lane])
                    reader.seek(lane, start)
                elif reader.position(lane) != start:  # where reading goes on, what was fetched ahead is used
                    reader.seek(lane, start)
                return _polled(reader, partition, limit=limit)
            except KafkaError as error:
                raise LogUnavailable(f"Kafka gives no records: {type(error).__name__}") from error

    def first(self, partition: Partition) -> int:
        """See `Log.first`."""
        return self._offsets("beginning_offsets", [TopicPartition(*partition)])[partition]

    def ends(self, topic: Topic) -> dict[Partition, int]:
        """See `Log.ends`."""
        numbers = range(self.outbox.partition_count(topic.name))
        return self._offsets("end_offsets", [TopicPartition(topic.name, number) for number in numbers])

    def scan(self, topic: Topic) -> Iterator[Stored]:
        """See `Log.scan`."""
        ends = self.ends(topic)
        firsts = {partition: self.first(partition) for partition in ends}
        try:
            reader = self._new_reader()
            try:
                for partition, end in sorted(ends.items()):
                    lane = TopicPartition(*partition)
                    reader.assign([lane])
                    reader.seek(lane, firsts[partition])
                    while reader.position(lane) < end:
                        yield from (stored for stored in _polled(reader, partition) if stored.position < end)
            finally:
                reader.close()
        except KafkaError as error:
            raise LogUnavailable(f"Kafka gives no records: {type(error).__name__}") from error

    def close(self) -> None:
        """See `Log.close`."""
        self.producer.close()
        with self._reading:
            if self._reader is not None:
                self._reader.close()
                self._reader = None
        self.outbox.close()

    def _settings(self, topic: Topic) -> dict[str, Any]:
        return {
            "num_partitions": self._new_partitions,
            "replication_factor": self._replication,
            "configs": {
                "cleanup.policy": "compact" if topic.compacted else "delete",
                "retention.ms": "-1",  # facts are kept: everything can be rebuilt from them
                "max.message.bytes": str(MAX_REQUEST_BYTES),
                "message.timestamp.type": "LogAppendTime",  # the lag is told by the broker's clock, not by publishers'
                "min.insync.replicas": str(
                    max(1, self._replication - 1)
                ),  # one broker may be down, and no record is lost
            },
        }

    def _offsets(self, method: str, lanes: list[TopicPartition]) -> dict[Partition, int]:
        with self._reading:
            try:
                offsets = getattr(self._connected(), method)(lanes)
            except KafkaError as error:
                raise LogUnavailable(f"Kafka gives no offsets: {type(error).__name__}") from error
        return {Partition(lane.topic, lane.partition): offset for lane, offset in offsets.items()}

    def _connected(self) -> Any:
        if self._reader is None:
            self._reader = self._new_reader()
        return self._reader

    def _new_reader(self) -> Any:
        # It reads what is there. A fetch at the end of one partition must not make the next partition wait for news.
        with closing_on_failure() as kafka_client:
            return KafkaConsumer(
                bootstrap_servers=self._servers,
                client_id="earnest-reader",
                fetch_max_wait_ms=10,
                kafka_client=kafka_client,
                **READING,
            )


def _polled(reader: Any, partition: Partition, *, limit: int | None = None) -> list[Stored]:
    """What a reader gives next of its one partition, of which it is known that there is more."""
    polled = reader.poll(timeout_ms=int(READ_SECONDS * 1000), max_records=limit)
    if not polled:
        raise LogUnavailable(f"Kafka gave no records of {partition.topic} in {READ_SECONDS} s")
    return [stored_from(partition, record) for record in polled[TopicPartition(*partition)]]
