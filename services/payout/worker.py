"""The step over topic `earnings`: book the difference between what an event says and what is booked already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from services.payout.ledger import Journal, difference, earned, earning_journal
from services.payout.periods import booking_period
from services.payout.reading import Unreadable, read
from services.payout.store import books
from services.payout.store.books import Earner
from shared.contracts.earnings import EarningsChanged
from shared.contracts.topics import EARNINGS
from shared.log.port import Stored
from shared.log.worker import Outcome, Rejection

WORKER: Final = "payout"
TOPICS: Final = (EARNINGS,)
BATCH: Final = 1000


def step(now: Callable[[], datetime], connection: Connection, batch: Sequence[Stored]) -> Outcome:
    """Book a batch of earnings events; `now` says when that is.

    Of several events for one participant and period the newest revision counts, and only if it is newer than what is booked.
    """
    newest: dict[Earner, tuple[EarningsChanged, Stored]] = {}
    rejections: list[Rejection] = []
    for stored in batch:
        try:
            changed = read(stored.record.value)
        except Unreadable as error:
            rejections.append(Rejection(stored, error.code, str(error)))
            continue
        earner = (changed.participant_id, changed.period)
        if earner not in newest or newest[earner][0].revision < changed.revision:
            newest[earner] = (changed, stored)
    if newest:
        _book(connection, newest, now())
    return Outcome(rejections=rejections)


def _book(connection: Connection, newest: dict[Earner, tuple[EarningsChanged, Stored]], now: datetime) -> None:
    closed = books.hold_books_open(connection)
    held = books.held(connection, newest)
    moved = {}
    journals: list[Journal] = []
    for earner, (changed, stored) in newest.items():
        revision, before = held.get(earner, (-1, {}))
        if changed.revision <= revision:
            continue
        after = earned(changed)
        moved[earner] = (changed.revision, after)
        if changes := difference(before, after):
            period = booking_period(changed.period, closed)
            place = f"{stored.partition.topic}/{stored.partition.number}/{stored.position}"
            participant = changed.participant_id
            journals.append(
                earning_journal(participant, changed.period, period, changed.revision, changes, place, WORKER)
            )
    books.hold(connection, moved)
    books.post(connection, journals, now)
