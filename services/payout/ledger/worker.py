"""The step over topics `earnings` and `roster`: book the difference between what an event says and what is booked
already, and keep what the roster says of people, for it says whom a booking costs and which pay group's months are
open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from services.payout.ledger import store
from services.payout.ledger import store_closings as closings
from services.payout.ledger.journal import Journal, cost_assignment, difference, earned, earning_journal
from services.payout.ledger.messages import decode_earnings
from services.payout.ledger.store import BookedEarning, Earner
from services.payout.roster import store as roster
from shared.contracts.earnings import EarningsChanged
from shared.contracts.message import Unreadable, decode
from shared.contracts.roster import EVERYONE, RosterFact, merge_patches
from shared.contracts.topics import EARNINGS, ROSTER
from shared.log.port import Stored
from shared.log.step import Outcome, Rejection

WORKER: Final = "payout"
TOPICS: Final = (ROSTER, EARNINGS)

BATCH: Final = 1000
"""Records in one transaction. Its locks on pay groups are shared, but an approval that closes one of them waits as long
as this takes.
"""

NOTHING_BOOKED: Final = BookedEarning(-1, {}, None)
"""Of an earner without an event: every revision is newer, and the whole of the first earning is the difference."""


def step(now: Callable[[], datetime], connection: Connection, batch: Sequence[Stored]) -> Outcome:
    """Book a batch of events, those of the roster first; `now` says when that is.

    Of several earnings events for one participant and period the newest revision counts, and only if it is newer than
    what is booked. So a batch may come again, in another order and in other company, and books the same.
    """
    patches: list[RosterFact] = []
    newest: dict[Earner, tuple[EarningsChanged, Stored]] = {}
    rejections: list[Rejection] = []
    for stored in batch:
        try:
            if stored.partition.topic == ROSTER.name:
                patch = decode(RosterFact, stored.record.value)
                if patch.participant_id != EVERYONE:  # whose figures are scoring's matter, and whom nobody pays
                    patches.append(patch)
                continue
            changed = decode_earnings(stored.record.value)
        except Unreadable as error:
            rejections.append(Rejection(stored=stored, code=error.code, message=str(error)))
            continue
        earner = (changed.participant_id, changed.period)
        if earner not in newest or newest[earner][0].revision < changed.revision:
            newest[earner] = (changed, stored)
    # The roster first: the two topics have no common order, and what of a batch is known of people should rule where it
    # books.
    if patches:
        known = roster.lock_facts(connection, {patch.participant_id for patch in patches})
        roster.save(connection, merge_patches(known, patches))
    if newest:
        _book(connection, newest, now=now())
    return Outcome(rejections=rejections)


def _book(connection: Connection, newest: Mapping[Earner, tuple[EarningsChanged, Stored]], *, now: datetime) -> None:
    people = roster.people(connection, {participant for participant, _ in newest})
    # The groups of every month and not only of the months in the events: where a month is closed, the booking goes to a
    # later one, in which the participant may be in another group.
    pay_groups = {pay_group for person in people.values() for pay_group in person.pay_groups()}
    open_from = closings.lock_for_booking(connection, pay_groups)
    booked = store.booked_earnings(connection, newest)
    moved: dict[Earner, BookedEarning] = {}
    journals: list[Journal] = []
    for earner, (changed, stored) in newest.items():
        before = booked.get(earner, NOTHING_BOOKED)
        if changed.revision <= before.revision:
            continue
        after = earned(changed)
        last = before.journal
        if changes := difference(before.earned, after):
            participant, origin_period = earner
            journal = earning_journal(
                participant,
                origin_period,
                assignment=cost_assignment(people[participant], origin_period, open_from=open_from),
                revision=changed.revision,
                changes=changes,
                record=f"{stored.partition.topic}/{stored.partition.number}/{stored.position}",
                corrects=last,
                actor=WORKER,
            )
            journals.append(journal)
            last = journal.id
        # Also where nothing is booked: an older event that comes later must not count.
        moved[earner] = BookedEarning(changed.revision, after, last)
    store.save_booked(connection, moved)
    store.post(connection, journals, now=now)
