"""What the general ledger gets: sums of postings, and the batches that were made of them, only ever added to."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, Row, Select, func, insert, select, text

from services.payout.gl import batch as domain
from services.payout.gl.batch import Batch, GlFile, Previous
from services.payout.gl.contract_costs import CostPosting, booked_postings
from services.payout.gl.journals import Row as LedgerRow
from services.payout.ledger import tables as schema


def postings(connection: Connection, period: str, persons: bool = False) -> list[LedgerRow]:
    """The postings booked in a month, of all entities, summed; by participant only where `persons`."""
    rows = connection.execute(_POSTINGS, {"period": period, "persons": persons})
    return [LedgerRow(*row) for row in rows]


def contract_costs(connection: Connection, period: str) -> list[CostPosting]:
    """What the subledger of contract costs booked in a month, of all entities."""
    rows = connection.execute(_CONTRACT_COSTS, {"period": period})
    return [posting for row in rows for posting in booked_postings(**row._mapping)]


def entities(connection: Connection) -> list[str]:
    """The entities that anything was ever booked for; what belongs to none has an empty text."""
    return list(connection.execute(_ENTITIES).scalars())


def hold(connection: Connection) -> None:
    """Let nobody else make a batch until the transaction ends; who reads goes on."""
    connection.execute(text("select pg_advisory_xact_lock(hashtextextended('earnest.gl', 0))"))


def batches_made(connection: Connection, period: str) -> int:
    """How many batches a month has, over all entities."""
    table = schema.gl_batch
    return connection.execute(select(func.count()).select_from(table).where(table.c.period == period)).scalar_one()


def last(connection: Connection) -> Previous | None:
    """The batch made last."""
    columns = schema.gl_batch.c
    row = connection.execute(select(columns.id, columns.sha256).order_by(columns.number.desc()).limit(1)).first()
    return Previous(*row) if row else None


def add(connection: Connection, made: Batch) -> None:
    """Keep a batch with its files."""
    connection.execute(
        insert(schema.gl_batch).values(
            id=made.id,
            period=made.period,
            entity=made.entity,
            format=made.format,
            entries=domain.stored(made.entries),
            manifest=made.manifest,
            sha256=made.sha256,
            previous_sha256=made.previous_sha256,
            made_by=made.made_by,
            made_at=made.made_at,
        )
    )
    files = [{"batch": made.id, "part": part, **file._asdict()} for part, file in enumerate(made.files, 1)]
    connection.execute(insert(schema.gl_file), files)


def batch(connection: Connection, batch_id: str) -> Batch | None:
    """A batch; None where there is none."""
    row = connection.execute(select(schema.gl_batch).where(schema.gl_batch.c.id == batch_id)).one_or_none()
    return _batch(connection, row) if row else None


def batches(connection: Connection, period: str | None = None, entity: str | None = None) -> list[Batch]:
    """Batches in the order in which they were made, without their files."""
    found = _in_order()
    if period is not None:
        found = found.where(schema.gl_batch.c.period == period)
    if entity is not None:
        found = found.where(schema.gl_batch.c.entity == entity)
    return [_batch(None, row) for row in connection.execute(found)]


def differences(connection: Connection) -> Iterator[str]:
    """What of the batches is not as it was made."""
    previous: str | None = None
    for row in connection.execute(_in_order()):
        yield from domain.broken(_batch(connection, row), row.entries, previous)
        previous = row.sha256


def _in_order() -> Select[tuple[object, ...]]:
    return select(schema.gl_batch).order_by(schema.gl_batch.c.number)


def _batch(connection: Connection | None, row: Row[tuple[object, ...]]) -> Batch:
    told = dict(row._mapping)
    columns = schema.gl_file.c
    files = select(columns.name, columns.content, columns.sha256).where(columns.batch == told["id"])
    found = connection.execute(files.order_by(columns.part)) if connection else ()
    del told["number"]
    return Batch(
        **told | {"entries": tuple(domain.kept(told["entries"]))}, files=tuple(GlFile(*file) for file in found)
    )


_POSTINGS = text("""
    select p.account, j.kind, j.origin_period, j.period, j.entity, j.cost_center,
        coalesce(p.component, ''), coalesce(p.plan, ''), p.currency, cast(sum(p.amount) as bigint),
        case when :persons then j.participant_id else '' end
    from journal j join posting p on p.journal = j.id
    where j.period = :period
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 11
    order by 1, 2, 3, 4, 5, 6, 7, 8, 9, 11""")

_ENTITIES = text("select entity from journal union select entity from contract_cost_entry order by entity")

_CONTRACT_COSTS = text("""
    select kind, period, entity, currency, cast(sum(amount) as bigint) as amount, cast(sum(on_cost) as bigint) as on_cost
    from contract_cost_entry where period = :period and kind <> 'expense'
    group by 1, 2, 3, 4 order by 1, 2, 3, 4""")
