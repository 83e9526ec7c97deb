"""Payroll batches: released in the transaction of their run, then only read; and the profile that a pay group's files
are written by.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, Row, Text, bindparam, insert, select, text

from services.payout.errors import NoSuchProfile
from services.payout.exports.chain import PreviousBatch
from services.payout.exports.files import File
from services.payout.payroll import tables
from services.payout.payroll.batch import (
    Batch,
    BatchLine,
    EntityLines,
    ReleasedBatch,
    batch_id,
    batch_lines,
    by_entity,
    write,
)
from services.payout.payroll.errors import LinesRefused, LinesReleased, NoSuchBatch
from services.payout.payroll.formats.base import IdOwners
from services.payout.payroll.line import BatchHeader, PayrollLine, ReleasedRun
from services.payout.payroll.policy import DEFAULT, Numbering, PayrollProfile
from services.payout.policies import store as policies
from services.payout.tables import CHAIN
from shared.access.principal import Principal
from shared.access.reach import reached
from shared.columns import arrays, insert_rows
from shared.pay.calendars.policy import PayGroup
from shared.pay.policy import in_force
from shared.pay.snapshot import PayKey
from shared.proof import anchor

_PLAIN: Final = f"{DEFAULT.id}/0"
"""The name of the plain CSV, which nobody published; versions that somebody did begin with 1."""


def release(
    connection: Connection,
    run: ReleasedRun,
    *,
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
    lock_batches(connection)
    # Under the lock, so that what is read of lines, numbers and the batch before still holds when it is written.
    attempts = _attempts(connection, [line.id for line in lines])
    number, count = connection.execute(_LAST_NUMBERS, {"run": run.id}).one()
    books = anchor.head(connection, CHAIN)
    parts, unlisted = by_entity(lines, profile)
    if unlisted:
        raise LinesRefused(unlisted)
    batches = []
    # Legal entities of one payroll company share its numbers of people: whoever is paid by one of them counts for the
    # next.
    owners: dict[Numbering, IdOwners] = defaultdict(dict)
    for place, part in enumerate(parts):
        head = BatchHeader(
            batch=batch_id(run.id, count + place),
            number=number + place + 1,
            run=run,
            entity=part.entity,
            created_at=now,
            chain=books,
        )
        # Each part is of another legal entity, so of another chain: none of the parts comes before another.
        previous = _previous(connection, run.pay_group, entity=part.entity)
        batch = write(part.target, part.lines, head=head, previous=previous, owners=owners[part.numbering])
        _add(connection, batch, part=part, attempts=attempts, actor=actor)
        batches.append(batch)
    return batches


def lock_batches(connection: Connection) -> None:
    """Let nobody else release until the transaction ends, of whatever run: numbers have no gaps, each batch names the
    one before, and of two runs that release the same line the second must see the first's. Who reads goes on.
    """
    connection.execute(text("select pg_advisory_xact_lock(hashtext('earnest payroll batch'))"))


def batch(connection: Connection, batch_id: str, *, who: Principal | None = None) -> ReleasedBatch:
    """A released batch; `who` asks for it, where it is not the service itself.

    Raises:
        NoSuchBatch: there is none, or not for the caller.
    """
    row = connection.execute(select(*_RELEASED).where(_BATCH.id == batch_id, *_visible(who))).one_or_none()
    if row is None:  # of another's pay group or entity as well: whoever may not see it is not told that it is there
        raise NoSuchBatch(batch_id)
    return _released(row)


def batches(
    connection: Connection,
    *,
    who: Principal | None = None,
    run: str | None = None,
    before: int = 2**63 - 1,
    limit: int | None = 100,
) -> list[ReleasedBatch]:
    """Released batches that `who` may see, the latest first: those with smaller numbers than `before`; without a
    `limit` all of them.
    """
    wanted = [*_visible(who), _BATCH.number < before, *([_BATCH.run == run] if run else [])]
    rows = connection.execute(select(*_RELEASED).where(*wanted).order_by(_BATCH.number.desc()).limit(limit))
    return [_released(row) for row in rows]


def files(connection: Connection, batch_id: str) -> list[File]:
    """The files of a batch, the one to import first."""
    file = tables.payroll_batch_file.c
    rows = connection.execute(
        select(file.name, file.media_type, file.content).where(file.batch == batch_id).order_by(file.place)
    )
    return [File(name=row.name, media_type=row.media_type, content=row.content) for row in rows]


def manifest(connection: Connection, batch_id: str) -> bytes:
    """The manifest of a batch that there is."""
    return bytes(connection.execute(select(_BATCH.manifest).where(_BATCH.id == batch_id)).scalar_one())


def lines(connection: Connection, batch_id: str) -> list[BatchLine]:
    """The lines of a batch, by row."""
    line = tables.batch_line.c
    fields = [line[field] for field in BatchLine._fields]
    rows = connection.execute(select(*fields).where(line.batch == batch_id).order_by(line.row, line.line))
    return [BatchLine(*row) for row in rows]


def unacknowledged(connection: Connection, run: str) -> list[str]:
    """The batches of a run that payroll has not acknowledged, in the order of their release."""
    return list(connection.execute(_UNACKNOWLEDGED, {"run": run}).scalars())


def damaged_files(connection: Connection) -> list[str]:
    """Batches with a file that does not have its hash."""
    return list(connection.execute(_DAMAGED_FILES).scalars())


def released_by_runs(connection: Connection) -> dict[str, dict[PayKey, int]]:
    """What each run released to payroll, by participant and currency, in minor units; what was released again left
    out.
    """
    sums: dict[str, dict[PayKey, int]] = defaultdict(dict)
    for run, participant, currency, amount in connection.execute(_RELEASED_BY_RUNS):
        sums[run][participant, currency] = int(amount)
    return dict(sums)


def profile_in_force(connection: Connection, group: PayGroup, *, day: date) -> tuple[str, PayrollProfile]:
    """The payroll profile of a pay group on a day with its version, as `adp-us/3`; the plain CSV where it names none.

    A day before the first version has that one: a company that publishes its profile late pays earlier months by it as
    well.

    Raises:
        NoSuchProfile: the group names one that nobody published.
    """
    if group.payroll_profile is None:
        return _PLAIN, DEFAULT
    published = policies.versions(connection, PayrollProfile, policy_id=group.payroll_profile)
    if not published:
        raise NoSuchProfile(group.id, group.payroll_profile)
    version = in_force(published, day) or min(published, key=lambda first: (first.policy.valid_from, -first.version))
    return f"{version.policy.id}/{version.version}", version.policy


def profile_named(connection: Connection, name: str) -> PayrollProfile:
    """A version of a payroll profile, as `adp-us/3`: what a run was approved with stays what its files are written
    by.
    """
    if name == _PLAIN:
        return DEFAULT
    policy_id, _, number = name.partition("/")
    published = policies.versions(connection, PayrollProfile, policy_id=policy_id)
    (profile,) = (version.policy for version in published if version.version == int(number))
    return profile


def _attempts(connection: Connection, wanted: Sequence[str]) -> dict[str, int]:
    """Which attempt each line is at.

    Raises:
        LinesReleased: a line is in a batch that it was not returned from.
    """
    # Once released and once returned are even: only what was released more often than returned is with payroll.
    rows = connection.execute(_COUNTS, {"lines": list(wanted)}).all()
    if taken := [row.line for row in rows if row.released > row.returned]:
        raise LinesReleased(taken)
    return {row.line: row.returned + 1 for row in rows}


def _previous(connection: Connection, pay_group: str | None, *, entity: str | None) -> PreviousBatch | None:
    """The batch before, of the same payroll: each payroll has a chain of its own, for it sees no other's batches."""
    row = connection.execute(
        select(_BATCH.id, _BATCH.sha256)
        .where(_BATCH.pay_group == pay_group, _BATCH.entity.is_not_distinct_from(entity))
        .order_by(_BATCH.number.desc())
        .limit(1)
    ).one_or_none()
    return PreviousBatch(id=row.id, sha256=row.sha256) if row else None


def _add(connection: Connection, batch: Batch, *, part: EntityLines, attempts: dict[str, int], actor: str) -> None:
    head, run = batch.head, batch.head.run
    connection.execute(
        insert(tables.payroll_batch).values(
            id=head.batch,
            number=head.number,
            run=run.id,
            pay_group=run.pay_group,
            entity=head.entity,
            period=run.period,
            pay_date=run.pay_date,
            acknowledge_by=run.acknowledge_by,
            format=batch.format,
            sha256=batch.sha256,
            manifest=batch.manifest,
            record_count=batch.record_count,
            control_totals=batch.control_totals,
            corrects=run.corrects,
            released_by=actor,
            released_at=head.created_at,
        )
    )
    connection.execute(
        insert(tables.payroll_batch_file),
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
    rows = [(attempts.get(line.line, 1), *line) for line in batch_lines(batch, part)]
    connection.execute(_ADD_LINES, {"batch_id": head.batch, **arrays(_OF_LINE, rows)})


def _visible(who: Principal | None) -> list[ColumnElement[bool]]:
    return [] if who is None else [reached(who, pay_group=_BATCH.pay_group, entity=_BATCH.entity)]


def _released(row: Row[tuple[object, ...]]) -> ReleasedBatch:
    return ReleasedBatch(**row._mapping)


_BATCH = tables.payroll_batch.c
_RELEASED = [_BATCH[field] for field in ReleasedBatch.__dataclass_fields__]

_LAST_NUMBERS = text("""
    select coalesce(max(number), 0) as number, count(*) filter (where run = :run) as count from payroll_batch""")

_COUNTS = text("""
    select wanted.line,
        (select count(*) from batch_line b where b.line = wanted.line) as released,
        (select count(*) from batch_rejection r where r.line = wanted.line) as returned
    from unnest(cast(:lines as text[])) as wanted (line)""")

_UNACKNOWLEDGED = text("""
    select id from payroll_batch b where run = :run
      and not exists (select from batch_acknowledgement a where a.batch = b.id) order by number""")

_DAMAGED_FILES = text("""
    select distinct batch from payroll_batch_file where sha256 <> encode(sha256(content), 'hex') order by 1""")

# A batch that corrects another releases again what payroll gave back: the run paid it once.
_RELEASED_BY_RUNS = text("""
    select b.run, l.participant_id, l.currency, sum(l.amount) from batch_line l join payroll_batch b on b.id = l.batch
    where b.corrects is null group by 1, 2, 3""")

# One statement however many lines: a run of a large company has a hundred thousand.
_OF_LINE: Final = ("attempt", *BatchLine._fields)
_ADD_LINES = insert_rows(tables.batch_line, _OF_LINE, once={"batch": bindparam("batch_id", type_=Text)})
