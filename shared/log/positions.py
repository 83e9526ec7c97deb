"""Where a worker is on each partition, and the comparison that makes a second owner harmless."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text, update
from sqlalchemy.dialects.postgresql import insert

from shared.log.headers import ORIGIN
from shared.log.port import Partition, Stored
from shared.log.tables import position
from shared.log.tally import Tally


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A worker's place on a partition: the next position, the last outbox position it saw, and how it fared lately."""

    next_position: int
    origin: int | None
    tally: Tally


class PositionConflict(Exception):
    """The batch and the stored positions do not fit: another owner was here, or the reader strayed. Read them again and
    seek.
    """


_LOAD: Final = text("""
    select topic, partition, next_position, origin, run, seen, dead
    from position
    join unnest(cast(:topics as text[]), cast(:partitions as integer[])) n(topic, partition) using (topic, partition)
    where worker = :worker""")

# Rows are locked in one order by everybody; the comparison is made again on what the lock found.
_MOVE: Final = text("""
    update position p set next_position = n.next, origin = n.origin, run = n.run, seen = n.seen, dead = n.dead
    from (
        select topic, partition, n.expected, n.next, n.origin, n.run, n.seen, n.dead
        from position join unnest(
            cast(:topics as text[]), cast(:partitions as integer[]), cast(:expected as bigint[]),
            cast(:next as bigint[]), cast(:origins as bigint[]), cast(:runs as integer[]), cast(:seens as integer[]),
            cast(:deads as integer[])
        ) n(topic, partition, expected, next, origin, run, seen, dead) using (topic, partition)
        where worker = :worker order by topic, partition for update of position
    ) n
    where p.worker = :worker and p.topic = n.topic and p.partition = n.partition and p.next_position = n.expected""")


def load(connection: Connection, worker: str, *, partitions: Iterable[Partition]) -> dict[Partition, Bookmark]:
    """The worker's bookmarks on those of the partitions where it has one."""
    wanted = list(partitions)
    lanes = {
        "topics": [partition.topic for partition in wanted],
        "partitions": [partition.number for partition in wanted],
    }
    return {
        Partition(row.topic, row.partition): Bookmark(
            row.next_position, row.origin, Tally(run=row.run, seen=row.seen, dead=row.dead)
        )
        for row in connection.execute(_LOAD, {"worker": worker, **lanes})
    }


def begin(connection: Connection, worker: str, *, firsts: Mapping[Partition, int]) -> None:
    """Put bookmarks where the worker has none yet, at the first position that the log holds of each partition.

    From position 0 the outbox is seen from its beginning, so its first record is number 0; later than that, whichever
    comes. Of two members that begin at once one inserts, and the other finds its row: the same, unless the log was
    trimmed in between.
    """
    rows = [
        {
            "worker": worker,
            "topic": partition.topic,
            "partition": partition.number,
            "next_position": first,
            "origin": -1 if first == 0 else None,
        }
        for partition, first in firsts.items()
    ]
    connection.execute(insert(position).on_conflict_do_nothing(), rows)


def move(
    connection: Connection, worker: str, *, before: Mapping[Partition, Bookmark], after: Mapping[Partition, Bookmark]
) -> None:
    """Move the bookmarks of `after` on, if all of them are where `before` has them. Holds them until the transaction
    ends.

    This comparison, and nothing about group membership, is what makes a step count once. A process that was paused for
    an hour wakes up with its old bookmarks and a batch in hand, believing that it owns the partition: its update finds
    no row where the bookmark should be, and what it did is rolled back. Taken out, it pays twice
    (`tests/system/test_exactly_once_under_faults.py`).

    Raises:
        PositionConflict: one of them is elsewhere.
    """
    moved = connection.execute(
        _MOVE,
        {
            "worker": worker,
            "topics": [partition.topic for partition in after],
            "partitions": [partition.number for partition in after],
            "expected": [before[partition].next_position for partition in after],
            "next": [bookmark.next_position for bookmark in after.values()],
            "origins": [bookmark.origin for bookmark in after.values()],
            "runs": [bookmark.tally.run for bookmark in after.values()],
            "seens": [bookmark.tally.seen for bookmark in after.values()],
            "deads": [bookmark.tally.dead for bookmark in after.values()],
        },
    ).rowcount
    if moved != len(after):
        raise PositionConflict(f"{worker}: {len(after) - moved} of {len(after)} positions were moved by another owner")


def write_tallies(connection: Connection, worker: str, *, tallies: Mapping[Partition, Tally]) -> None:
    """Write how the worker fared on the partitions."""
    for partition, tally in tallies.items():
        connection.execute(
            update(position)
            .where(position.c.worker == worker)
            .where(position.c.topic == partition.topic)
            .where(position.c.partition == partition.number)
            .values(run=tally.run, seen=tally.seen, dead=tally.dead)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What of a batch is in its turn, where the bookmarks are after it, and how many records came twice or too
    early.
    """

    records: list[Stored]
    after: dict[Partition, Bookmark]
    repeated: int
    ahead: int


def follow(batch: Sequence[Stored], before: Mapping[Partition, Bookmark], *, compacted: Collection[str]) -> Turn:
    """Sort out what a relay sent more than once, and see to it that nothing is read twice or passed over.

    A relay that failed half-way sends again from the first record it has no acknowledgement of. So a relayed record is
    in its turn when its origin follows the last one seen; any other was seen already, or runs ahead and will be sent
    again. The records of a `compacted` topic are states that replace each other: it may have gaps, and repetition does
    no harm.

    Raises:
        PositionConflict: the batch does not go on where the bookmarks are.
    """
    records: list[Stored] = []
    last: dict[Partition, int] = {}
    origins: dict[Partition, int | None] = {}
    repeated = ahead = 0
    for stored in batch:
        partition = stored.partition
        # Positions have no gaps, so one is a sign that reading strayed; a compacted topic has them where records were
        # replaced.
        gap = stored.position - last.get(partition, before[partition].next_position - 1) - 1
        last[partition] = stored.position
        if partition.topic in compacted and gap >= 0:
            records.append(stored)
            continue
        if gap:
            raise PositionConflict(f"{partition} came at {stored.position}, {gap} after where it should go on")
        if (header := stored.record.headers.get(ORIGIN, "")).isdecimal():
            sent, seen = int(header), origins.get(partition, before[partition].origin)
            if seen is not None and sent != seen + 1:
                # Left out, and its position passed over all the same: the copy that is in its turn comes later in this
                # partition.
                repeated, ahead = repeated + (sent <= seen), ahead + (sent > seen)
                continue
            origins[partition] = sent
        records.append(stored)
    numbers = Counter(stored.partition for stored in records)
    after = {
        partition: Bookmark(
            position + 1,
            origins.get(partition, before[partition].origin),
            # In good hope that all succeed, so that the usual batch writes its position once; `write_tallies`
            # corrects it otherwise.
            before[partition].tally.plus([False] * numbers[partition]),
        )
        for partition, position in last.items()
    }
    return Turn(records=records, after=after, repeated=repeated, ahead=ahead)
