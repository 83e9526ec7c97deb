"""The SQL of the log tables: take positions and append, read ranges, forget. The embedded log, the outbox and its relay
use it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
import psycopg

from shared.log.port import Partition, PositionOutOfRange, Record, Stored

CHANNEL = "log."
"""Notifications of a topic's new records go to the channel of this prefix and the topic's name."""

# Rows are locked in one order by everybody, so that two appends over several partitions cannot deadlock.
_TAKE = f"""
    update log.head h set next_position = h.next_position + n.number
    from (
        select h.topic, h.partition, n.number
        from log.head h
        join unnest(%s::text[], %s::integer[], %s::bigint[]) n(topic, partition, number) using (topic, partition)
        order by h.topic, h.partition for update of h
    ) n
    where h.topic = n.topic and h.partition = n.partition
    returning h.topic, h.partition, h.next_position - n.number, pg_notify('{CHANNEL}' || h.topic, '')"""

# COPY takes a batch of thousands in a third of the time of an insert; binary, so that nothing is escaped.
_COPY = "copy log.entry (topic, partition, position, key, value, headers) from stdin (format binary)"

_HEADS = """
    select topic, partition, next_position
    from log.head join unnest(%s::text[], %s::integer[]) p(topic, partition) using (topic, partition)"""

# A range per partition, each by the primary key: one query for all of them costs what their rows cost, however long the
# log is.
_READ = """
    select e.* from unnest(%s::text[], %s::integer[], %s::bigint[], %s::bigint[]) r(topic, partition, start, number)
    cross join lateral (
        select topic, partition, position, key, value, headers, appended_at from log.entry
        where topic = r.topic and partition = r.partition and position >= r.start order by position limit r.number
    ) e
    order by e.topic, e.partition, e.position"""

_FIRST = """
    select coalesce(
        (select min(position) from log.entry where topic = %(topic)s and partition = %(partition)s), next_position
    )
    from log.head where topic = %(topic)s and partition = %(partition)s"""

_FORGET = "select log.forget(%s, %s, %s)"


def append(connection: psycopg.Connection[Any], placed: Sequence[tuple[Partition, Record]]) -> list[int]:
    """Append in the connection's transaction; returns each record's position. Partitions stay locked until it ends."""
    numbers = Counter(partition for partition, _ in placed)
    wanted = ([p.topic for p in numbers], [p.number for p in numbers], list(numbers.values()))
    cursor = connection.cursor(binary=True)
    following = {Partition(row[0], row[1]): row[2] for row in cursor.execute(_TAKE, wanted)}
    positions = []
    with cursor.copy(_COPY) as copy:
        copy.set_types(["text", "int4", "int8", "text", "bytea", "text"])
        for partition, record in placed:
            position = following[partition]
            following[partition] = position + 1
            positions.append(position)
            headers = orjson.dumps(dict(record.headers)).decode()
            copy.write_row((partition.topic, partition.number, position, record.key, record.value, headers))
    return positions


def ends(connection: psycopg.Connection[Any], partitions: Iterable[Partition]) -> dict[Partition, int]:
    """The next position to be written of each partition, as committed now."""
    wanted = list(partitions)
    cursor = connection.cursor(binary=True)
    rows = cursor.execute(_HEADS, ([p.topic for p in wanted], [p.number for p in wanted]))
    return {Partition(row[0], row[1]): row[2] for row in rows}


def first(connection: psycopg.Connection[Any], partition: Partition) -> int:
    """The first position still held; the next to be written where nothing is."""
    row = connection.execute(_FIRST, {"topic": partition.topic, "partition": partition.number}).fetchone()
    assert row is not None
    return int(row[0])


def read(connection: psycopg.Connection[Any], starts: Mapping[Partition, int], *, limit: int) -> list[Stored]:
    """Up to `limit` records from the given positions on, shared fairly among partitions.

    Ends are read first: whatever lies before an end is committed and there, so each partition's range is read without a
    gap.

    Raises:
        PositionOutOfRange: a start is beyond the end, or no longer held.
    """
    known = ends(connection, starts)  # before the rows, in a statement of its own: its snapshot is the older one
    shares = share({partition: known[partition] - start for partition, start in starts.items()}, limit)
    wanted = list(shares)
    ranges = [[p.topic for p in wanted], [p.number for p in wanted], [starts[p] for p in wanted], list(shares.values())]
    rows = connection.cursor(binary=True).execute(_READ, ranges).fetchall() if shares else []
    if len(rows) != sum(shares.values()) or any(start > known[partition] for partition, start in starts.items()):
        _explain_missing(connection, starts, ends=known)
    lanes = {(p.topic, p.number): p for p in wanted}
    return [
        Stored(lanes[topic, number], position, Record(key, value, orjson.loads(headers)), at)
        for topic, number, position, key, value, headers, at in rows
    ]


def _explain_missing(
    connection: psycopg.Connection[Any], starts: Mapping[Partition, int], *, ends: Mapping[Partition, int]
) -> None:
    for partition, start in starts.items():
        held = first(connection, partition)
        if not held <= start <= ends[partition]:
            raise PositionOutOfRange(partition, start, first=held, end=ends[partition])


def share(waiting: Mapping[Partition, int], limit: int) -> dict[Partition, int]:
    """Divide `limit` among partitions by what waits in each: the least waiting are served first, none gets more than it
    has.
    """
    shares = {}
    backlog = sorted((number, partition) for partition, number in waiting.items() if number > 0)
    for index, (number, partition) in enumerate(backlog):
        part = min(number, -(-limit // (len(backlog) - index)))
        if part:
            shares[partition] = part
            limit -= part
    return shares


def forget(connection: psycopg.Connection[Any], ends: Mapping[Partition, int]) -> None:
    """Delete the entries before the given positions. The embedded log refuses: it is only ever added to."""
    with connection.cursor() as cursor:
        cursor.executemany(_FORGET, [(partition.topic, partition.number, end) for partition, end in ends.items()])
