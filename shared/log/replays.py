"""Replays of dead letters, for who set a fact: whoever sent again what had not been taken had a hand in it too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import orjson
from sqlalchemy import Connection, select

from shared.contracts.topics import Topic
from shared.facts import Facts
from shared.log.tables import dead_letter


class Replay(NamedTuple):
    """A dead letter that was sent again: its key, the message, and the key of whoever did."""

    key: str
    value: bytes
    by: str


def read_replays(connection: Connection, topic: Topic) -> list[Replay]:
    """The dead letters of a topic that somebody known sent again, oldest first."""
    c = dead_letter.c
    query = select(c.key, c.value, c.replayed_by).where(c.topic == topic.name, c.replayed_by.is_not(None))
    return [Replay(key, bytes(value or b""), by) for key, value, by in connection.execute(query.order_by(c.id))]


def in_force(letters: Iterable[Replay], facts: Mapping[str, Facts]) -> dict[tuple[str, str], set[str]]:
    """By key and path, who sent a fact again that is in force; `facts` are those in force, by key."""
    senders: dict[tuple[str, str], set[str]] = {}
    for letter in letters:
        known = facts.get(letter.key)
        said = _said(letter.value) if known else None
        if known is None or said is None:
            continue
        # A fact carries the stamp it was sent with, so an equal one means that it is this letter's.
        stamp = [said.get("occurred_at"), said.get("sequence", 0), said.get("source")]
        for path in said.get("fields", ()):
            if path in known and known[path][1:4] == stamp:
                senders.setdefault((letter.key, path), set()).add(letter.by)
    return senders


def _said(value: bytes) -> dict[str, dict[str, object]] | None:
    """The message, which was taken at last: one that is no JSON object was sent in vain."""
    try:
        said = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    return said if isinstance(said, dict) else None
