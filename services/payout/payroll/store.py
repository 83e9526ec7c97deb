"""Payroll batches: released in the transaction of their run, then only read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Row, insert, select, text

from services.payout.columns import columns
from services.payout.payroll import tables as schema
from services.payout.payroll.acknowledgement import BatchLine, batch_lines
from services.payout.payroll.batch import Batch, Previous, write
from services.payout.payroll.formats.base import Owners
from services.payout.payroll.formats.files import File
from services.payout.payroll.line import PayrollLine
from services.payout.payroll.policy import Numbering, PayrollProfile
from services.payout.payroll.release import (
    LinesReleased,
    NoSuchBatch,
    Paying,
    Released,
    Share,
    batch_id,
    head_of,
    shares,
)

Groups = Collection[str] | None
"""The pay groups that the caller may see; None is all of them."""


def release(
    connection: Connection,
    run: Paying,
    lines: Sequence[PayrollLine],
    profile: PayrollProfile,
    actor: str,
    now: datetime,
) -> list[Batch]:
    """Write and keep the batches of a run: one per legal entity, all or none, in the caller's transaction.

    Raises:
        LinesRefused: payroll would refuse a line.
        LinesReleased: a line is in a released batch that payroll did not return it from.
    """
    connection.execute(_ONE_AT_A_TIME)
    attempts = _attempts(connection, [line.id for line in lines])
    number = connection.execute(text("select coalesce(max(number), 0) from payroll_batch")).scalar_one()
    count = connection.execute(
        text("select count(*) from payroll_batch where run = :run"), {"run": run.run}
    ).scalar_one()
    batches = []
    owners: dict[Numbering, Owners] = defaultdict(dict)
    for place, share in enumerate(shares(lines, profile)):
        head = head_of(run, share, batch_id(run.run, count + place), number + place + 1, now)
        previous = _previous(connection, run.pay_group, share.entity)
        batch = write(share.target, share.lines, head, previous, owners[share.numbering])
        _add(connection, batch, run, share, attempts, actor)
        batches.append(batch)
    return batches


def batch(connection: Connection, batch_id: str, groups: Groups = None) -> Released:
    """A released batch.

    Raises:
        NoSuchBatch: there is none, or not for the caller.
    """
    found = connection.execute(select(*_RELEASED).where(_BATCH.id == batch_id, *_visible(groups))).one_or_none()
    if found is None:
        raise NoSuchBatch(batch_id)
    return _released(found)


def batches(
    connection: Connection, groups: Groups = None, run: str | None = None, before: int = 2**63 - 1, limit: int = 100
) -> list[Released]:
    """Released batches, the latest first."""
    wanted = [*_visible(groups), _BATCH.number < before, *([_BATCH.run == run] if run else [])]
    rows = connection.execute(select(*_RELEASED).where(*wanted).order_by(_BATCH.number.desc()).limit(limit))
    return [_released(row) for row in rows]


def files(connection: Connection, batch_id: str) -> list[File]:
    """The files of a batch, the one to import first."""
    kept = schema.payroll_batch_file.c
    rows = connection.execute(
        select(kept.name, kept.media_type, kept.content).where(kept.batch == batch_id).order_by(kept.place)
    )
    return [File(*row) for row in rows]


def manifest(connection: Connection, batch_id: str) -> bytes:
    """The manifest of a batch that there is."""
    return bytes(connection.execute(select(_BATCH.manifest).where(_BATCH.id == batch_id)).scalar_one())


def lines(connection: Connection, batch_id: str) -> list[BatchLine]:
    """The lines of a batch, by row."""
    kept = schema.batch_line.c
    wanted = [kept[field] for field in BatchLine._fields]
    return [
        BatchLine(*row)
        for row in connection.execute(select(*wanted).where(kept.batch == batch_id).order_by(kept.row, kept.line))
    ]


def _attempts(connection: Connection, wanted: Sequence[str]) -> dict[str, int]:
    """Which attempt each line is at.

    Raises:
        LinesReleased: a line is in a batch that it was not returned from.
    """
    rows = connection.execute(_COUNTS, {"lines": list(wanted)}).all()
    if taken := [row.line for row in rows if row.released > row.returned]:
        raise LinesReleased(taken)
    return {row.line: row.returned + 1 for row in rows}


def _previous(connection: Connection, pay_group: str, entity: str | None) -> Previous | None:
    """The batch before, of the same payroll."""
    row = connection.execute(
        select(_BATCH.id, _BATCH.sha256)
        .where(_BATCH.pay_group == pay_group, _BATCH.entity.is_not_distinct_from(entity))
        .order_by(_BATCH.number.desc())
        .limit(1)
    ).one_or_none()
    return Previous(*row) if row else None


def _add(connection: Connection, batch: Batch, run: Paying, share: Share, attempts: dict[str, int], actor: str) -> None:
    head = batch.head
    connection.execute(
        insert(schema.payroll_batch).values(
            id=head.batch,
            number=head.number,
            run=head.run,
            pay_group=run.pay_group,
            entity=head.entity,
            period=head.period,
            pay_date=head.pay_date,
            acknowledge_by=run.acknowledge_by,
            format=batch.format,
            sha256=batch.sha256,
            manifest=batch.manifest,
            record_count=batch.record_count,
            control_totals=batch.control_totals,
            corrects=head.corrects,
            released_by=actor,
            released_at=head.created_at,
        )
    )
    connection.execute(
        insert(schema.payroll_batch_file),
        [
            {
                "batch": head.batch,
                "place": place,
                "name": file.name,
                "media_type": file.media_type,
                "content": file.content,
                "sha256": file.sha256,
            }
            for place, file in enumerate(batch.files)
        ],
    )
    kept = [(each.line, attempts.get(each.line, 1), *each[1:]) for each in batch_lines(batch, share)]
    connection.execute(_ADD_LINES, {"batch": head.batch, **columns(kept, width=9)})


def _visible(groups: Groups) -> list[ColumnElement[bool]]:
    return [] if groups is None else [_BATCH.pay_group.in_(sorted(groups))]


def _released(row: Row[tuple[object, ...]]) -> Released:
    return Released(**row._mapping)


_BATCH = schema.payroll_batch.c
_RELEASED = [_BATCH[field] for field in Released.__dataclass_fields__]

_ONE_AT_A_TIME = text("select pg_advisory_xact_lock(hashtext('earnest payroll batch'))")

_COUNTS = text("""
    select wanted.line,
        (select count(*) from batch_line b where b.line = wanted.line) as released,
        (select count(*) from batch_rejection r where r.line = wanted.line) as returned
    from unnest(cast(:lines as text[])) as wanted (line)""")

_ADD_LINES = text("""
    insert into batch_line
        (batch, line, attempt, "row", participant_id, person, pay_code, target_code, currency, amount)
    select :batch, * from unnest(cast(:c0 as text[]), cast(:c1 as integer[]), cast(:c2 as integer[]), cast(:c3 as text[]),
        cast(:c4 as text[]), cast(:c5 as text[]), cast(:c6 as text[]), cast(:c7 as text[]), cast(:c8 as bigint[]))""")
