"""Proves the ledger: what the log says was earned, and what the runs say was paid, must be what is booked, to the cent;
the hash chains must hold, and what is remembered of people and of the ledger must be what the log and the journals
make.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from sqlalchemy import Connection, Engine

from services.payout.gl import store as gl
from services.payout.ledger import store_audit as audit
from services.payout.ledger import store_views as views
from services.payout.ledger import verify as ledger
from services.payout.ledger.worker import TOPICS, WORKER
from services.payout.payroll import store as batches
from services.payout.payroll import verify as payroll
from services.payout.payroll.verify import readable
from services.payout.roster.store import people
from services.payout.runs import verify as runs
from services.payout.statements import store as statements
from services.payout.tables import CHAIN, CHAINED
from shared.contracts.message import Unreadable, decode
from shared.contracts.roster import EVERYONE, RosterFact
from shared.contracts.topics import EARNINGS, ROSTER, Topic
from shared.facts import Facts
from shared.log.headers import ONLY_FOR
from shared.log.port import Log, Partition
from shared.pay.snapshot import PayKey
from shared.proof import verify as chain

_Pair = TypeVar("_Pair", bound=tuple[str, str])
"""An earner or a pay key: a participant with a period or a currency."""


def verify(engine: Engine, log: Log) -> list[str]:
    """Differences between the ledger and what the log and the runs say, as sentences; empty when all is well.

    Takes the log as far as the worker was when this began, without what it has set aside as dead letters. The sentences
    name participants, periods and runs, never amounts.

    Raises:
        LogUnavailable: the log cannot be reached.
    """
    return list(readable(_differences(engine, log), "payout"))


def _differences(engine: Engine, log: Log) -> Iterator[str]:
    # One snapshot of the database, so that workers and people may go on; the log is read after it, up to where it says
    # the worker was.
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        dead = audit.dead_places(connection, WORKER)
        reached = {topic.name: views.positions(connection, WORKER, topic=topic) for topic in TOPICS}
        booked, owed, revisions = audit.earned(connection), audit.owed(connection), audit.revisions(connection)
        yield from readable(ledger.differences(connection), "the ledger")
        settled: Counter[PayKey] = Counter()
        yield from runs.differences(connection, settled)
        yield from _files(connection)
        known = people(connection)
    facts = _facts(_records(log, ROSTER, reached=reached[ROSTER.name], dead=dead))
    for participant in sorted(known.keys() | facts.keys()):
        if participant not in known or known[participant].facts != facts.get(participant):
            yield f"person {participant}: what is known and what the log says differ"
    newest = ledger.newest_earnings(_records(log, EARNINGS, reached=reached[EARNINGS.name], dead=dead))
    logged = {earner: amounts for earner, (_, amounts) in newest.items() if amounts}
    for participant, period in _unequal(revisions, {earner: revision for earner, (revision, _) in newest.items()}):
        yield f"earned by {participant} for {period}: the stream goes on from another event than the newest in the log"
    for participant, period in _unequal(booked, logged):
        yield f"earned by {participant} for {period}: the ledger and the log differ"
    due: Counter[PayKey] = Counter()
    for (participant, _), amounts in logged.items():
        for key, amount in amounts.items():
            due[participant, key.currency] += amount
    due.subtract(settled)
    for participant, currency in _unequal(owed, {who: amount for who, amount in due.items() if amount}):
        yield f"payable to {participant} in {currency}: not what was earned less what was paid"


def verify_chain(connection: Connection, public_key: str | None) -> list[str]:
    """Differences between what is chained and what the service wrote, as sentences; empty when all is well.

    With the installation's public key also every signature is looked at.
    """
    return list(chain.differences(connection, CHAIN, tables=CHAINED, public_key=public_key))


def _files(connection: Connection) -> Iterator[str]:
    """Files that went out and statements that were shown."""
    yield from (f"batch {batch}: its file does not have its hash" for batch in batches.damaged_files(connection))
    yield from payroll.differences(connection)
    yield from gl.differences(connection)
    for run, who, document, form in statements.damaged(connection):
        yield f"run {run}: the {form} {document} kept of {who} does not have its hash"


def _records(
    log: Log, topic: Topic, *, reached: Mapping[int, int], dead: set[tuple[Partition, int]]
) -> Iterator[bytes | None]:
    """What the worker has taken in from a topic: before its positions, and not set aside."""
    for stored in log.scan(topic):
        # What was sent again after mending goes to the worker that had set it aside, and to no other.
        meant_for = stored.record.headers.get(ONLY_FOR, WORKER)
        if meant_for != WORKER or stored.position >= reached.get(stored.partition.number, 0):
            continue
        if (stored.partition, stored.position) not in dead:
            yield stored.record.value


def _facts(values: Iterable[bytes | None]) -> dict[str, Facts]:
    """The facts of everybody, merged from the records that the worker has merged."""
    merged: dict[str, Facts] = {}
    for value in values:
        try:
            patch = decode(RosterFact, value)
        except Unreadable:
            continue
        if patch.participant_id == EVERYONE:
            continue
        patch.merge_into(merged.setdefault(patch.participant_id, {}))
    return {participant: facts for participant, facts in merged.items() if facts}


def _unequal(one: Mapping[_Pair, object], other: Mapping[_Pair, object]) -> list[_Pair]:
    return sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))
