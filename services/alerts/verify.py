"""Counting the log again in a schema of its own: to prove the sums by comparing, and to have those of a new KPI from
the beginning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from itertools import islice
from typing import Final, TypeAlias

import structlog
from sqlalchemy import Connection, Engine

from services.alerts.kpis import Catalogue
from services.alerts.rollups import store
from services.alerts.rollups.contributions import Cell
from services.alerts.rollups.store import Sums
from services.alerts.rollups.worker import COUNTED, WORKER, CountingStep
from services.alerts.tables import CHAIN, CHAINED
from shared.database import engine_for, scratch_schema
from shared.log.headers import is_replay
from shared.log.port import Log, Partition, Stored
from shared.proof import verify as chain

BATCH: Final = 5000
RECOUNT: Final = "alerts_recount"
"""The schema that stands ready beside the service's own: a service makes none."""

_Cells: TypeAlias = dict[Cell, Sums]
_logger = structlog.get_logger(__name__)


def verify(engine: Engine, log: Log, *, catalogue: Catalogue) -> list[str]:
    """Differences between the live sums and those counted again from the log, as sentences; empty when all is well.

    Counts as far as the live worker was when this began, without the dead letters that are open: they are known not to
    count.

    Raises:
        LogUnavailable: the log cannot be reached.
    """
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        reached = store.positions(connection, WORKER)
        apart = store.set_aside(connection, WORKER)
        live, live_latest, by = _cells(connection), store.latest(connection), store.counted_sums(connection)
    if by and by != catalogue.definitions:
        return [f"the sums are counted by another catalogue: {len(by ^ catalogue.definitions)} of them differ"]
    with (
        scratch_schema(engine, "alerts", package="services.alerts") as (again, _),
        again.connect() as connection,
    ):
        count_again(again, log, catalogue=catalogue, reached=reached, apart=apart)
        counted, counted_latest = _cells(connection), store.latest(connection)
    differences = list(_differences(live, again=counted))
    if live_latest != counted_latest:
        differences.append(f"latest event: {live_latest} is held, the log gives {counted_latest}")
    return differences


def verify_chain(connection: Connection, public_key: str | None) -> list[str]:
    """Differences between what is chained and what the service wrote, as sentences; empty when all is well.

    With the installation's public key also every signature is looked at.
    """
    return list(chain.differences(connection, CHAIN, tables=CHAINED, public_key=public_key))


class StillCounting(Exception):
    """Another process of this service counts, in the sums of before; it has to stop first."""


def recount_if_sums_changed(engine: Engine, log: Log, *, catalogue: Catalogue) -> bool:
    """Count the log again where sums came, went or are counted otherwise; whether that was so. To be called before the
    worker of this process starts.

    Without this a deal that changes would take back from a new sum what it was never counted in.

    Raises:
        StillCounting: another process counted meanwhile.
        LogUnavailable: the log cannot be reached.
    """
    wanted = catalogue.definitions
    with engine.begin() as connection:
        counted, reached = store.counted_sums(connection), store.positions(connection, WORKER)
        apart = store.set_aside(connection, WORKER)
        if counted == wanted:
            return False
        if not reached:  # nothing is counted yet
            store.save_counted_sums(connection, wanted)
            return False
    _logger.info("alerts.recount", new=len(wanted - counted), gone=len(counted - wanted))
    # Beside the live tables and without a lock, for it may take minutes; the positions then say whether it still fits.
    with _recount(engine) as again:
        count_again(again, log, catalogue=catalogue, reached=reached, apart=apart)
        with engine.begin() as connection:
            if store.positions(connection, WORKER, lock=True) != reached:
                raise StillCounting(
                    "another process of alerts counts in the sums of before: stop it, then start this one again"
                )
            store.take_over(connection, RECOUNT)
            store.save_counted_sums(connection, wanted)
    return True


@contextmanager
def _recount(engine: Engine) -> Iterator[Engine]:
    """An engine on the schema that stands ready to count the log again in: for one process at a time, empty before and
    after.
    """
    again = engine_for(engine.url, RECOUNT)
    try:
        # Of the session and in no transaction: counting may take longer than a transaction may stand idle.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as alone:
            alone.exec_driver_sql("select pg_advisory_lock(hashtext('earnest.alerts.recount'))")
            try:
                _empty(again)
                yield again
                _empty(again)
            finally:
                alone.exec_driver_sql("select pg_advisory_unlock(hashtext('earnest.alerts.recount'))")
    finally:
        again.dispose()


def _empty(again: Engine) -> None:
    with again.begin() as connection:
        store.forget_counts(connection)


def count_again(
    empty: Engine,
    log: Log,
    *,
    catalogue: Catalogue,
    reached: Mapping[Partition, int],
    apart: set[tuple[Partition, int]],
) -> None:
    """Count the log in an empty schema, up to these positions and without what is set apart."""
    step = CountingStep(catalogue)
    records = _counted(log, reached, apart=apart)
    while batch := list(islice(records, BATCH)):
        with empty.begin() as connection:
            step(connection, batch)


def _counted(log: Log, reached: Mapping[Partition, int], *, apart: set[tuple[Partition, int]]) -> Iterator[Stored]:
    """The records that the live worker has counted. A letter sent again is there twice: what it was at first counts
    here.
    """
    for topic in COUNTED:
        for stored in log.scan(topic):
            done = stored.position < reached.get(stored.partition, 0)
            if done and not is_replay(stored.record) and (stored.partition, stored.position) not in apart:
                yield stored


def _cells(connection: Connection) -> _Cells:
    """The cells with something in them: one that everything has left is there where it was counted step by step, and
    not where it was counted again.
    """
    return {cell: sums for cell, sums in store.cells(connection, date.min, last=date.max) if sums}


def _differences(live: _Cells, *, again: _Cells) -> Iterator[str]:
    for cell in sorted(live.keys() | again.keys()):
        here, counted = live.get(cell, {}), again.get(cell, {})
        # Which sums differ and not by how much: of a segment with one person in it that would be their pay.
        if keys := sorted(key for key in here.keys() | counted.keys() if here.get(key) != counted.get(key)):
            place = " ".join(str(part) for part in cell if part)
            yield f"{place}: {', '.join(key.partition('@')[0] for key in keys)} is not what the log gives"
