"""Batches on their way to where payroll picks them up. What is sent is kept first, so that it is sent once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, Row, Table, and_, func, insert, select, text, update
from sqlalchemy.dialects import postgresql

from services.payout.delivery import tables
from services.payout.delivery.parcels import DropFile, Parcel, manifest_name, next_attempt
from services.payout.payroll import store as batches
from services.payout.payroll.tables import payroll_batch
from services.payout.policies.store import pay_group
from shared.access.principal import Principal
from shared.access.reach import reached
from shared.pay.calendars.pay_periods import group_on
from shared.pay.calendars.policy import DEFAULT

_parcels = tables.delivery
_files = tables.delivery_file
_LONGEST_ERROR = 1000
"""What a server says may be long, and all that a person needs of it stands at its beginning."""


def released_files(connection: Connection, batch: str, *, who: Principal | None = None) -> list[DropFile]:
    """The files of a released batch, its manifest last: whoever sees the manifest finds every file that it names.

    Raises:
        NoSuchBatch: there is none, or not for `who`.
    """
    batches.batch(connection, batch, who=who)
    manifest = DropFile(name=manifest_name(batch), content=batches.manifest(connection, batch))
    files = [DropFile(name=file.name, content=file.content) for file in batches.files(connection, batch)]
    return [*files, manifest]


def deliver_released(connection: Connection, batch: str, *, day: date, now: datetime, group: str = DEFAULT.id) -> bool:
    """Have a batch delivered where the pay group's policy of that day says, in the transaction that releases it."""
    policy = group_on(pay_group(connection, group), day)
    if policy is None or policy.delivery is None:
        return False
    files = released_files(connection, batch)
    return request(connection, batch, destination=policy.delivery, files=files, who="payout", now=now)


def request(
    connection: Connection, batch: str, *, destination: str, files: Sequence[DropFile], who: str, now: datetime
) -> bool:
    """Have a batch delivered, from the commit on; False where that is so already."""
    added = connection.execute(
        postgresql.insert(_parcels)
        .values(batch=batch, destination=destination, requested_by=who, requested_at=now, next_attempt_at=now)
        .on_conflict_do_nothing()
        .returning(_parcels.c.batch)
    ).first()
    if added is not None:
        key = {"batch": batch, "destination": destination}
        rows = [key | {"place": place, "name": file.name, "content": file.content} for place, file in enumerate(files)]
        connection.execute(insert(_files), rows)
    return added is not None


def parcels(connection: Connection, who: Principal, *, batch: str | None = None) -> list[Parcel]:
    """Every delivery of which `who` may know, or those of a batch, the latest first."""
    of = payroll_batch.c
    wanted = (
        select(_parcels)
        .join(payroll_batch, of.id == _parcels.c.batch)
        .where(reached(who, pay_group=of.pay_group, entity=of.entity))
        .order_by(_parcels.c.requested_at.desc(), _parcels.c.batch, _parcels.c.destination)
    )
    rows = connection.execute(wanted if batch is None else wanted.where(_parcels.c.batch == batch))
    return [_parcel(row) for row in rows]


def due(connection: Connection, now: datetime) -> list[Parcel]:
    """What is to be tried now, the longest waiting first. Batches whose files have the same name at one place follow
    each other: while the one before is under way, nobody knows whether it was put there, and the second would find the
    first's bytes.
    """
    return [_parcel(row) for row in connection.execute(_DUE, {"now": now})]


def waiting(connection: Connection, now: datetime) -> dict[str, tuple[int, timedelta]]:
    """By destination: how many batches are not delivered, and for how long the oldest waits."""
    columns = _parcels.c
    rows = connection.execute(
        select(columns.destination, func.count(), func.min(columns.requested_at))
        .where(columns.delivered_at.is_(None))
        .group_by(columns.destination)
    )
    return {destination: (number, now - oldest) for destination, number, oldest in rows}


def content(connection: Connection, parcel: Parcel) -> tuple[list[DropFile], list[DropFile] | None]:
    """The files of a delivery as they were written, and as they are sent once that was settled."""
    rows = connection.execute(select(_files).where(_of(_files, parcel)).order_by(_files.c.place)).all()
    plain: list[DropFile] = []
    sent: list[DropFile] = []
    for row in rows:
        # A name without the batch's id is the name of every batch's file: its target looks for that name.
        recurs = parcel.batch not in row.name
        plain.append(DropFile(name=row.name, content=row.content, recurs=recurs))
        if row.sent_name is not None:
            sent.append(DropFile(name=row.sent_name, content=row.sent_content, recurs=recurs))
    return plain, sent if len(sent) == len(plain) else None


def settle(connection: Connection, parcel: Parcel, *, sent: Sequence[DropFile]) -> None:
    """Keep the files as they are sent, once and for all: encrypting again would give other bytes of the same name."""
    for place, file in enumerate(sent):
        connection.execute(
            update(_files)
            .where(_of(_files, parcel), _files.c.place == place)
            .values(sent_name=file.name, sent_content=file.content)
        )


def delivered(connection: Connection, parcel: Parcel, *, now: datetime) -> None:
    """Write down that the server has it."""
    connection.execute(
        update(_parcels).where(_of(_parcels, parcel)).values(delivered_at=now, attempts=parcel.attempts + 1, error=None)
    )


def failed(connection: Connection, parcel: Parcel, *, error: str, now: datetime) -> None:
    """Write down that it came to nothing this time, and when it is tried again."""
    attempts = parcel.attempts + 1
    connection.execute(
        update(_parcels)
        .where(_of(_parcels, parcel))
        .values(attempts=attempts, error=error[:_LONGEST_ERROR], next_attempt_at=next_attempt(now, attempts))
    )


class DeliveryLock:
    """That nobody else delivers the same: a lock of the database session, which ends with the process in any case.

    Not a lock of a row: sending takes minutes, and a transaction that is open so long keeps the database from tidying
    up. So the connection commits each statement, and is the lock's alone until it is let go.
    """

    def __init__(self, engine: Engine, parcel: Parcel) -> None:
        self._connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._key = {"key": f"earnest.delivery {parcel.batch} {parcel.destination}"}

    def __enter__(self) -> bool:
        """Whether it is ours."""
        lock = text("select pg_try_advisory_lock(hashtextextended(:key, 0))")
        return bool(self._connection.execute(lock, self._key).scalar_one())

    def __exit__(self, *_: object) -> None:
        try:
            self._connection.execute(text("select pg_advisory_unlock(hashtextextended(:key, 0))"), self._key)
        finally:
            self._connection.close()


def _of(table: Table, parcel: Parcel) -> ColumnElement[bool]:
    return and_(table.c.batch == parcel.batch, table.c.destination == parcel.destination)


def _parcel(row: Row[tuple[object, ...]]) -> Parcel:
    return Parcel(**row._mapping)


_DUE = text("""
    select d.* from delivery d
    where d.delivered_at is null and d.next_attempt_at <= :now and not exists (
        select from delivery b
        join delivery_file theirs on (theirs.batch, theirs.destination) = (b.batch, b.destination)
        join delivery_file ours on (ours.destination, ours.name) = (theirs.destination, theirs.name)
        where b.delivered_at is null and ours.batch = d.batch and ours.destination = d.destination
            and (b.requested_at, b.batch) < (d.requested_at, d.batch)
    )
    order by d.requested_at, d.batch""")
