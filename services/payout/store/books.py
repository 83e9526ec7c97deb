"""What is booked: journals and their postings, the earnings they are differences of, and what is due. One statement per table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

import orjson
from sqlalchemy import Connection, func, select, text

from services.payout import schema
from services.payout.ledger import Earned, Journal, Part
from services.payout.runs import Line
from services.payout.store.columns import columns, json_lines

Earner: TypeAlias = tuple[str, str]
"""A participant and a period."""


def hold_books_open(connection: Connection) -> str | None:
    """The last closed period, which stays the last one until the transaction ends: approvals wait."""
    connection.execute(text("lock table run in row share mode"))
    return closed_through(connection)


def hold_books_for_closing(connection: Connection) -> str | None:
    """The last closed period, while nothing is booked and no run changes until the transaction ends."""
    connection.execute(text("lock table run in exclusive mode"))
    return closed_through(connection)


def closed_through(connection: Connection) -> str | None:
    """The last closed period: the latest that an approved run is over."""
    latest = select(func.max(schema.run.c.period)).where(schema.run.c.state.in_(("approved", "exported")))
    return connection.execute(latest).scalar()


def held(connection: Connection, earners: Iterable[Earner]) -> dict[Earner, tuple[int, dict[Part, int]]]:
    """The last revision booked for each earner with its amounts; an earner without one is absent."""
    rows = connection.execute(_HELD, columns(earners))
    return {
        (participant, period): (revision, {Part(*part): amount for *part, amount in orjson.loads(earned)})
        for participant, period, revision, earned in rows
    }


def hold(connection: Connection, earned: Mapping[Earner, tuple[int, Earned]]) -> None:
    """Write the revision booked for each earner with its amounts."""
    if not earned:
        return
    rows = [(*earner, revision) for earner, (revision, _) in earned.items()]
    amounts = json_lines([(*part, amount) for part, amount in amounts.items()] for _, amounts in earned.values())
    connection.execute(_HOLD, {**columns(rows), "earned": amounts})


def post(connection: Connection, journals: Sequence[Journal], now: datetime) -> None:
    """Book journals in open periods, recorded at `now`.

    Raises:
        sqlalchemy.exc.IntegrityError: one is booked already, does not balance, or its period is closed.
    """
    if not journals:
        return
    heads = [(j.id, j.kind, j.participant_id, j.period, j.origin_period, j.actor) for j in journals]
    postings = [
        (j.id, line, p.account, j.participant_id, p.currency, p.amount, *(p.part[:3] if p.part else (None,) * 3))
        for j in journals
        for line, p in enumerate(j.postings)
    ]
    causes = json_lines(j.cause for j in journals)
    connection.execute(_POST_JOURNALS, {**columns(heads), "causes": causes, "now": now})
    connection.execute(_POST_POSTINGS, columns(postings))


def due(connection: Connection, period: str, closed: str | None) -> list[Line]:
    """What is due for everything booked up to `period`, beginning with what the run that closed `closed` carried forward."""
    rows = connection.execute(_DUE, {"period": period, "closed": closed or ""})
    return sorted(Line(participant, currency, int(amount)) for participant, currency, amount in rows)


_HELD = text("""
    select participant_id, period, revision, earned
    from unnest(cast(:c0 as text[]), cast(:c1 as text[])) as wanted (participant_id, period)
    join held_earning using (participant_id, period)""")

_HOLD = text("""
    insert into held_earning (participant_id, period, revision, earned)
    select * from unnest(cast(:c0 as text[]), cast(:c1 as text[]), cast(:c2 as bigint[]),
                         string_to_array(:earned, chr(10)))
    on conflict (participant_id, period) do update set revision = excluded.revision, earned = excluded.earned""")

_POST_JOURNALS = text("""
    insert into journal (id, kind, participant_id, period, origin_period, actor, cause, recorded_at)
    select id, kind, participant_id, period, origin_period, actor, cast(cause as jsonb), :now
    from unnest(cast(:c0 as uuid[]), cast(:c1 as text[]), cast(:c2 as text[]), cast(:c3 as text[]), cast(:c4 as text[]),
                cast(:c5 as text[]), string_to_array(:causes, chr(10)))
        as n (id, kind, participant_id, period, origin_period, actor, cause)""")

_POST_POSTINGS = text("""
    insert into posting (journal, line, account, participant_id, currency, amount, component, plan, version)
    select * from unnest(cast(:c0 as uuid[]), cast(:c1 as smallint[]), cast(:c2 as text[]), cast(:c3 as text[]),
                         cast(:c4 as text[]), cast(:c5 as bigint[]), cast(:c6 as text[]), cast(:c7 as text[]),
                         cast(:c8 as integer[]))""")

_DUE = text("""
    select participant_id, currency, sum(amount) from (
        select posting.participant_id, currency, -amount as amount
        from journal join posting on posting.journal = journal.id
        where period > :closed and period <= :period and kind = 'earning' and account = 'payable'
        union all
        select participant_id, currency, amount
        from run_line join run on run.id = run_line.run
        where run.period = :closed and state in ('approved', 'exported') and amount < 0
    ) owed
    group by participant_id, currency having sum(amount) <> 0""")
