"""What people and other programs read of the ledger: balances, journals, sums, periods. Amounts are in minor units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from services.payout.ledger import Part, Posting
from shared.contracts.topics import EARNINGS, Topic


@dataclass(frozen=True, slots=True)
class Balance:
    """The sums of the accounts in one currency, signed as people read them: earned = payable + paid."""

    currency: str
    earned: int
    payable: int
    paid: int


@dataclass(frozen=True, slots=True)
class Booked:
    """A journal as it is in the ledger; `number` grows from journal to journal."""

    number: int
    id: UUID
    kind: str
    period: str
    origin_period: str
    cause: dict[str, Any]
    actor: str
    recorded_at: datetime
    postings: tuple[Posting, ...]


def balances(connection: Connection, participant_id: str) -> list[Balance]:
    """What a participant has earned, was paid and is owed, per currency."""
    return [Balance(*row) for row in connection.execute(_BALANCES, {"participant": participant_id})]


def sums(connection: Connection) -> list[Balance]:
    """What all participants together have earned, were paid and are owed, per currency."""
    return [Balance(*row) for row in connection.execute(_SUMS)]


def journals(connection: Connection, participant_id: str, before: int, limit: int) -> list[Booked]:
    """A participant's journals numbered below `before`, the latest first, `limit` at most."""
    rows = connection.execute(_JOURNALS, {"participant": participant_id, "before": before, "limit": limit}).all()
    return [_booked(list(postings)) for _, postings in groupby(rows, key=attrgetter("number"))]


def periods(connection: Connection) -> list[tuple[str, str | None]]:
    """Every period in which something is booked or which a run is over, with the run that closed it, the latest first."""
    return [(row.period, row.closed_by) for row in connection.execute(_PERIODS)]


def positions(connection: Connection, worker: str, topic: Topic = EARNINGS) -> dict[int, int]:
    """Where the worker is on a topic: the next position per partition."""
    rows: Sequence[Row[Any]] = connection.execute(_POSITIONS, {"worker": worker, "topic": topic.name}).all()
    return {row.partition: row.next_position for row in rows}


def _booked(rows: Sequence[Row[Any]]) -> Booked:
    parts = [Part(r.component, r.plan, r.version, r.currency) if r.component is not None else None for r in rows]
    postings = [Posting(r.account, r.currency, r.amount, part) for r, part in zip(rows, parts, strict=True)]
    j = rows[0]
    head = (j.number, j.id, j.kind, j.period, j.origin_period, j.cause, j.actor, j.recorded_at)
    return Booked(*head, postings=tuple(postings))


_SUM_COLUMNS = """
    cast(coalesce(sum(amount) filter (where account = 'earned'), 0) as bigint),
    cast(coalesce(-sum(amount) filter (where account = 'payable'), 0) as bigint),
    cast(coalesce(-sum(amount) filter (where account = 'paid'), 0) as bigint)"""

_BALANCES = text(f"""
    select currency, {_SUM_COLUMNS} from posting where participant_id = :participant group by currency order by currency""")

_SUMS = text(f"select currency, {_SUM_COLUMNS} from posting group by currency order by currency")

_JOURNALS = text("""
    select j.number, j.id, j.kind, j.period, j.origin_period, j.cause, j.actor, j.recorded_at,
        p.account, p.currency, p.amount, p.component, p.plan, p.version
    from (select * from journal where participant_id = :participant and number < :before order by number desc limit :limit) j
    join posting p on p.journal = j.id
    order by j.number desc, p.line""")

_PERIODS = text("""
    select period, (
        select id from run where run.period >= known.period and state in ('approved', 'exported')
        order by run.period limit 1) as closed_by
    from (select period from journal union select period from run where state <> 'cancelled') known
    order by period desc""")

_POSITIONS = text("""
    select partition, next_position from position where worker = :worker and topic = :topic order by partition""")
