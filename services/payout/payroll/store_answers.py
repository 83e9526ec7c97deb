"""What comes back from payroll about a batch: that it was fetched, acknowledged, in part returned, and what was paid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, text
from sqlalchemy.dialects import postgresql

from services.payout.payroll import tables as schema
from services.payout.payroll.acknowledgement import (
    Acknowledgement,
    AlreadyAcknowledged,
    BatchLine,
    KeyReused,
    NotReturned,
    Open,
    Returned,
)
from services.payout.payroll.release import Released
from services.payout.payroll.store import Groups

OnAnswer = Callable[[Connection, Released, Sequence[BatchLine], str, datetime], None]
"""What else happens when payroll acknowledges a batch and returns some of its lines, in the same transaction."""


def pulled(connection: Connection, batch: str, by: str, at: datetime) -> None:
    """Keep that a batch's file was fetched; the first time of each who does."""
    connection.execute(
        postgresql.insert(schema.batch_pull).values(batch=batch, pulled_by=by, pulled_at=at).on_conflict_do_nothing()
    )


def first_pulls(connection: Connection, batches: Sequence[str]) -> dict[str, datetime]:
    """When each of some batches was fetched first."""
    found = text("select batch, min(pulled_at) from batch_pull where batch = any(:batches) group by batch")
    return {row[0]: row[1] for row in connection.execute(found, {"batches": list(batches)})}


def acknowledgements(connection: Connection, batches: Sequence[str]) -> dict[str, Acknowledgement]:
    """What was acknowledged of some batches."""
    kept = schema.batch_acknowledgement.c
    rows = connection.execute(
        select(kept.batch, kept.status, kept.acknowledged_by, kept.acknowledged_at).where(kept.batch.in_(batches))
    )
    return {row[0]: Acknowledgement(row[1], row[2], row[3]) for row in rows}


def repeated(connection: Connection, batch: str, key: str, body: dict[str, Any]) -> bool:
    """Whether this very acknowledgement was kept before; nothing else is acknowledged until the transaction ends.

    Raises:
        KeyReused: the key came with another request.
        AlreadyAcknowledged: the batch was acknowledged under another key.
    """
    connection.execute(_ONE_AT_A_TIME)
    kept = schema.batch_acknowledgement.c
    row = connection.execute(select(kept.batch, kept.body).where(kept.idempotency_key == key)).one_or_none()
    if row is not None:
        if (row.batch, row.body) != (batch, body):
            raise KeyReused
        return True
    if before := acknowledgements(connection, [batch]).get(batch):
        raise AlreadyAcknowledged(batch, before.status)
    return False


def acknowledge(
    connection: Connection,
    batch: Released,
    key: str,
    body: dict[str, Any],
    returned: Sequence[tuple[BatchLine, Returned]],
    by: str,
    at: datetime,
) -> None:
    """Keep an acknowledgement, and free the lines that it returns."""
    connection.execute(
        insert(schema.batch_acknowledgement).values(
            batch=batch.id,
            status=body["status"],
            idempotency_key=key,
            body=body,
            acknowledged_by=by,
            acknowledged_at=at,
        )
    )
    if not returned:
        return
    connection.execute(
        insert(schema.batch_rejection),
        [
            {
                "batch": batch.id,
                "line": line.line,
                "code": why.code,
                "message": why.message,
                "rejected_by": by,
                "rejected_at": at,
            }
            for line, why in returned
        ],
    )


def rejected(connection: Connection, batch: str) -> list[str]:
    """The lines that payroll returned from a batch."""
    kept = schema.batch_rejection.c
    return list(connection.execute(select(kept.line).where(kept.batch == batch).order_by(kept.line)).scalars())


def open_lines(connection: Connection, groups: Groups = None) -> list[Open]:
    """The lines that wait for a person, the longest waiting first."""
    visible = None if groups is None else sorted(groups)
    return [Open(**row._mapping) for row in connection.execute(_OPEN, {"groups": visible})]


def resolve(connection: Connection, batch: str, line: str, reason: str, by: str, at: datetime) -> None:
    """Keep what somebody did about a returned line.

    Raises:
        NotReturned: it does not wait for anybody.
    """
    done = connection.execute(_RESOLVE, {"batch": batch, "line": line, "reason": reason, "by": by, "at": at}).rowcount
    if not done:
        raise NotReturned(batch, line)


def add_reconciliation(
    connection: Connection, batch: str, source: str, result: dict[str, Any], by: str, at: datetime
) -> int:
    """Keep what a reconciliation found; returns its number among those of the batch."""
    connection.execute(_ONE_AT_A_TIME)
    found = text("select count(*) + 1 from batch_reconciliation where batch = :batch")
    number: int = connection.execute(found, {"batch": batch}).scalar_one()
    connection.execute(
        insert(schema.batch_reconciliation).values(
            batch=batch, number=number, source=source, result=result, reconciled_by=by, reconciled_at=at
        )
    )
    return number


def overdue(connection: Connection, today: date) -> tuple[int, int]:
    """How many batches are past their cut-off: never fetched, and not acknowledged."""
    row = connection.execute(_OVERDUE, {"today": today}).one()
    return row.unpulled, row.unacknowledged


_ONE_AT_A_TIME = text("select pg_advisory_xact_lock(hashtext('earnest payroll answer'))")

_OPEN = text("""
    select r.batch, b.run, b.pay_group, r.line, l."row", l.participant_id, l.currency, l.amount, r.code, r.message,
        r.rejected_by, r.rejected_at
    from batch_rejection r
    join batch_line l using (batch, line)
    join payroll_batch b on b.id = r.batch
    left join batch_resolution done using (batch, line)
    where done.batch is null and (cast(:groups as text[]) is null or b.pay_group = any(cast(:groups as text[])))
    order by r.rejected_at, r.batch, l."row", r.line""")

_RESOLVE = text("""
    insert into batch_resolution (batch, line, reason, resolved_by, resolved_at)
    select batch, line, :reason, :by, :at from batch_rejection where batch = :batch and line = :line
    on conflict do nothing""")

_OVERDUE = text("""
    select count(*) filter (where pulled.batch is null) as unpulled, count(*) as unacknowledged
    from payroll_batch b
    left join (select distinct batch from batch_pull) pulled on pulled.batch = b.id
    where b.acknowledge_by < :today and not exists (select from batch_acknowledgement a where a.batch = b.id)""")
