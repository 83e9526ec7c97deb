"""Proves the sums: counts the log again in a schema of its own, and compares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from itertools import islice
from typing import TypeVar
from uuid import uuid4

from sqlalchemy import Connection, Engine
from sqlalchemy.schema import DropSchema

from services.alerts import store
from services.alerts.totals import Day, DaySums, Month, PeriodSums, Totals
from services.alerts.worker import WORKER, step
from shared.contracts.topics import DEALS, EARNINGS
from shared.database import engine_for, migrate
from shared.log.headers import is_replay
from shared.log.port import Log, Partition, Stored

BATCH = 5000

_Bucket = TypeVar("_Bucket", Day, Month)
_Sums = TypeVar("_Sums", DaySums, PeriodSums)


def verify(engine: Engine, log: Log) -> list[str]:
    """Differences between the live sums and those counted again from the log, as sentences; empty when all is well.

    Counts as far as the live worker was when this began, without the dead letters that are open: they are known not to count.

    Raises:
        LogUnavailable: the log cannot be reached.
    """
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        reached = store.positions(connection, WORKER)
        apart = store.set_aside(connection, WORKER)
        live, live_latest = _sums(connection)
    with _scratch(engine) as scratch:
        records = _counted(log, reached, apart)
        while batch := list(islice(records, BATCH)):
            with scratch.begin() as connection:
                step(connection, batch)
        with scratch.connect() as connection:
            again, again_latest = _sums(connection)
    found = [*_differences("day", live.days, again.days), *_differences("period", live.months, again.months)]
    if live_latest != again_latest:
        found.append(f"latest event: {live_latest} is held, the log gives {again_latest}")
    return found


def _counted(log: Log, reached: Mapping[Partition, int], apart: set[tuple[Partition, int]]) -> Iterator[Stored]:
    """The records that the live worker has counted."""
    for topic in (DEALS, EARNINGS):
        for stored in log.scan(topic):
            done = stored.position < reached.get(stored.partition, 0)
            if done and not is_replay(stored.record) and (stored.partition, stored.position) not in apart:
                yield stored


def _sums(connection: Connection) -> tuple[Totals, str | None]:
    held = store.totals(connection, date.min, date.max)
    return Totals(_not_zero(held.days), _not_zero(held.months)), store.latest(connection)


def _not_zero(sums: Mapping[_Bucket, _Sums]) -> dict[_Bucket, _Sums]:
    return {bucket: held for bucket, held in sums.items() if any(held)}


def _differences(kind: str, live: Mapping[_Bucket, _Sums], again: Mapping[_Bucket, _Sums]) -> Iterator[str]:
    for bucket in sorted(live.keys() | again.keys()):
        if live.get(bucket) != again.get(bucket):
            yield f"{kind} {bucket[0]} {bucket[1]}: {live.get(bucket)} is held, the log gives {again.get(bucket)}"


@contextmanager
def _scratch(engine: Engine) -> Iterator[Engine]:
    """An engine on a migrated schema that is dropped at the end."""
    schema = f"alerts_verify_{uuid4().hex[:8]}"
    scratch = engine_for(engine.url, schema)
    try:
        migrate(scratch, schema, "services.alerts")
        yield scratch
    finally:
        with scratch.begin() as connection:
            connection.execute(DropSchema(schema, cascade=True, if_exists=True))
        scratch.dispose()
