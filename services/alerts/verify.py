"""Counting the log again in a schema of its own: to prove the sums by comparing, and to have those of a new KPI from
the beginning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from itertools import islice
from typing import Final, TypeVar

import structlog
from sqlalchemy import Connection, Engine

from services.alerts.kpis import SUM_NAMES
from services.alerts.kpis.sums import Day, MonthKey, Sums, Totals
from services.alerts.rollups import store
from services.alerts.rollups.worker import WORKER, step
from shared.contracts.topics import DEALS, EARNINGS
from shared.database import scratch_schema
from shared.log.headers import is_replay
from shared.log.port import Log, Partition, Stored

BATCH: Final = 5000

_Bucket = TypeVar("_Bucket", Day, MonthKey)
_logger = structlog.get_logger(__name__)


def verify(engine: Engine, log: Log) -> list[str]:
    """Differences between the live sums and those counted again from the log, as sentences; empty when all is well.

    Counts as far as the live worker was when this began, without the dead letters that are open: they are known not to
    count.

    Raises:
        LogUnavailable: the log cannot be reached.
    """
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        reached = store.positions(connection, WORKER)
        apart = store.set_aside(connection, WORKER)
        live, live_latest = _sums(connection)
    with counted_again(engine, log, reached=reached, apart=apart) as (again, _), again.connect() as connection:
        counted, counted_latest = _sums(connection)
    differences = [
        *_differences("day", live.days, again=counted.days),
        *_differences("period", live.months, again=counted.months),
    ]
    if live_latest != counted_latest:
        differences.append(f"latest event: {live_latest} is held, the log gives {counted_latest}")
    return differences


class StillCounting(Exception):
    """Another process of this service counts, in the sums of before; it has to stop first."""


def recount_if_sums_changed(engine: Engine, log: Log) -> bool:
    """Count the log again where a KPI came or went that brought sums of its own; whether that was so. To be called
    before the worker of this process starts.

    Without this a deal that changes would take back from a new sum what it was never counted in.

    Raises:
        StillCounting: another process counted meanwhile.
        LogUnavailable: the log cannot be reached.
    """
    with engine.begin() as connection:
        counted, reached = store.counted_sums(connection), store.positions(connection, WORKER)
        apart = store.set_aside(connection, WORKER)
        if counted == SUM_NAMES:
            return False
        if not reached:  # nothing is counted yet
            store.save_counted_sums(connection, SUM_NAMES)
            return False
    _logger.info("alerts.recount", new=sorted(SUM_NAMES - counted), gone=sorted(counted - SUM_NAMES))
    # Beside the live tables and without a lock, for it may take minutes; the positions then say whether it still fits.
    with counted_again(engine, log, reached=reached, apart=apart) as (_, schema), engine.begin() as connection:
        if store.positions(connection, WORKER, lock=True) != reached:
            raise StillCounting(
                "another process of alerts counts in the sums of before: stop it, then start this one again"
            )
        store.take_over(connection, schema)
        store.save_counted_sums(connection, SUM_NAMES)
    return True


@contextmanager
def counted_again(
    engine: Engine, log: Log, *, reached: Mapping[Partition, int], apart: set[tuple[Partition, int]]
) -> Iterator[tuple[Engine, str]]:
    """An engine on a schema in which the log is counted up to these positions, and the schema's name; dropped at the
    end.
    """
    with scratch_schema(engine, "alerts", package="services.alerts") as (scratch, schema):
        records = _counted(log, reached, apart=apart)
        while batch := list(islice(records, BATCH)):
            with scratch.begin() as connection:
                step(connection, batch)
        yield scratch, schema


def _counted(log: Log, reached: Mapping[Partition, int], *, apart: set[tuple[Partition, int]]) -> Iterator[Stored]:
    """The records that the live worker has counted. A letter sent again is there twice: what it was at first counts
    here.
    """
    for topic in (DEALS, EARNINGS):
        for stored in log.scan(topic):
            done = stored.position < reached.get(stored.partition, 0)
            if done and not is_replay(stored.record) and (stored.partition, stored.position) not in apart:
                yield stored


def _sums(connection: Connection) -> tuple[Totals, str | None]:
    totals = store.totals(connection, date.min, last=date.max)
    return Totals(_not_zero(totals.days), _not_zero(totals.months)), store.latest(connection)


def _not_zero(buckets: Mapping[_Bucket, Sums]) -> dict[_Bucket, Sums]:
    """A bucket that everything has left has rows of zero where it was counted step by step, and none where it was
    counted again.
    """
    left = {bucket: {name: value for name, value in sums.items() if value} for bucket, sums in buckets.items()}
    return {bucket: sums for bucket, sums in left.items() if sums}


def _differences(kind: str, live: Mapping[_Bucket, Sums], *, again: Mapping[_Bucket, Sums]) -> Iterator[str]:
    for bucket in sorted(live.keys() | again.keys()):
        if live.get(bucket) != again.get(bucket):
            here, counted = _text(live.get(bucket, {})), _text(again.get(bucket, {}))
            yield f"{kind} {bucket[0]} {bucket[1]}: {here} is held, the log gives {counted}"


def _text(sums: Sums) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(sums.items())) or "nothing"
