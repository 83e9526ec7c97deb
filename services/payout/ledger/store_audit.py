"""What an audit compares: sums of the whole ledger, journals that do not balance, payments by run. Amounts are minor units."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, Row, select, text

from services.payout.ledger import store as books
from services.payout.ledger.chain import Head, sha256
from services.payout.ledger.journal import Journal, Part, Posting
from services.payout.ledger.store import Earner
from shared.log.port import Partition
from shared.log.tables import dead_letter
from shared.pay.balances import PayKey


def earned(connection: Connection) -> dict[Earner, dict[Part, int]]:
    """What the ledger says each participant earned for each origin period, as the sum of its differences."""
    sums: dict[Earner, dict[Part, int]] = defaultdict(dict)
    for participant, period, *part, amount in connection.execute(_EARNED):
        sums[participant, period][Part(*part)] = int(amount)
    return dict(sums)


def owed(connection: Connection) -> dict[PayKey, int]:
    """What the ledger says is owed to each participant for what was earned: payable or held, less what terms added to it or took."""
    return {(participant, currency): int(amount) for participant, currency, amount in connection.execute(_OWED)}


def misremembered(connection: Connection) -> list[Earner]:
    """Earners for whom what the stream remembers as booked is not what the journals sum to."""
    booked = earned(connection)
    remembered = {
        (participant, period): {Part(*part): amount for *part, amount in orjson.loads(amounts)}
        for participant, period, amounts in connection.execute(_REMEMBERED)
    }
    earners = booked.keys() | remembered.keys()
    return sorted(earner for earner in earners if booked.get(earner, {}) != remembered.get(earner, {}))


def booked_by_runs(connection: Connection) -> dict[str, dict[tuple[str, str, str], int]]:
    """What each run booked, by participant, currency and account; transfers between entities left out."""
    sums: dict[str, dict[tuple[str, str, str], int]] = defaultdict(dict)
    for run, *key, amount in connection.execute(_BY_RUNS):
        sums[run][*key] = int(amount)
    return dict(sums)


def released_by_runs(connection: Connection) -> dict[str, dict[PayKey, int]]:
    """What each run released to payroll, by participant and currency; what was released again left out."""
    sums: dict[str, dict[PayKey, int]] = defaultdict(dict)
    for run, participant, currency, amount in connection.execute(_RELEASED):
        sums[run][participant, currency] = int(amount)
    return dict(sums)


def spoilt_closings(connection: Connection) -> list[tuple[str, str]]:
    """Pay groups and months that are closed, and not by an approved run of theirs."""
    return [(group, period) for group, period in connection.execute(_SPOILT_CLOSINGS)]


def spoilt_runs(connection: Connection) -> set[str]:
    """Runs of which events, approvals and statements' facts do not say the same as what they stand beside."""
    return set(connection.execute(_SPOILT_RUNS).scalars())


def held_participants(connection: Connection) -> list[str]:
    """Everybody of whom something is remembered as held."""
    return list(connection.execute(text("select distinct participant_id from held_line order by 1")).scalars())


def returned(connection: Connection) -> dict[PayKey, int]:
    """What payroll gave back, by participant and currency."""
    return {(participant, currency): int(amount) for participant, currency, amount in connection.execute(_RETURNED)}


def broken_seals(connection: Connection) -> list[tuple[str, str]]:
    """Pay groups and months whose journals are not those that were closed."""
    return [tuple(row) for row in connection.execute(_SEALS)]


def spoilt_files(connection: Connection) -> list[str]:
    """Batches with a file that does not have its hash."""
    return list(connection.execute(_SPOILT).scalars())


def unbalanced(connection: Connection) -> list[UUID]:
    """Journals that do not sum to zero in every currency, or have no postings."""
    return list(connection.execute(_UNBALANCED).scalars())


def broken_chains(connection: Connection) -> list[str]:
    """The first broken link of each participant's chain of journals, as a sentence: hashes are made again from the rows."""
    heads = books.heads(connection)
    found: dict[str, str] = {}
    ends: dict[str, Head] = {}
    for row in connection.execution_options(yield_per=5000).execute(_CHAINS):
        participant, before = row.participant_id, ends.get(row.participant_id, Head())
        ends[participant] = Head(before.entries + 1, row.sha256)
        if participant in found:
            continue
        if row.entry != before.entries + 1:
            found[participant] = f"journal {before.entries + 1} is missing"
        elif row.previous_sha256 != before.sha256:
            found[participant] = f"journal {row.entry} does not follow the one before it"
        elif (
            sha256(_journal(row), row.entry, previous_sha256=row.previous_sha256, recorded_at=row.recorded_at)
            != row.sha256
        ):
            found[participant] = f"journal {row.entry} is not what was booked"
    for participant in heads.keys() | ends.keys():
        head, end = heads.get(participant, Head()), ends.get(participant, Head())
        if head != end:
            missing = head.entries > end.entries
            told = f"journal {end.entries + 1} is missing" if missing else f"journal {end.entries} is not their head"
            found.setdefault(participant, told)
    return [f"the books of {participant}: {told}" for participant, told in sorted(found.items())]


def _journal(row: Row[Any]) -> Journal:
    postings = tuple(
        Posting(
            account=account,
            currency=currency,
            amount=amount,
            part=None if component is None else Part(component, plan, version, currency),
            deal=deal,
        )
        for account, currency, amount, component, plan, version, deal in row.postings
    )
    head = (row.id, row.kind, row.participant_id, row.period, row.origin_period, row.cause, row.actor)
    return Journal(*head, postings, row.pay_group, row.entity, row.cost_center)


def dead_places(connection: Connection, worker: str) -> set[tuple[Partition, int]]:
    """Where the records lie that the worker has ever set aside; a replay lies elsewhere."""
    letters = dead_letter.c
    rows = connection.execute(
        select(letters.topic, letters.partition, letters.position).where(letters.worker == worker)
    )
    return {(Partition(topic, partition), position) for topic, partition, position in rows}


_SEALS = text("""
    select pay_group, period from closing where sha256 <> seal_of(pay_group, period) order by pay_group, period""")

_CHAINS = text("""
    select j.*, coalesce(p.postings, '[]') as postings
    from journal j left join (
        select journal,
            jsonb_agg(jsonb_build_array(account, currency, amount, component, plan, version, deal) order by line) as postings
        from posting group by journal
    ) p on p.journal = j.id
    order by j.participant_id, j.entry""")

_EARNED = text("""
    select p.participant_id, j.origin_period, p.component, p.plan, p.version, p.currency, sum(p.amount)
    from posting p join journal j on j.id = p.journal where p.account = 'earned'
    group by 1, 2, 3, 4, 5, 6 having sum(p.amount) <> 0""")

_OWED = text("""
    select participant_id, currency, -sum(amount) from posting where account not in ('earned', 'paid')
    group by 1, 2 having sum(amount) <> 0""")

_REMEMBERED = text("select participant_id, period, earned from held_earning")

_BY_RUNS = text("""
    select j.cause ->> 'run', p.participant_id, p.currency, p.account, sum(p.amount)
    from journal j join posting p on p.journal = j.id
    where j.cause ? 'run' and j.kind not in ('transfer', 'return')
    group by 1, 2, 3, 4 having sum(p.amount) <> 0""")

_RELEASED = text("""
    select b.run, l.participant_id, l.currency, sum(l.amount) from batch_line l join payroll_batch b on b.id = l.batch
    where b.corrects is null group by 1, 2, 3""")

_SPOILT_CLOSINGS = text("""
    select c.pay_group, c.period from closing c
    left join run r on r.id = c.run and r.pay_group = c.pay_group and r.closes = c.period
        and (r.state in ('approved', 'exported', 'acknowledged', 'paid')
            or exists (select from run_event e where e.run = r.id and e.note = 'by an earlier version'))
    where r.id is null order by 1, 2""")

_SPOILT_RUNS = text("""
    with last as (
        select distinct on (run, verb) run, verb, actor, at, lines_sha256, inputs_sha256, steps
        from run_event order by run, verb, number desc
    ), decided as (
        select a.run, a.submission, a.step, a.approver, a.at, a.lines_sha256,
            row_number() over of_run - 1 as place, row_number() over (partition by a.run order by a.step desc) = 1 as is_last
        from approval a join run r on r.id = a.run and r.submission = a.submission
        window of_run as (partition by a.run order by a.step)
    )
    select r.id from run r join last on last.run = r.id and last.verb = 'calculate' where r.state <> 'draft'
        and (last.lines_sha256, last.inputs_sha256, last.steps) is distinct from (r.lines_sha256, r.inputs_sha256, r.steps)
    union select r.id from run r join run_event e on e.run = r.id
        where e.verb in ('calculate', 'submit', 'cancel') and e.actor <> r.author
    union select r.id from run r join decided on decided.run = r.id
        where decided.lines_sha256 <> r.lines_sha256 or decided.step <> decided.place
    union select decided.run from decided join last on last.run = decided.run and last.verb = 'approve'
        where is_last and (decided.approver, decided.at) is distinct from (last.actor, last.at)
    union select run from run_slip where sha256 <> encode(sha256(facts), 'hex')
    union select run from run_lines where sha256 <> encode(sha256(content), 'hex')""")

_RETURNED = text("""
    select p.participant_id, p.currency, sum(p.amount) from journal j join posting p on p.journal = j.id
    where j.kind = 'return' and p.account = 'paid' group by 1, 2""")

_SPOILT = text("""
    select distinct batch from payroll_batch_file where sha256 <> encode(sha256(content), 'hex') order by 1""")

_UNBALANCED = text("""
    select id from journal where not exists (select from posting where journal = id)
    union
    select journal from posting group by journal, currency having sum(amount) <> 0
    order by 1""")
