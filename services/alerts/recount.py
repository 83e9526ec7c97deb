"""Counting again when there are other sums than before, so that a new KPI has a past on its first day."""

from __future__ import annotations

import structlog
from sqlalchemy import Engine

from services.alerts import store
from services.alerts.kpis import SUM_NAMES
from services.alerts.verify import counted_again
from services.alerts.worker import WORKER
from shared.log.port import Log

_logger = structlog.get_logger(__name__)


class StillCounting(Exception):
    """Another process of this service counts, in the sums of before; it has to stop first."""


def recount_if_sums_changed(engine: Engine, log: Log) -> bool:
    """Count the log again where a KPI came or went that brought sums of its own; whether that was so. To be called before the worker
    of this process starts.

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
        if store.lock_positions(connection, WORKER) != reached:
            raise StillCounting(
                "another process of alerts counts in the sums of before: stop it, then start this one again"
            )
        store.take_over(connection, schema)
        store.save_counted_sums(connection, SUM_NAMES)
    return True
