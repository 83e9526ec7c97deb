"""The step over topics `earnings` and `roster`: book the difference between what an event says and what is booked already, and
keep what the roster says of people, for it says whom a booking costs and which pay group's months are open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from services.payout.ledger import store as books
from services.payout.ledger import store_closings as closings
from services.payout.ledger.booking import place_of
from services.payout.ledger.journal import Journal, difference, earned, earning_journal
from services.payout.ledger.messages import Unreadable, read, read_roster
from services.payout.ledger.store import Earner, HeldEarning
from services.payout.roster import store as people
from shared.contracts.earnings import EarningsChanged
from shared.contracts.roster import RosterFact
from shared.contracts.topics import EARNINGS, ROSTER
from shared.facts import Facts, merge
from shared.log.port import Stored
from shared.log.worker import Outcome, Rejection

WORKER: Final = "payout"
TOPICS: Final = (ROSTER, EARNINGS)
BATCH: Final = 1000


def step(now: Callable[[], datetime], connection: Connection, batch: Sequence[Stored]) -> Outcome:
    """Book a batch of events, those of the roster first; `now` says when that is.

    Of several earnings events for one participant and period the newest revision counts, and only if it is newer than what is
    booked.
    """
    patches: list[RosterFact] = []
    newest: dict[Earner, tuple[EarningsChanged, Stored]] = {}
    rejections: list[Rejection] = []
    for stored in batch:
        try:
            if stored.partition.topic == ROSTER.name:
                patches.append(read_roster(stored.record.value))
                continue
            changed = read(stored.record.value)
        except Unreadable as error:
            rejections.append(Rejection(stored=stored, code=error.code, message=str(error)))
            continue
        earner = (changed.participant_id, changed.period)
        if earner not in newest or newest[earner][0].revision < changed.revision:
            newest[earner] = (changed, stored)
    if patches:
        _meet(connection, patches)
    if newest:
        _book(connection, newest, now=now())
    return Outcome(rejections=rejections)


def _meet(connection: Connection, patches: Iterable[RosterFact]) -> None:
    held = people.hold(connection, {patch.participant_id for patch in patches})
    changed: dict[str, Facts] = {}
    for patch in patches:
        facts = held.setdefault(patch.participant_id, {})
        if merge(
            facts,
            patch.fields,
            occurred_at=patch.occurred_at,
            sequence=patch.sequence,
            source=patch.source,
            by=patch.by,
        ):
            changed[patch.participant_id] = facts
    people.save(connection, changed)


def _book(connection: Connection, newest: Mapping[Earner, tuple[EarningsChanged, Stored]], *, now: datetime) -> None:
    concerned = people.people(connection, {participant for participant, _ in newest})
    open_from = closings.hold_open(
        connection, {pay_group for person in concerned.values() for pay_group in person.pay_groups()}
    )
    held = books.held(connection, newest)
    moved: dict[Earner, HeldEarning] = {}
    journals: list[Journal] = []
    for earner, (changed, stored) in newest.items():
        before = held.get(earner, HeldEarning(-1, {}, None))
        if changed.revision <= before.revision:
            continue
        after = earned(changed)
        corrects = before.journal
        if changes := difference(before.earned, after):
            participant, origin = earner
            place = place_of(concerned[participant], origin, open_from=open_from)
            record = f"{stored.partition.topic}/{stored.partition.number}/{stored.position}"
            journals.append(
                earning_journal(
                    participant,
                    origin,
                    place=place,
                    revision=changed.revision,
                    changes=changes,
                    record=record,
                    corrects=corrects,
                    actor=WORKER,
                )
            )
            corrects = journals[-1].id
        moved[earner] = HeldEarning(changed.revision, after, corrects)
    books.hold(connection, moved)
    books.post(connection, journals, now=now)
