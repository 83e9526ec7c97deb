"""Checkpoints of the log: at a position of a partition, one hash over every record before it. They are rows of the
log's chain, so that its signed head stands for the whole log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import orjson
from sqlalchemy import Connection, Engine, text

from shared.contracts.topics import Topic
from shared.database import database_url, engine_for
from shared.log.macs import is_authentic
from shared.log.port import Log, Partition, Stored
from shared.logins import login_of
from shared.proof import verify as chain
from shared.proof.chain import sign_commits
from shared.proof.signing import Signer
from shared.settings import Settings

NOTHING: Final = ""
"""The hash of no records."""
CHAIN: Final = "log"
CHAINED: Final = ("checkpoint",)
PORTION: Final = 2000
MOST_NAMED: Final = 20


class Checkpoint(NamedTuple):
    """The hash of all records before a position."""

    position: int
    sha256: str


def engine(settings: Settings, service: str) -> Engine:
    """An engine on the tables of the log whose chain is signed, as a service."""
    login = None if service is None else login_of(service)
    return sign_commits(
        engine_for(database_url(settings, login), CHAIN, pool_size=1), CHAIN, signer=Signer.of(settings)
    )


def make(engine: Engine, log: Log, topics: Sequence[Topic]) -> int:
    """Make a checkpoint at the end of every partition that has grown; returns how many records are new under one.

    A partition that has none yet gets one, also while it is empty: from there on records have their codes. On Kafka
    records of compacted topics replace each other, so that no hash of them all stays true: those have none.

    Raises:
        LogUnavailable: the log cannot be read.
    """
    with engine.connect() as connection:
        last = {partition: made[-1] for partition, made in kept(connection).items()}
    covered, rows = 0, []
    for topic in topics:
        if topic.compacted and log.compacts:
            continue
        for partition, end in sorted(log.ends(topic).items()):
            since = last.get(partition)
            if since is not None and since.position >= end:
                continue
            head = since or Checkpoint(0, NOTHING)
            for stored in _read(log, partition, start=head.position, end=end):
                head = Checkpoint(stored.position + 1, following(head.sha256, stored))
                covered += 1
            rows.append({"topic": partition.topic, "partition": partition.number, **head._asdict()})
    # Whoever does this at the same time makes the same hashes.
    with engine.begin() as connection:
        for row in rows:
            connection.execute(_ADD, row)
    return covered


def following(sha256: str, stored: Stored) -> str:
    """The hash of all records up to and including one, from that of those before it. The form is frozen."""
    record = stored.record
    head = orjson.dumps([sha256, stored.position, record.key, dict(record.headers), record.value is None])
    return hashlib.sha256(head + (record.value or b"")).hexdigest()


def kept(connection: Connection) -> dict[Partition, list[Checkpoint]]:
    """The checkpoints of each partition, in order."""
    found: dict[Partition, list[Checkpoint]] = {}
    for topic, number, position, sha256 in connection.execute(_KEPT):
        found.setdefault(Partition(topic, number), []).append(Checkpoint(position, sha256))
    return found


def differences(
    log: Log, topics: Sequence[Topic], *, checkpoints: Mapping[Partition, Sequence[Checkpoint]], signer: Signer | None
) -> Iterator[str]:
    """What of the log is not as it was published, as sentences; none when all is well.

    Every record since the first checkpoint of its partition has its code, which is looked at where there is a `signer`;
    none is missing; and at every checkpoint the hash is the one that was made then.

    Raises:
        LogUnavailable: the log cannot be read.
    """
    for topic in topics:
        replaced = topic.compacted and log.compacts
        for partition, end in sorted(log.ends(topic).items()):
            of_partition = _differences(
                log, partition, end=end, replaced=replaced, checkpoints=checkpoints.get(partition, ()), signer=signer
            )
            for number, difference in enumerate(of_partition):
                if number == MOST_NAMED:
                    yield f"{partition.topic}/{partition.number}: more records are not as they were published"
                    break
                yield f"{partition.topic}/{partition.number}/{difference}"


def verify_chain(connection: Connection, public_key: str | None) -> list[str]:
    """Differences between the checkpoints and those that were made, as sentences; empty when all is well."""
    return list(chain.differences(connection, CHAIN, tables=CHAINED, public_key=public_key))


def _differences(
    log: Log,
    partition: Partition,
    *,
    end: int,
    replaced: bool,
    checkpoints: Sequence[Checkpoint],
    signer: Signer | None,
) -> Iterator[str]:
    waiting = list(reversed(checkpoints))
    codes_from = checkpoints[0].position if checkpoints else 0
    head = Checkpoint(0, NOTHING)
    if not replaced and (first := log.first(partition)) > 0:
        yield f"0: {first:,} records from here on are missing"
        head = Checkpoint(first, NOTHING)
    for stored in _read(log, partition, start=head.position, end=end):
        if stored.position > head.position and not replaced:
            yield f"{head.position}: {stored.position - head.position:,} records from here on are missing"
        while waiting and waiting[-1].position <= stored.position:
            yield from _broken(waiting.pop(), head)
        head = Checkpoint(stored.position + 1, following(head.sha256, stored))
        if signer and stored.position >= codes_from and not is_authentic(partition.topic, stored.record, signer=signer):
            yield f"{stored.position}: the record is not one that a service published"
    if head.position < end and not replaced:
        yield f"{head.position}: {end - head.position:,} records from here on are missing"
    for each in reversed(waiting):
        yield from _broken(each, head)


def _broken(made: Checkpoint, head: Checkpoint) -> Iterator[str]:
    if made.position > head.position:
        yield f"{head.position}: {made.position - head.position:,} records that were there are missing"
    elif made.sha256 != head.sha256:
        yield f"{made.position}: the records before it are not those that were there"


def _read(log: Log, partition: Partition, *, start: int, end: int) -> Iterator[Stored]:
    while start < end:
        records = [stored for stored in log.read(partition, start, limit=PORTION) if stored.position < end]
        if not records:
            return
        yield from records
        start = records[-1].position + 1


_KEPT: Final = text("select topic, partition, position, sha256 from checkpoint order by topic, partition, position")
_ADD: Final = text("""
    insert into checkpoint (topic, partition, position, sha256) values (:topic, :partition, :position, :sha256)
    on conflict do nothing""")
