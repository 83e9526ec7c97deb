"""Proves the ledger: what the log says was earned, and what the runs say was paid, must be what is booked, to the cent; the
hash chains must hold, and what is remembered of people and of the ledger must be what the log and the journals make.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from sqlalchemy import Engine

from services.payout.gl import store as gl
from services.payout.ledger import store_audit as audit
from services.payout.ledger import store_views as views
from services.payout.ledger.journal import Part, earned
from services.payout.ledger.messages import Unreadable, read, read_roster
from services.payout.ledger.store import Earner
from services.payout.ledger.worker import TOPICS, WORKER
from services.payout.payroll.verify import differences as batch_differences
from services.payout.roster.store import people
from services.payout.runs.verify import differences as run_differences
from services.payout.statements import store as statements
from shared.contracts.topics import EARNINGS, ROSTER, Topic
from shared.facts import Facts, merge
from shared.log.headers import ONLY_FOR
from shared.log.port import Log, Partition
from shared.pay.balances import PayKey

Pair: TypeAlias = tuple[str, str]
"""An earner or an owed: a participant with a period or a currency."""


def verify(engine: Engine, log: Log) -> list[str]:
    """Differences between the ledger and what the log and the runs say, as sentences; empty when all is well.

    Takes the log as far as the worker was when this began, without what it has set aside as dead letters. The sentences name
    participants, periods and runs, never amounts.

    Raises:
        LogUnavailable: the log cannot be reached.
    """
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        dead = audit.dead_places(connection, WORKER)
        reached = {topic.name: views.positions(connection, WORKER, topic=topic) for topic in TOPICS}
        booked, owed, known = audit.earned(connection), audit.owed(connection), people(connection)
        found = [f"journal {journal} does not sum to zero" for journal in audit.unbalanced(connection)]
        found += audit.broken_chains(connection)
        for pay_group, period in audit.broken_seals(connection):
            found.append(f"month {period} of pay group {pay_group}: its journals are not those that were closed")
        for participant, period in audit.misremembered(connection):
            found.append(f"earned by {participant} for {period}: the stream goes on from something else than is booked")
        settled: Counter[PayKey] = Counter()
        found += run_differences(connection, settled)
        found += [f"batch {batch}: its file does not have its hash" for batch in audit.spoilt_files(connection)]
        found += batch_differences(connection)
        found += gl.differences(connection)
        found += (
            f"run {run}: the {form} {document} kept of {who} does not have its hash"
            for run, who, document, form in statements.damaged(connection)
        )
    facts = _facts(log, reached[ROSTER.name], dead=dead)
    for participant in sorted(known.keys() | facts.keys()):
        if participant not in known or known[participant].facts != facts.get(participant):
            found.append(f"person {participant}: what is known and what the log says differ")
    logged = _latest(log, reached[EARNINGS.name], dead=dead)
    for participant, period in _unequal(booked, logged):
        found.append(f"earned by {participant} for {period}: the ledger and the log differ")
    due: Counter[PayKey] = Counter()
    for (participant, _), parts in logged.items():
        for part, amount in parts.items():
            due[participant, part.currency] += amount
    due.subtract(settled)
    for participant, currency in _unequal(owed, {who: amount for who, amount in due.items() if amount}):
        found.append(f"payable to {participant} in {currency}: not what was earned less what was paid")
    return found


def _records(
    log: Log, topic: Topic, *, reached: Mapping[int, int], dead: set[tuple[Partition, int]]
) -> Iterator[bytes | None]:
    """What the worker has taken in from a topic: before its positions, and not set aside."""
    for stored in log.scan(topic):
        meant_for = stored.record.headers.get(ONLY_FOR, WORKER)
        if meant_for != WORKER or stored.position >= reached.get(stored.partition.number, 0):
            continue
        if (stored.partition, stored.position) not in dead:
            yield stored.record.value


def _latest(log: Log, reached: Mapping[int, int], *, dead: set[tuple[Partition, int]]) -> dict[Earner, dict[Part, int]]:
    """The newest earnings of each participant and period among the records that the worker has booked."""
    newest: dict[Earner, tuple[int, dict[Part, int]]] = {}
    for value in _records(log, EARNINGS, reached=reached, dead=dead):
        try:
            changed = read(value)
        except Unreadable:
            continue  # not booked either; had it been, the ledger would differ
        earner = (changed.participant_id, changed.period)
        if earner not in newest or newest[earner][0] < changed.revision:
            newest[earner] = (changed.revision, earned(changed))
    return {earner: amounts for earner, (_, amounts) in newest.items() if amounts}


def _facts(log: Log, reached: Mapping[int, int], *, dead: set[tuple[Partition, int]]) -> dict[str, Facts]:
    """The facts of everybody, merged from the records that the worker has merged."""
    merged: dict[str, Facts] = {}
    for value in _records(log, ROSTER, reached=reached, dead=dead):
        try:
            patch = read_roster(value)
        except Unreadable:
            continue
        facts = merged.setdefault(patch.participant_id, {})
        merge(
            facts,
            patch.fields,
            occurred_at=patch.occurred_at,
            sequence=patch.sequence,
            source=patch.source,
            by=patch.by,
        )
    return {participant: facts for participant, facts in merged.items() if facts}


def _unequal(one: Mapping[Pair, object], other: Mapping[Pair, object]) -> list[Pair]:
    return sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))
