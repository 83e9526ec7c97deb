"""Proves the ledger by itself: journals balance, chains and seals hold, and the stream goes on from what is booked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection

from services.payout.ledger import store, store_audit
from services.payout.ledger.chain import Head, journal_sha256
from services.payout.ledger.journal import ComponentKey, earned
from services.payout.ledger.messages import decode_earnings
from services.payout.ledger.store import Earner
from shared.contracts.message import Unreadable


def differences(connection: Connection) -> Iterator[str]:
    """What does not hold, as sentences that name journals, months and people, and no amounts."""
    yield from (f"journal {journal} does not sum to zero" for journal in store_audit.unbalanced(connection))
    yield from (f"journal {journal} names a component in part" for journal in store_audit.half_named(connection))
    yield from broken_chains(connection)
    for pay_group, period in store_audit.broken_seals(connection):
        yield f"month {period} of pay group {pay_group}: its journals are not those that were closed"
    booked, remembered = store_audit.earned(connection), store_audit.remembered(connection)
    for earner in sorted(booked.keys() | remembered.keys()):
        if booked.get(earner, {}) != remembered.get(earner, {}):
            participant, period = earner
            yield f"earned by {participant} for {period}: the stream goes on from something else than is booked"

    for participant, period in store_audit.strayed(connection):
        yield f"earned by {participant} for {period}: the stream goes on from another journal than the last"


def broken_chains(connection: Connection) -> list[str]:
    """The first broken link of each participant's chain of journals, as a sentence: hashes are made again from the
    rows.

    Only the first: what comes after a broken link cannot be right, and would hide where somebody changed something.
    """
    heads = store.heads(connection)
    broken: dict[str, str] = {}
    ends: dict[str, Head] = {}
    for journal, link, recorded_at in store_audit.chains(connection):
        participant = journal.participant_id
        before = ends.get(participant, Head())
        # The place as counted and the hash as stored: that is what the head of the chain has to say in the end.
        ends[participant] = Head(before.entries + 1, link.sha256)
        if participant in broken:
            continue
        if link.entry != before.entries + 1:
            broken[participant] = f"journal {before.entries + 1} is missing"
        elif link.previous_sha256 != before.sha256:
            broken[participant] = f"journal {link.entry} does not follow the one before it"
        elif link.sha256 != journal_sha256(
            journal, link.entry, previous_sha256=link.previous_sha256, recorded_at=recorded_at
        ):
            broken[participant] = f"journal {link.entry} is not what was booked"
    # A chain that lost its end is a sound chain: only the head says how long it was.
    for participant in heads.keys() | ends.keys():
        head, end = heads.get(participant, Head()), ends.get(participant, Head())
        if head != end:
            missing = head.entries > end.entries
            what = f"journal {end.entries + 1} is missing" if missing else f"journal {end.entries} is not their head"
            broken.setdefault(participant, what)
    return [f"the books of {participant}: {what}" for participant, what in sorted(broken.items())]


def newest_earnings(values: Iterable[bytes | None]) -> dict[Earner, tuple[int, dict[ComponentKey, int]]]:
    """The newest earnings of each participant and period in records of the log, with their revision: what the ledger
    should have booked in all.
    """
    newest: dict[Earner, tuple[int, dict[ComponentKey, int]]] = {}
    for value in values:
        try:
            changed = decode_earnings(value)
        except Unreadable:
            continue  # not booked either; had it been, the ledger would differ
        earner = (changed.participant_id, changed.period)
        if earner not in newest or newest[earner][0] < changed.revision:
            newest[earner] = (changed.revision, earned(changed))
    return newest
