"""What the general ledger gets: sums of postings, and the batches that were made of them, only ever added to."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, Row, Select, func, insert, select, text

from services.payout.exports.chain import PreviousBatch
from services.payout.exports.files import File
from services.payout.gl.batch import GlBatch, defects, entries_from_json, entries_to_json
from services.payout.gl.contract_costs import CostPosting, booked_postings
from services.payout.gl.formats import FORMATS
from services.payout.gl.journals import PostingSum
from services.payout.gl.tables import gl_batch, gl_file
from shared.periods import Month


def postings(connection: Connection, period: Month, *, persons: bool = False) -> list[PostingSum]:
    """The postings booked in a month, of all entities, summed; by participant only where `persons`."""
    rows = connection.execute(_POSTINGS, {"period": period, "persons": persons})
    return [PostingSum(*row) for row in rows]


def contract_costs(connection: Connection, period: Month) -> list[CostPosting]:
    """What the subledger of contract costs booked in a month, of all entities."""
    rows = connection.execute(_CONTRACT_COSTS, {"period": period})
    return [posting for row in rows for posting in booked_postings(**row._mapping)]


def entities(connection: Connection) -> list[str]:
    """The entities that anything was ever booked for; what belongs to none has an empty text."""
    return list(connection.execute(_ENTITIES).scalars())


def lock_batches(connection: Connection) -> None:
    """Let nobody else make a batch until the transaction ends, of whatever entity and month: each names the one before,
    and what it posts is what no earlier one has. Who reads goes on.
    """
    connection.execute(text("select pg_advisory_xact_lock(hashtextextended('earnest.gl', 0))"))


def batches_made(connection: Connection, period: Month) -> int:
    """How many batches a month has, over all entities; the next one's id counts on, so the caller has locked them."""
    made = select(func.count()).select_from(gl_batch).where(gl_batch.c.period == period)
    return connection.execute(made).scalar_one()


def last(connection: Connection) -> PreviousBatch | None:
    """The batch made last."""
    latest = select(gl_batch.c.id, gl_batch.c.sha256).order_by(gl_batch.c.number.desc()).limit(1)
    row = connection.execute(latest).first()
    return PreviousBatch(id=row.id, sha256=row.sha256) if row else None


def add(connection: Connection, made: GlBatch) -> None:
    """Keep a batch with its files."""
    connection.execute(
        insert(gl_batch).values(
            id=made.id,
            period=made.period,
            entity=made.entity,
            format=made.format,
            entries=entries_to_json(made.entries),
            manifest=made.manifest,
            sha256=made.sha256,
            previous_sha256=made.previous_sha256,
            made_by=made.made_by,
            made_at=made.made_at,
        )
    )
    files = [
        {"batch": made.id, "part": part, "name": file.name, "content": file.content, "sha256": file.sha256}
        for part, file in enumerate(made.files, 1)
    ]
    connection.execute(insert(gl_file), files)


def batch(connection: Connection, batch_id: str) -> GlBatch | None:
    """A batch; None where there is none."""
    row = connection.execute(select(gl_batch).where(gl_batch.c.id == batch_id)).one_or_none()
    return _batch(row, files=_files(connection, row)) if row else None


def batches(connection: Connection, *, period: Month | None = None, entity: str | None = None) -> list[GlBatch]:
    """Batches in the order in which they were made, without their files."""
    wanted = _in_order()
    if period is not None:
        wanted = wanted.where(gl_batch.c.period == period)
    if entity is not None:
        wanted = wanted.where(gl_batch.c.entity == entity)
    return [_batch(row) for row in connection.execute(wanted)]


def differences(connection: Connection) -> Iterator[str]:
    """What of the batches is not as it was made."""
    previous: str | None = None
    for row in connection.execute(_in_order()):
        made = _batch(row, files=_files(connection, row))
        yield from defects(made, row.entries, previous_sha256=previous)
        previous = row.sha256


def _in_order() -> Select[tuple[object, ...]]:
    return select(gl_batch).order_by(gl_batch.c.number)


def _files(connection: Connection, batch: Row[tuple[object, ...]]) -> tuple[File, ...]:
    wanted = select(gl_file.c.name, gl_file.c.content).where(gl_file.c.batch == batch.id).order_by(gl_file.c.part)
    media_type = FORMATS[batch.format].media_type
    return tuple(File(name=row.name, media_type=media_type, content=row.content) for row in connection.execute(wanted))


def _batch(row: Row[tuple[object, ...]], *, files: tuple[File, ...] = ()) -> GlBatch:
    columns = dict(row._mapping)
    del columns["number"]  # the order of the chain, which is told by `previous_sha256`
    return GlBatch(**columns | {"entries": tuple(entries_from_json(row.entries))}, files=files)


# Ordered, so that entries are the same whenever they are made; a person's name leaves the ledger only where the books
# show it.
_POSTINGS = text("""
    select p.account, j.kind, j.origin_period, j.period, j.entity, j.cost_center,
        coalesce(p.component, ''), coalesce(p.plan, ''), p.currency, cast(sum(p.amount) as bigint),
        case when :persons then j.participant_id else '' end
    from journal j join posting p on p.journal = j.id
    where j.period = :period
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 11
    order by 1, 2, 3, 4, 5, 6, 7, 8, 9, 11""")

_ENTITIES = text("select entity from journal union select entity from contract_cost_entry order by entity")

# Without what was expensed at once: the accrual of pay has expensed it already.
_CONTRACT_COSTS = text("""
    select kind, period, entity, currency, cast(sum(amount) as bigint) as amount,
        cast(sum(on_cost) as bigint) as on_cost
    from contract_cost_entry where period = :period and kind <> 'expense'
    group by 1, 2, 3, 4 order by 1, 2, 3, 4""")
