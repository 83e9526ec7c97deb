"""What comes back from payroll about a batch: that it was fetched, acknowledged, in part returned, and what was
paid.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, and_, insert, select, text
from sqlalchemy.dialects import postgresql

from services.payout.payroll import tables
from services.payout.payroll.acknowledgement import Acknowledgement, OpenReturn, Rejection
from services.payout.payroll.batch import BatchLine, ReleasedBatch
from services.payout.payroll.errors import AlreadyAcknowledged, KeyReused, NotReturned
from shared.access.principal import Principal
from shared.access.reach import reached


def add_pull(connection: Connection, batch: str, *, by: str, at: datetime) -> None:
    """Keep that a batch's file was fetched; the first time of each who does."""
    connection.execute(
        postgresql.insert(tables.batch_pull).values(batch=batch, pulled_by=by, pulled_at=at).on_conflict_do_nothing()
    )


def first_pulls(connection: Connection, batches: Sequence[str]) -> dict[str, datetime]:
    """When each of some batches was fetched first."""
    pulls = text(
        "select batch, min(pulled_at) as first_pull from batch_pull where batch = any(:batches) group by batch"
    )
    return {row.batch: row.first_pull for row in connection.execute(pulls, {"batches": list(batches)})}


def acknowledgements(connection: Connection, batches: Sequence[str]) -> dict[str, Acknowledgement]:
    """What was acknowledged of some batches."""
    kept = tables.batch_acknowledgement.c
    rows = connection.execute(
        select(kept.batch, kept.status, kept.acknowledged_by, kept.acknowledged_at).where(kept.batch.in_(batches))
    )
    return {
        row.batch: Acknowledgement(status=row.status, by=row.acknowledged_by, at=row.acknowledged_at) for row in rows
    }


def repeated(connection: Connection, batch: str, *, key: str, body: dict[str, Any]) -> bool:
    """Whether this very acknowledgement was kept before; nothing else is acknowledged until the transaction ends.

    Raises:
        KeyReused: the key came with another request.
        AlreadyAcknowledged: the batch was acknowledged under another key.
    """
    _lock_answers(connection)
    kept = tables.batch_acknowledgement.c
    row = connection.execute(select(kept.batch, kept.body).where(kept.idempotency_key == key)).one_or_none()
    if row is not None:
        # The same key with another body is a mistake of the sender: neither answer would be what it expects.
        if (row.batch, row.body) != (batch, body):
            raise KeyReused
        return True
    if before := acknowledgements(connection, [batch]).get(batch):
        raise AlreadyAcknowledged(batch, before.status)
    return False


def acknowledge(
    connection: Connection,
    batch: ReleasedBatch,
    *,
    key: str,
    body: dict[str, Any],
    returned: Sequence[tuple[BatchLine, Rejection]],
    by: str,
    at: datetime,
) -> None:
    """Keep an acknowledgement, and free the lines that it returns."""
    connection.execute(
        insert(tables.batch_acknowledgement).values(
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
        insert(tables.batch_rejection),
        [
            {
                "batch": batch.id,
                "line": line.line,
                "code": rejection.code,
                "message": rejection.message,
                "rejected_by": by,
                "rejected_at": at,
            }
            for line, rejection in returned
        ],
    )


def returned_from(connection: Connection, batch: str) -> list[str]:
    """The lines that payroll returned from a batch."""
    kept = tables.batch_rejection.c
    return list(connection.execute(select(kept.line).where(kept.batch == batch).order_by(kept.line)).scalars())


def open_lines(connection: Connection, *, who: Principal) -> list[OpenReturn]:
    """The lines that wait for a person, of those that `who` may see, the longest waiting first."""
    batch = tables.payroll_batch.c
    visible = reached(who, pay_group=batch.pay_group, entity=batch.entity)
    return [OpenReturn(**row._mapping) for row in connection.execute(_OPEN.where(visible))]


def resolve(connection: Connection, batch: str, *, line: str, reason: str, by: str, at: datetime) -> None:
    """Keep what somebody did about a returned line.

    Raises:
        NotReturned: it does not wait for anybody.
    """
    done = connection.execute(_RESOLVE, {"batch": batch, "line": line, "reason": reason, "by": by, "at": at}).rowcount
    if not done:
        raise NotReturned(batch, line)


def add_reconciliation(
    connection: Connection, batch: str, *, source: str, result: dict[str, Any], by: str, at: datetime
) -> int:
    """Keep what a reconciliation found; returns its number among those of the batch."""
    _lock_answers(connection)
    number_query = text("select count(*) + 1 from batch_reconciliation where batch = :batch")
    number: int = connection.execute(number_query, {"batch": batch}).scalar_one()
    connection.execute(
        insert(tables.batch_reconciliation).values(
            batch=batch, number=number, source=source, result=result, reconciled_by=by, reconciled_at=at
        )
    )
    return number


def overdue(connection: Connection, today: date) -> tuple[int, int]:
    """How many batches are past their cut-off: never fetched, and not acknowledged."""
    row = connection.execute(_OVERDUE, {"today": today}).one()
    return row.unpulled, row.unacknowledged


def _lock_answers(connection: Connection) -> None:
    """Let nobody else acknowledge or reconcile until the transaction ends. Payroll sends again what got no answer: the
    second request has to find what the first one keeps, whichever batch its key belongs to.
    """
    connection.execute(text("select pg_advisory_xact_lock(hashtext('earnest payroll answer'))"))


_REJECTION, _LINE, _DONE = tables.batch_rejection, tables.batch_line, tables.batch_resolution
_OPEN = (
    select(
        _REJECTION.c.batch,
        tables.payroll_batch.c.run,
        tables.payroll_batch.c.pay_group,
        _REJECTION.c.line,
        *(_LINE.c[name] for name in ("row", "participant_id", "currency", "amount")),
        *(_REJECTION.c[name] for name in ("code", "message", "rejected_by", "rejected_at")),
    )
    .select_from(_REJECTION)
    .join(_LINE, and_(_LINE.c.batch == _REJECTION.c.batch, _LINE.c.line == _REJECTION.c.line))
    .join(tables.payroll_batch, tables.payroll_batch.c.id == _REJECTION.c.batch)
    .outerjoin(_DONE, and_(_DONE.c.batch == _REJECTION.c.batch, _DONE.c.line == _REJECTION.c.line))
    .where(_DONE.c.batch.is_(None))
    .order_by(_REJECTION.c.rejected_at, _REJECTION.c.batch, _LINE.c.row, _REJECTION.c.line)
)

# Only what was returned can be resolved, and once: a second resolution inserts nothing, and the caller is told.
_RESOLVE = text("""
    insert into batch_resolution (batch, line, reason, resolved_by, resolved_at)
    select batch, line, :reason, :by, :at from batch_rejection where batch = :batch and line = :line
    on conflict do nothing""")

# A batch without a cut-off is never overdue: null is not before any day.
_OVERDUE = text("""
    select count(*) filter (where pulled.batch is null) as unpulled, count(*) as unacknowledged
    from payroll_batch b
    left join (select distinct batch from batch_pull) pulled on pulled.batch = b.id
    where b.acknowledge_by < :today and not exists (select from batch_acknowledgement a where a.batch = b.id)""")
