"""What a proof of the ledger reads: sums of the whole of it, chains from their rows, seals. Amounts are minor units."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

import orjson
from sqlalchemy import Connection, Row, select, text

from services.payout.ledger.chain import Link
from services.payout.ledger.journal import POSTING_COLUMNS, ComponentKey, CostAssignment, Journal, Posting
from services.payout.ledger.store import Earner
from services.payout.ledger.tables import booked_earning
from shared.log.port import Partition
from shared.log.tables import dead_letter
from shared.pay.snapshot import PayKey
from shared.periods import Month

AccountKey: TypeAlias = tuple[str, str, str]
"""A participant, a currency and an account."""

_EARNED = text("""
    select p.participant_id, j.origin_period, p.component, p.plan, p.version, p.currency, sum(p.amount)
    from posting p join journal j on j.id = p.journal where p.account = 'earned'
    group by 1, 2, 3, 4, 5, 6 having sum(p.amount) <> 0""")


def earned(connection: Connection) -> dict[Earner, dict[ComponentKey, int]]:
    """What the ledger says each participant earned for each origin period, as the sum of its differences."""
    sums: dict[Earner, dict[ComponentKey, int]] = defaultdict(dict)
    for participant, period, *key, amount in connection.execute(_EARNED):
        sums[participant, period][ComponentKey(*key)] = int(amount)
    return dict(sums)


def remembered(connection: Connection) -> dict[Earner, dict[ComponentKey, int]]:
    """What the stream goes on from."""
    # By the columns that the worker reads, but all of them at once: `store.booked_earnings` wants earners.
    stored = booked_earning.c
    rows = connection.execute(select(stored.participant_id, stored.period, stored.earned))
    return {
        (participant, period): {ComponentKey(*key): amount for *key, amount in orjson.loads(amounts)}
        for participant, period, amounts in rows
    }


_REVISIONS = text("select participant_id, period, revision from booked_earning")


def revisions(connection: Connection) -> dict[Earner, int]:
    """Which earnings event of each participant and period the stream goes on from."""
    return {(participant, period): revision for participant, period, revision in connection.execute(_REVISIONS)}


_STRAYED = text("""
    select b.participant_id, b.period from booked_earning b
    where b.journal is distinct from (
        select id from journal j
        where j.participant_id = b.participant_id and j.origin_period = b.period and j.kind = 'earning'
        order by j.entry desc limit 1)
    order by 1, 2""")


def strayed(connection: Connection) -> list[Earner]:
    """Of whom the stream takes another journal for the last one about a period than is booked."""
    return [(participant, period) for participant, period in connection.execute(_STRAYED)]


# By the equation of the ledger, what is earned and not paid is on all other accounts together.
_OWED = text("""
    select participant_id, currency, -sum(amount) from posting where account not in ('earned', 'paid')
    group by 1, 2 having sum(amount) <> 0""")


def owed(connection: Connection) -> dict[PayKey, int]:
    """What the ledger says is owed to each participant for what was earned: payable or held, less what terms added to
    it or took.
    """
    return {(participant, currency): int(amount) for participant, currency, amount in connection.execute(_OWED)}


# Transfers move balances that other journals made, and returns are booked for what payroll did: neither is what a run
# decided.
_BOOKED_BY_RUNS = text("""
    select j.cause ->> 'run', p.participant_id, p.currency, p.account, sum(p.amount)
    from journal j join posting p on p.journal = j.id
    where j.cause ? 'run' and j.kind not in ('transfer', 'return')
    group by 1, 2, 3, 4 having sum(p.amount) <> 0""")


def booked_by_runs(connection: Connection) -> dict[str, dict[AccountKey, int]]:
    """What each run booked, by participant, currency and account; transfers between entities left out."""
    sums: dict[str, dict[AccountKey, int]] = defaultdict(dict)
    for run, *key, amount in connection.execute(_BOOKED_BY_RUNS):
        sums[run][*key] = int(amount)
    return dict(sums)


_RETURNED = text("""
    select p.participant_id, p.currency, sum(p.amount) from journal j join posting p on p.journal = j.id
    where j.kind = 'return' and p.account = 'paid' group by 1, 2""")


def returned(connection: Connection) -> dict[PayKey, int]:
    """What payroll gave back, by participant and currency."""
    return {(participant, currency): int(amount) for participant, currency, amount in connection.execute(_RETURNED)}


_BROKEN_SEALS = text("""
    select pay_group, period from closing where sha256 <> seal_of(pay_group, period) order by pay_group, period""")


def broken_seals(connection: Connection) -> list[tuple[str, Month]]:
    """Pay groups and months whose journals are not those that were closed."""
    return [tuple(row) for row in connection.execute(_BROKEN_SEALS)]


_UNBALANCED = text("""
    select id from journal where not exists (select from posting where journal = id)
    union
    select journal from posting group by journal, currency having sum(amount) <> 0
    order by 1""")
_HALF_NAMED = text("""
    select distinct journal from posting where num_nulls(component, plan, version) not in (0, 3) order by 1""")


def unbalanced(connection: Connection) -> list[UUID]:
    """Journals that do not sum to zero in every currency, or have no postings."""
    return list(connection.execute(_UNBALANCED).scalars())


def half_named(connection: Connection) -> list[UUID]:
    """Journals with a posting that names its component in part, of which no hash knows."""
    return list(connection.execute(_HALF_NAMED).scalars())


class LinkedJournal(NamedTuple):
    """A journal as its rows say it, with the link that they say."""

    journal: Journal
    link: Link
    recorded_at: datetime


_CHAINS = text(f"""
    select j.*, coalesce(p.postings, '[]') as postings
    from journal j left join (
        select journal, jsonb_agg(jsonb_build_array({", ".join(POSTING_COLUMNS)}) order by line) as postings
        from posting group by journal
    ) p on p.journal = j.id
    order by j.participant_id, j.entry""")


def chains(connection: Connection) -> Iterator[LinkedJournal]:
    """Every journal, by participant in the order of their chain: read in pieces, the books of years do not fit in
    memory.
    """
    for row in connection.execution_options(yield_per=5000).execute(_CHAINS):
        yield LinkedJournal(_journal(row), Link(row.entry, row.previous_sha256, row.sha256), row.recorded_at)


def _journal(row: Row[Any]) -> Journal:
    return Journal(
        id=row.id,
        kind=row.kind,
        participant_id=row.participant_id,
        assignment=CostAssignment(row.period, row.pay_group, row.entity, row.cost_center),
        origin_period=row.origin_period,
        cause=row.cause,
        actor=row.actor,
        postings=tuple(map(Posting.of_columns, row.postings)),
    )


def dead_places(connection: Connection, worker: str) -> set[tuple[Partition, int]]:
    """Where the records lie that the worker has ever set aside; a replay lies elsewhere."""
    letters = dead_letter.c
    rows = connection.execute(
        select(letters.topic, letters.partition, letters.position).where(letters.worker == worker)
    )
    return {(Partition(topic, partition), position) for topic, partition, position in rows}
