"""The embedded log: tables in PostgreSQL behind the port. For one machine; it is not a broker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.contracts.topics import Topic, with_dead_letters
from shared.database import check_tables, engine_for
from shared.log import store
from shared.log.macs import authenticated
from shared.log.membership import Membership
from shared.log.partitioner import partition_of
from shared.log.port import (
    MAX_RECORD_BYTES,
    LogUnavailable,
    Partition,
    Record,
    RecordTooLarge,
    Stored,
    UnknownTopic,
)
from shared.log.postgres_consumer import PostgresConsumer
from shared.proof.signing import Signer
from shared.reader import driver

SCHEMA = "log"
SCAN_RECORDS = 1000
"""Read at once by a scan: a portion is in memory, a topic is not."""


class PostgresLog:
    """A log in the tables of schema `log`. Thread-safe; a consumer of it belongs to one thread."""

    compacts = False

    def __init__(
        self, url: URL, partitions: int, *, session_seconds: float = 10.0, signer: Signer | None = None
    ) -> None:
        """See that the log's tables are there and be ready.

        `partitions` is the number that new topics get; `session_seconds` is how long a silent member keeps its share;
        with a `signer` records are authenticated.

        Raises:
            TablesBehind: they are not those of this version.
        """
        self._signer = signer
        self._url, self._new_partitions, self._session_seconds = url, partitions, session_seconds
        self._engine = engine_for(url, SCHEMA)
        event.listen(self._engine, "connect", _prefer_indexes)
        check_tables(self._engine, SCHEMA, package="shared.log")
        self._partitions: dict[str, int] = {}

    def begun_as(self, kind: str) -> str:
        """Which kind of log these tables were begun as: the log itself (`postgres`), or the outbox of one in Kafka
        (`kafka`), which forgets what was sent. Where nobody has said it, it is this one from now on.
        """
        with self.connection() as connection:
            connection.execute("insert into log.kind (kind) values (%s) on conflict do nothing", [kind])
            row = connection.execute("select kind from log.kind").fetchone()
        assert row is not None
        return str(row[0])

    def ensure(self, topics: Sequence[Topic]) -> None:
        """Create the topics that do not exist, with their dead-letter topics, with as many partitions as new topics
        get.
        """
        self.create({topic.name: self._new_partitions for topic in with_dead_letters(topics)})

    def create(self, partitions: Mapping[str, int]) -> None:
        """Create heads of the named topics with so many partitions each, where a topic has none."""
        with self._engine.begin() as connection:
            # All services ensure all topics when they start. Alone, for of two that see no head each would create its
            # own number.
            connection.execute(text("select pg_advisory_xact_lock(hashtext('earnest.log.ensure'))"))
            for name, number in partitions.items():
                connection.execute(
                    text("""
                        insert into log.head (topic, partition)
                        select :topic, n from generate_series(0, :number - 1) n
                        where not exists (select 1 from log.head where topic = :topic)"""),
                    {"topic": name, "number": number},
                )

    def partition_count(self, topic: str) -> int:
        """How many partitions a topic has; that never changes.

        Raises:
            UnknownTopic: it was not created.
        """
        if topic not in self._partitions:
            with self.connection() as connection:
                self._partitions = dict(
                    connection.execute("select topic, count(*) from log.head group by topic").fetchall()
                )
        if topic not in self._partitions:
            raise UnknownTopic(f"the log has no topic {topic}; create it with ensure()")
        return self._partitions[topic]

    def partitions(self, topic: str) -> list[Partition]:
        """A topic's partitions. Raises UnknownTopic as `partition_count` does."""
        return [Partition(topic, number) for number in range(self.partition_count(topic))]

    def topics(self) -> list[str]:
        """The names of the topics there are."""
        with self.connection() as connection:
            return [row[0] for row in connection.execute("select distinct topic from log.head order by topic")]

    @property
    def conninfo(self) -> str:
        """The database's address, for a connection of one's own."""
        return self._url.set(drivername="postgresql").render_as_string(hide_password=False)

    def append(self, topic: Topic, records: Sequence[Record]) -> list[tuple[int, int]]:
        """See `Log.append`: all records in one transaction, so all or none."""
        placed = self.place([(topic, record) for record in records])
        if not placed:
            return []
        with self.connection() as connection:
            positions = store.append(connection, placed)
        return [(partition.number, position) for (partition, _), position in zip(placed, positions, strict=True)]

    def publish(self, connection: Connection, publications: Sequence[tuple[Topic, Record]]) -> None:
        """See `Log.publish`."""
        if publications:
            store.append(driver(connection), self.place(publications))

    def place(self, publications: Sequence[tuple[Topic, Record]]) -> list[tuple[Partition, Record]]:
        """Choose each record's partition, by topic and key, and authenticate it. Raises as `Log.append` does."""
        placed = []
        for topic, record in publications:
            name, size = topic.name, len(record.value or b"")
            if size > MAX_RECORD_BYTES:
                raise RecordTooLarge(f"a record of {name} has {size} bytes; the limit is {MAX_RECORD_BYTES}")
            kept = authenticated(name, record, signer=self._signer) if self._signer else record
            placed.append((Partition(name, partition_of(record.key, self.partition_count(name))), kept))
        return placed

    def consumer(self, group: str, topics: Sequence[Topic], *, member: str) -> PostgresConsumer:
        """See `Log.consumer`. All members of a group name the same topics."""
        partitions = [partition for topic in topics for partition in self.partitions(topic.name)]
        membership = Membership(self._engine, group, member=member, session_seconds=self._session_seconds)
        return PostgresConsumer(self.conninfo, group, partitions=partitions, members=membership)

    def read(self, partition: Partition, start: int, *, limit: int) -> list[Stored]:
        """See `Log.read`. Raises PositionOutOfRange as `Consumer.poll` does."""
        with self.connection() as connection:
            return store.read(connection, {partition: start}, limit=limit)

    def first(self, partition: Partition) -> int:
        """See `Log.first`."""
        with self.connection() as connection:
            return store.first(connection, partition)

    def ends(self, topic: Topic) -> dict[Partition, int]:
        """See `Log.ends`."""
        lanes = self.partitions(topic.name)
        with self.connection() as connection:
            return store.ends(connection, lanes)

    def scan(self, topic: Topic) -> Iterator[Stored]:
        """See `Log.scan`."""
        for partition, end in sorted(self.ends(topic).items()):
            with self.connection() as connection:
                position = store.first(connection, partition)
            while position < end:
                records = self.read(partition, position, limit=min(SCAN_RECORDS, end - position))
                yield from records
                position = records[-1].position + 1

    def close(self) -> None:
        """See `Log.close`."""
        self._engine.dispose()

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[Any]]:
        """A transaction of the log's own.

        Raises:
            LogUnavailable: the database failed, or no connection was free in time.
        """
        try:
            with self._engine.begin() as connection:
                yield driver(connection)
        except (psycopg.OperationalError, psycopg.InterfaceError, DBAPIError, PoolTimeout) as error:
            raise LogUnavailable(f"the log's database failed: {type(error).__name__}") from error


def _prefer_indexes(connection: psycopg.Connection[Any], _: object) -> None:
    """A plan made while a table was small must not scan it once it is large."""
    connection.execute("set enable_seqscan = off")
    connection.commit()
