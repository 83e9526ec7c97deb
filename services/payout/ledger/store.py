"""What is booked: journals and their postings, chained, and the earnings they are differences of.

One statement per table, however many journals. What locks what, and in which order: README.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias, get_args
from uuid import UUID

import orjson
from sqlalchemy import Connection, bindparam, literal, select, update
from sqlalchemy.dialects.postgresql import insert

from services.payout.ledger.chain import NOTHING, Head, chain
from services.payout.ledger.journal import POSTING_COLUMNS, ComponentKey, Earned, Journal
from services.payout.ledger.tables import book, booked_earning, journal, journal_kind, posting
from shared.columns import arrays, insert_rows, is_any, rows_of
from shared.pay.steps import JournalKind
from shared.periods import Month

Earner: TypeAlias = tuple[str, Month]
"""A participant and a period."""


class BookedEarning(NamedTuple):
    """What is booked for an earner: the revision of the last event, its amounts, and the last journal, if any was
    needed.
    """

    revision: int
    earned: Earned
    journal: UUID | None


_EARNER: Final = ("participant_id", "period")
_wanted = rows_of(booked_earning, _EARNER)
_BOOKED = select(*booked_earning.c[*_EARNER, "revision", "earned", "journal"]).join(
    _wanted,
    (_wanted.c.participant_id == booked_earning.c.participant_id) & (_wanted.c.period == booked_earning.c.period),
)


def booked_earnings(connection: Connection, earners: Iterable[Earner]) -> dict[Earner, BookedEarning]:
    """What is booked for each earner; one for whom nothing is is absent.

    Nothing is locked: the worker is alone with an earner, since the key of a record decides which worker has it, and
    the worker's own position, moved by compare-and-set in the same transaction, lets nobody book who was overtaken.
    """
    rows = connection.execute(_BOOKED, arrays(_EARNER, earners))
    return {
        (participant, period): BookedEarning(
            revision, {ComponentKey(*key): amount for *key, amount in orjson.loads(earned)}, last
        )
        for participant, period, revision, earned, last in rows
    }


_REMEMBERED: Final = (*_EARNER, "revision", "journal")
_INSERT_BOOKED = insert_rows(booked_earning, _REMEMBERED, json=("earned",))
_SAVE_BOOKED = _INSERT_BOOKED.on_conflict_do_update(
    index_elements=list(_EARNER),
    set_={name: _INSERT_BOOKED.excluded[name] for name in ("revision", "journal", "earned")},
)


def save_booked(connection: Connection, booked: Mapping[Earner, BookedEarning]) -> None:
    """Remember what is booked for each earner, so that the next event needs no sum over journals."""
    if not booked:
        return
    rows = [(*earner, earning.revision, earning.journal) for earner, earning in booked.items()]
    amounts = ([(*key, amount) for key, amount in earning.earned.items()] for earning in booked.values())
    connection.execute(_SAVE_BOOKED, arrays(_REMEMBERED, rows, earned=amounts))


_OF_JOURNAL: Final = (
    *("id", "kind", "participant_id", "origin_period", "actor"),
    *("period", "pay_group", "entity", "cost_center"),  # as CostAssignment has them
    *("entry", "previous_sha256", "sha256"),  # as Link has them
)
_INSERT_JOURNALS = insert_rows(
    journal,
    _OF_JOURNAL,
    json=("cause",),
    once={"recorded_at": bindparam("now", type_=journal.c.recorded_at.type)},
)
_OF_POSTING: Final = ("journal", "line", "participant_id", *POSTING_COLUMNS)
_INSERT_POSTINGS = insert_rows(posting, _OF_POSTING)


def post(connection: Connection, journals: Sequence[Journal], *, now: datetime) -> None:
    """Book journals in open periods, recorded at `now`.

    Raises:
        sqlalchemy.exc.IntegrityError: one is booked already, does not balance, or its period is closed.
    """
    if not journals:
        return
    heads = _lock_heads(connection, {entry.participant_id for entry in journals})
    links = chain(journals, heads, recorded_at=now)
    rows = [
        (entry.id, entry.kind, entry.participant_id, entry.origin_period, entry.actor, *entry.assignment, *link)
        for entry, link in zip(journals, links, strict=True)
    ]
    causes = (entry.cause for entry in journals)
    connection.execute(_INSERT_JOURNALS, {**arrays(_OF_JOURNAL, rows, cause=causes), "now": now})
    postings = [
        (entry.id, line, entry.participant_id, *booked.columns())
        for entry in journals
        for line, booked in enumerate(entry.postings)
    ]
    connection.execute(_INSERT_POSTINGS, arrays(_OF_POSTING, postings))
    # The last link of each participant is the new head: of equal keys a mapping keeps the last.
    ends = {entry.participant_id: link for entry, link in zip(journals, links, strict=True)}
    moved = [(participant, link.entry, link.sha256) for participant, link in ends.items()]
    connection.execute(_MOVE_HEADS, arrays(_OF_HEAD, moved))


_OF_HEAD: Final = ("participant_id", "entries", "head_sha256")
_moved = rows_of(book, _OF_HEAD)
_MOVE_HEADS = (
    update(book)
    .values(entries=_moved.c.entries, head_sha256=_moved.c.head_sha256)
    .where(book.c.participant_id == _moved.c.participant_id)
)
_BEGIN_HEADS = insert_rows(
    book, ["participant_id"], once={"entries": literal(0), "head_sha256": literal(NOTHING)}
).on_conflict_do_nothing(index_elements=["participant_id"])
_HEADS = select(*book.c[*_OF_HEAD])
_HEADS_OF_SOME = _HEADS.where(is_any(book.c.participant_id, "participants"))
_LOCK_HEADS = _HEADS_OF_SOME.order_by(book.c.participant_id).with_for_update()


def _lock_heads(connection: Connection, participants: set[str]) -> dict[str, Head]:
    """The ends of chains, which nobody else moves until the transaction ends.

    A chain may not fork, so who adds to it goes one after another. Stream, runs and people all book; everybody first
    begins the heads that are missing, in the order of the participants' ids, and then locks all, in that order: so two
    that book for the same people wait for each other at the first of them, and never each for the other.
    """
    in_order = sorted(participants)
    connection.execute(_BEGIN_HEADS, arrays(["participant_id"], zip(in_order, strict=True)))
    rows = connection.execute(_LOCK_HEADS, {"participants": in_order})
    return {participant: Head(entries, sha256) for participant, entries, sha256 in rows}


def heads(connection: Connection, participants: Iterable[str] | None = None) -> dict[str, Head]:
    """The ends of the chains of these participants, or of all; one without a journal is absent."""
    if participants is None:
        rows = connection.execute(_HEADS)
    else:
        rows = connection.execute(_HEADS_OF_SOME, {"participants": list(participants)})
    return {participant: Head(entries, sha256) for participant, entries, sha256 in rows}


def earned_in(connection: Connection, participant_id: str) -> list[str]:
    """The currencies in which a participant has earned anything."""
    wanted = (posting.c.participant_id == participant_id) & (posting.c.account == "earned")
    return sorted(connection.execute(select(posting.c.currency).where(wanted).distinct()).scalars())


def register_kinds(connection: Connection) -> None:
    """Let the database know every kind of journal that steps of pay have. Those of versions before stay: their journals
    do too.
    """
    kinds = [{"kind": kind} for kind in get_args(JournalKind)]
    connection.execute(insert(journal_kind).values(kinds).on_conflict_do_nothing())
