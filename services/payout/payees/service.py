"""Payees that changed wait for a second person: until then runs pay as was confirmed before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from itertools import islice
from typing import Final, NamedTuple

from sqlalchemy import Connection

from services.payout.payees import store
from services.payout.payees.errors import NothingToConfirm, PayeeChanged
from services.payout.payees.payee import CONFIRMED_ATTRIBUTES, ConfirmedPayee
from services.payout.roster.store import people
from services.payout.store_persons import behind
from shared.changes import Change
from shared.changes import store as changes
from shared.contracts.topics import ROSTER
from shared.log import dead_letters
from shared.pay.people import Person

PAYEE: Final = "payee"
"""The kind of changes by which payees change."""
AT_ONCE: Final = 1000


class Waiting(NamedTuple):
    """What is confirmed of somebody, and what the roster says instead."""

    participant_id: str
    confirmed: ConfirmedPayee
    said: ConfirmedPayee


def waiting(connection: Connection, day: date, *, after: str, limit: int) -> list[Waiting]:
    """Payees that wait for a second person on a day, by participant, after one."""
    return list(islice(_waiting(connection, day, after=after), limit))


def _waiting(connection: Connection, day: date, *, after: str) -> Iterator[Waiting]:
    while some := store.participants(connection, after=after, limit=AT_ONCE):
        known, on_roster = store.confirmed(connection, some, day=day), people(connection, some)
        for who in some:
            said = ConfirmedPayee.said(on_roster[who], day)
            if said.facts != known[who].facts:
                yield Waiting(who, known[who], said)
        after = some[-1]


def confirm(
    connection: Connection,
    participant_id: str,
    *,
    day: date,
    seen: Mapping[str, str],
    by: str,
    reason: str,
    at: datetime,
) -> Change:
    """Confirm what the roster says of a payee on a day, as somebody who said none of it.

    Raises:
        NothingToConfirm: nothing of it waits.
        PayeeChanged: it is not what was looked at (`seen`).
        TwoPeople: they said some of it themselves, or a system of theirs did.
    """
    person = people(connection, [participant_id])[participant_id]
    said = ConfirmedPayee.said(person, day)
    known = store.confirmed(connection, [participant_id], day=day).get(participant_id)
    if known is None or known.facts == said.facts:
        raise NothingToConfirm(participant_id, day)
    if said.facts != seen:
        raise PayeeChanged(participant_id)
    persons = behind(connection, {*said.set_by, *_replayed_by(connection, person)})
    # What waits is a function of the roster: the change is by those who said it there, and decided at once.
    change = changes.propose(
        connection,
        kind=PAYEE,
        subject=participant_id,
        body={"payee": said.facts, "on": day.isoformat()},
        reason=reason,
        by=sorted(set[str]().union(*persons.values())),
        at=at,
    )
    return changes.decide(connection, change, verdict="approved", by=by, reason=reason, at=at)


def _replayed_by(connection: Connection, person: Person) -> Iterable[str]:
    """Who sent again what had been set aside of where pay goes: they decided that it counts."""
    letters = dead_letters.read_replays(connection, ROSTER)
    replayed = dead_letters.replayed_by(letters, {person.participant_id: person.facts})
    of_payees = (who for (_, path), who in replayed.items() if path.rpartition("/")[2] in CONFIRMED_ATTRIBUTES)
    return set[str]().union(*of_payees)
