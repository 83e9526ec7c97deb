"""Dead letters of a service: written by its workers, listed, shown and replayed by people. Nothing is dropped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import ColumnElement, Connection, Engine, and_, func, insert, select, text, true, tuple_, update

from shared.contracts.topics import Topic
from shared.facts import Facts
from shared.log import headers
from shared.log.port import Log, Partition, Record, Stored
from shared.log.step import Rejection
from shared.log.tables import dead_letter, position

PARKED: Final = "parked"

_BLOCKED: Final = text("""
    select distinct topic, key
    from dead_letter join unnest(cast(:topics as text[]), cast(:keys as text[])) k(topic, key) using (topic, key)
    where worker = :worker and replayed_at is null""")
_ANY_OPEN: Final = text("select exists (select 1 from dead_letter where worker = :worker and replayed_at is null)")
_IS_OPEN: Final = dead_letter.c.replayed_at.is_(None)
NEVER_TAKEN: Final = _IS_OPEN | dead_letter.c.headers.has_key(headers.CLOSED)
"""Of letters that have no effect: those that are open, and those that were closed without being sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A record that a worker could not process, or that waits behind one of its key (`parked`), with its cause."""

    id: int
    worker: str
    partition: Partition
    position: int
    record: Record
    code: str
    message: str
    parked: bool
    at: datetime
    replayed_at: datetime | None
    replayed_by: str | None

    @property
    def closed_because(self) -> str | None:
        """Why it was closed without being sent again; `replayed_at` and `replayed_by` say then when and by whom."""
        return self.record.headers.get(headers.CLOSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which dead letters; what is None does not matter."""

    id: int | None = None
    worker: str | None = None
    topic: str | None = None
    code: str | None = None
    key: str | None = None

    def condition(self) -> ColumnElement[bool]:
        """As a condition on the table."""
        wanted = {"id": self.id, "worker": self.worker, "topic": self.topic, "code": self.code, "key": self.key}
        return and_(true(), *(dead_letter.c[name] == value for name, value in wanted.items() if value is not None))


def find(engine: Engine, which: Filter, *, include_replayed: bool = False, limit: int = 1000) -> list[DeadLetter]:
    """Open dead letters of the service whose schema the engine is bound to, oldest first; with `include_replayed` all,
    those that were closed among them."""
    return _found(engine, which.condition() if include_replayed else which.condition() & _IS_OPEN, limit=limit)


def never_taken(engine: Engine, *, limit: int) -> list[DeadLetter]:
    """The dead letters that have no effect (`NEVER_TAKEN`), oldest first."""
    return _found(engine, NEVER_TAKEN, limit=limit)


def _found(engine: Engine, condition: ColumnElement[bool], *, limit: int) -> list[DeadLetter]:
    query = select(dead_letter).where(condition).order_by(dead_letter.c.id).limit(limit)
    with engine.connect() as connection:
        return [_from_row(row) for row in connection.execute(query)]


def replay(engine: Engine, log: Log, *, which: Filter, by: str) -> int:
    """Send open dead letters again, after their cause was mended, and close them, in one transaction; returns how many.

    With a letter go all open ones of its key, in their order, for those parked behind it must not overtake it. They are
    addressed to the worker that could not process them: the others of the topic processed them the first time. `by`
    names the key of whoever does it: what takes effect by it is theirs too.
    """
    with engine.begin() as connection:
        letters = _taken(connection, which, by=by)
        log.publish(connection, [record for letter in letters for record in (_again(letter, by), _note(letter))])
    return len(letters)


def close(engine: Engine, log: Log, *, letter: int, by: str, reason: str) -> int | None:
    """Close an open dead letter that need not take effect, such as one that its sender has said again and right; how
    many that waited behind it are sent again, None where there is no such letter.

    It stays in the record, with the reason and the key of whoever closed it.
    """
    with engine.begin() as connection:
        taken = _taken(connection, Filter(id=letter), by=by)
        closed = next((each for each in taken if each.id == letter), None)
        if closed is None:
            return None
        said = {**closed.record.headers, headers.CLOSED: reason}
        connection.execute(update(dead_letter).where(dead_letter.c.id == letter).values(headers=said))
        behind = [each for each in taken if each is not closed]
        again = [record for each in behind for record in (_again(each, by), _note(each))]
        log.publish(connection, [_note(closed), *again])
    return len(behind)


def _taken(connection: Connection, which: Filter, *, by: str) -> list[DeadLetter]:
    """The open letters, with all open ones of their keys in their order, which are open no more."""
    keys = [dead_letter.c.worker, dead_letter.c.topic, dead_letter.c.key]
    open_keys = select(*keys).where(which.condition(), _IS_OPEN)
    places = [dead_letter.c.worker, dead_letter.c.topic, dead_letter.c.partition]
    open_places = select(*places).where(which.condition(), _IS_OPEN)
    # The worker locks its position while it parks: with that locked here, nothing is parked behind a letter just
    # closed. In the order in which workers lock theirs (`positions.move`), so that the two cannot deadlock.
    connection.execute(
        select(position.c.worker)
        .where(tuple_(position.c.worker, position.c.topic, position.c.partition).in_(open_places))
        .order_by(position.c.topic, position.c.partition)
        .with_for_update()
    )
    rows = connection.execute(
        update(dead_letter)
        .where(tuple_(*keys).in_(open_keys), _IS_OPEN)
        .values(replayed_at=func.now(), replayed_by=by)
        .returning(dead_letter)
    )
    return sorted(map(_from_row, rows), key=lambda letter: (letter.partition, letter.position, letter.id))


def _again(letter: DeadLetter, by: str) -> tuple[Topic, Record]:
    """The letter on its own topic once more, for the worker that could not process it."""
    again = {**letter.record.headers, headers.ONLY_FOR: letter.worker, headers.REPLAYED_BY: by}
    return Topic(letter.partition.topic), Record(letter.record.key, letter.record.value, again)


def _note(letter: DeadLetter) -> tuple[Topic, Record]:
    """The note on the dead-letter topic that this letter is closed."""
    of = {headers.REPLAYED: "true", headers.CAUSE_WORKER: letter.worker, headers.CAUSE_PLACE: _place(letter)}
    return Topic(letter.partition.topic).dead_letters, Record(letter.record.key, None, of)


class Replay(NamedTuple):
    """A dead letter that was sent again: its key, the message, and the key of whoever did."""

    key: str
    value: bytes
    by: str


def read_replays(connection: Connection, topic: Topic) -> list[Replay]:
    """The dead letters of a topic that somebody known sent again, oldest first."""
    c = dead_letter.c
    query = select(c.key, c.value, c.replayed_by).where(
        c.topic == topic.name, c.replayed_by.is_not(None), ~c.headers.has_key(headers.CLOSED)
    )
    return [Replay(key, bytes(value or b""), by) for key, value, by in connection.execute(query.order_by(c.id))]


def replayed_by(letters: Iterable[Replay], facts: Mapping[str, Facts]) -> dict[tuple[str, str], set[str]]:
    """By key and path, who sent a fact again that is in force; `facts` are those in force, by key. Whoever sent again
    what had not been taken had a hand in it too.
    """
    senders: dict[tuple[str, str], set[str]] = {}
    for letter in letters:
        known = facts.get(letter.key)
        message = _message_of(letter.value) if known else None
        if known is None or message is None:
            continue
        # A fact carries the stamp it was sent with, so an equal one means that it is this letter's.
        stamp = [message.get("occurred_at"), message.get("sequence", 0), message.get("source")]
        for path in message.get("fields", ()):
            if path in known and known[path][1:4] == stamp:
                senders.setdefault((letter.key, path), set()).add(letter.by)
    return senders


def _message_of(value: bytes) -> dict[str, dict[str, object]] | None:
    """The message, which was taken at last: one that is no JSON object was sent in vain."""
    try:
        message = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    return message if isinstance(message, dict) else None


def open_letters(engine: Engine, worker: str | None = None, *, most: int | None = None) -> int:
    """How many dead letters are open, of a worker or of all; counted up to `most`, where that is said."""
    which = select(dead_letter.c.id).where(Filter(worker=worker).condition(), _IS_OPEN).limit(most)
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(which.subquery())).scalar_one()


def key_of(stored: Stored) -> tuple[str, str]:
    """What order is kept by: the topic and the key."""
    return stored.partition.topic, stored.record.key


def blocked(connection: Connection, worker: str, *, batch: Sequence[Stored]) -> set[tuple[str, str]]:
    """Which keys of the batch have an open dead letter of this worker."""
    # Asked for each batch, and nearly always none is open: then the keys need not be sent.
    if not connection.execute(_ANY_OPEN, {"worker": worker}).scalar_one():
        return set()
    keys = list({key_of(stored) for stored in batch})
    wanted = {"worker": worker, "topics": [topic for topic, _ in keys], "keys": [key for _, key in keys]}
    return {(topic, key) for topic, key in connection.execute(_BLOCKED, wanted)}


def parked(stored: Stored) -> Rejection:
    """The record waits behind an open dead letter of its key."""
    return Rejection(stored=stored, code=PARKED, message="waits behind an open dead letter of the same key")


def write(connection: Connection, worker: str, *, rejections: Sequence[Rejection], is_parked: bool) -> None:
    """Keep the records with their causes."""
    rows = [
        {
            "worker": worker,
            "topic": rejection.stored.partition.topic,
            "partition": rejection.stored.partition.number,
            "position": rejection.stored.position,
            "key": rejection.stored.record.key,
            "value": rejection.stored.record.value,
            "headers": headers.publishers_own(rejection.stored.record.headers),
            "code": rejection.code,
            "message": rejection.message,
            "parked": is_parked,
        }
        for rejection in rejections
    ]
    if rows:
        connection.execute(insert(dead_letter), rows)


def publications(worker: str, rejections: Sequence[Rejection]) -> list[tuple[Topic, Record]]:
    """The records for the dead-letter topics: original bytes and headers, and the cause in headers of its own."""
    return [
        (
            Topic(rejection.stored.partition.topic).dead_letters,
            Record(
                rejection.stored.record.key,
                rejection.stored.record.value,
                {
                    **headers.publishers_own(rejection.stored.record.headers),
                    headers.CAUSE_CODE: rejection.code,
                    headers.CAUSE: rejection.message,
                    headers.CAUSE_WORKER: worker,
                    headers.CAUSE_PLACE: _place(rejection.stored),
                },
            ),
        )
        for rejection in rejections
    ]


def _place(at: DeadLetter | Stored) -> str:
    return f"{at.partition.topic}/{at.partition.number}/{at.position}"


def _from_row(row: Any) -> DeadLetter:
    return DeadLetter(
        id=row.id,
        worker=row.worker,
        partition=Partition(row.topic, row.partition),
        position=row.position,
        record=Record(row.key, row.value, row.headers),
        code=row.code,
        message=row.message,
        parked=row.parked,
        at=row.at,
        replayed_at=row.replayed_at,
        replayed_by=row.replayed_by,
    )
