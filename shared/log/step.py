"""What a worker does with a batch: its step, what the step wants to happen, and reading the messages of the batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from shared.contracts.message import Message, Unreadable, decode
from shared.contracts.topics import Topic
from shared.log.port import Record, Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A record that can never be processed as it is, with a stable code and a sentence for the person who mends it."""

    stored: Stored
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step wants to happen besides the state it wrote: records to publish, records to dead-letter."""

    publications: Sequence[tuple[Topic, Record]] = ()
    rejections: Sequence[Rejection] = ()


Step = Callable[[Connection, Sequence[Stored]], Outcome]
"""The work of a worker over one micro-batch, inside the transaction of the connection. It must not commit.

Records come from several partitions, in position order within each. An exception is not an outcome: the loop isolates
the record that raises it and dead-letters that one; errors of the database or the log are retried, never dead-lettered.
"""


def decoded(
    batch: Iterable[Stored], contract: type[Message], *, topic: Topic, rejections: list[Rejection]
) -> Iterator[tuple[Stored, Message]]:
    """The messages of one topic in a batch, each with its record; what cannot be read is added to the rejections."""
    for stored in batch:
        if stored.partition.topic != topic.name:
            continue
        try:
            message = decode(contract, stored.record.value)
        except Unreadable as error:
            rejections.append(Rejection(stored=stored, code=error.code, message=str(error)))
        else:
            yield stored, message
