"""The port of the event log: what every backend offers and what workers and services are written against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from shared.contracts.topics import Topic

if TYPE_CHECKING:  # the port is what pure code is written against: it speaks of a database and reaches none
    from sqlalchemy import Connection

MAX_RECORD_BYTES: Final = 4 * 1024 * 1024
"""The largest value of a record in either log. A broker takes as much as it is told to (`kafka._settings`); a plan
version, the largest of facts, has a tenth of this.
"""


@dataclass(frozen=True, slots=True)
class Record:
    """What is appended: a key that gives order, the value's bytes (None: tombstone), and text headers."""

    key: str
    value: bytes | None
    headers: Mapping[str, str] = field(default_factory=dict)


class Partition(NamedTuple):
    """One ordered lane of a topic."""

    topic: str
    number: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A record at its place in the log. Positions of a partition are gapless from the writer's view and only grow.

    `appended_at` is the log's own instant in seconds since the epoch: for lag, never for the domain.
    """

    partition: Partition
    position: int
    record: Record
    appended_at: float


class PositionOutOfRange(Exception):
    """A reader asked for a position that the log does not hold: trimmed away, or from another log's life."""

    def __init__(self, partition: Partition, position: int, *, first: int, end: int) -> None:
        super().__init__(
            f"{partition.topic}[{partition.number}] has no position {position}: "
            f"it holds {first} up to, not including, {end}"
        )
        self.partition, self.position, self.first, self.end = partition, position, first, end


class LogUnavailable(Exception):
    """The log did not accept or give records in time; nothing is known to be lost, try again."""


class MemberReplaced(Exception):
    """Another process joined the group under this member's name; this one has to end."""


class UnknownTopic(Exception):
    """The topic was not created in this log; `ensure` does."""


class RecordTooLarge(ValueError):
    """The record is larger than `MAX_RECORD_BYTES` and was not appended."""


class Consumer(Protocol):
    """A member of a group that shares the partitions of its topics. Positions are kept by the worker, not by the log.

    Made and called by the worker loop, by one thread; none of it is safe to call from two. After an assignment the
    owner must `seek` every partition in `newly_assigned` before records of it are given. Two members may have a
    partition for a moment while a group changes: nothing here prevents it, the comparison of positions makes it
    harmless.
    """

    def poll(self, timeout: float, limit: int) -> list[Stored]:
        """Up to `limit` records of the assigned partitions, in position order per partition, none of which was given
        before.

        Blocks for `timeout` seconds at most where there are none, and longer only while the log is reconnected to. To
        be called again and again, also by a worker that has nothing to do with the records: who does not poll is
        thought dead and loses its partitions.

        Raises:
            PositionOutOfRange: a position sought is not in the log.
            LogUnavailable: the log cannot be reached.
            MemberReplaced: another process took this member's name.
        """
        ...

    def newly_assigned(self) -> set[Partition]:
        """Partitions assigned and not yet sought; no records of them are given until they are. Does not block, raises
        nothing.
        """
        ...

    def assignment(self) -> set[Partition]:
        """The partitions this member reads now, as of its last poll. Does not block, raises nothing."""
        ...

    def seek(self, partition: Partition, position: int) -> None:
        """Give records of the partition from this position on. A partition that is another's by now is passed over.

        Does not block; whether the log has the position is found out by `poll`.
        """
        ...

    def hint(self, positions: Mapping[Partition, int]) -> None:
        """Tell the log how far the group is, for lag tools only. Does not block; failing to do so is no error."""
        ...

    def close(self) -> None:
        """Leave the group at once, so that others take over without waiting for the session to end. Raises nothing."""
        ...


class Log(Protocol):
    """A partitioned, ordered, durable log. Order is kept per key: a key always goes to the same partition.

    Thread-safe. Every call blocks until the log has answered, and raises `LogUnavailable` where it does not in time;
    `publish` instead raises what its connection raises, for it is part of the caller's transaction. `compacts` says
    whether records of a compacted topic go when others replace them; the embedded log keeps them all.
    """

    compacts: bool

    def ensure(self, topics: Sequence[Topic]) -> None:
        """Create the topics that do not exist, with their dead-letter topics. Called when a service starts; safe to
        call by many at once.
        """
        ...

    def append(self, topic: Topic, records: Sequence[Record]) -> list[tuple[int, int]]:
        """Append durably; returns (partition number, position) of each record once all are safe. For who has no
        transaction: ingest.

        Raises:
            LogUnavailable: not all records were acknowledged; some may have been appended.
            RecordTooLarge: a value exceeds `MAX_RECORD_BYTES`; nothing was appended.
            UnknownTopic: the topic was not created.
        """
        ...

    def publish(self, connection: Connection, publications: Sequence[tuple[Topic, Record]]) -> None:
        """Append as part of the connection's transaction: visible if and only if it commits.

        Call it last in a transaction: it holds the partitions that it writes to until the commit, and everybody else
        who publishes to one of them waits. Does not wait for anything to arrive: on Kafka that is the relay's.

        Raises:
            RecordTooLarge: a value exceeds `MAX_RECORD_BYTES`; nothing was appended.
            UnknownTopic: a topic was not created.
        """
        ...

    def consumer(self, group: str, topics: Sequence[Topic], *, member: str) -> Consumer:
        """Join a group as the named member; a living process under that name is replaced. The partitions come with
        later polls.

        Raises:
            LogUnavailable: the log cannot be reached.
            UnknownTopic: a topic was not created.
        """
        ...

    def read(self, partition: Partition, start: int, *, limit: int) -> list[Stored]:
        """Up to `limit` records of one partition from a position on, outside any group; none at the end, and then
        without waiting.

        Raises:
            PositionOutOfRange: the log does not hold the position.
        """
        ...

    def first(self, partition: Partition) -> int:
        """The first position that the log still holds; the next to be written where it holds none."""
        ...

    def ends(self, topic: Topic) -> dict[Partition, int]:
        """The next position to be written of each partition."""
        ...

    def scan(self, topic: Topic) -> Iterator[Stored]:
        """Every record of the topic that is there when the scan starts, partition by partition: for rebuilding and
        verifying.

        A generator that holds a connection only while it reads a portion: whoever is slow keeps nobody waiting.
        """
        ...

    def close(self) -> None:
        """Release connections; records not yet acknowledged are not waited for."""
        ...
