"""Evaluates the KPIs again and again: moves alerts, publishes what changed, and shows the figures to Prometheus."""

from __future__ import annotations

import threading
import time
from collections.abc import Set
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, Engine

from services.alerts.evaluation.gauges import Gauges
from services.alerts.evaluation.pipeline_health import Watch
from services.alerts.evaluation.readings import Reading, Subject, evaluate_pipeline, evaluate_plan, needed_from
from services.alerts.rollups import store
from shared.log.port import Log
from shared.log.worker import TRANSIENT
from shared.periods import last_day, period_of

PERIOD_SECONDS = 1.0
"""Well below the interval of a scrape, so that a scrape never sees figures of the last one."""
NOT_YET = "the KPIs are not evaluated yet"

_logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All readings of one moment: of the plan as of a business date (None before the first deal), of the pipeline as of
    today.

    `at` is the moment, in seconds since the epoch.
    """

    at: float
    as_of: date | None
    plan: list[Reading]
    today: date
    pipeline: list[Reading]


class Reconcile(Protocol):
    """Moves alerts to what an evaluation found, and says of which subjects one is open then."""

    def __call__(self, connection: Connection, evaluation: Evaluation, *, log: Log) -> Set[Subject]:
        """Within the transaction of the evaluation."""


class Evaluator:
    """Evaluates on the tables of the alerts service. Any number of processes may: one at a time moves alerts."""

    def __init__(self, engine: Engine, log: Log, *, zone: ZoneInfo, reconcile: Reconcile) -> None:
        """`zone` is where instants become business dates: the company's; `reconcile` moves alerts."""
        self._engine, self._log, self._zone, self._reconcile = engine, log, zone, reconcile
        self._watch, self._gauges = Watch(log), Gauges()
        self._latest: Evaluation | None = None

    @property
    def latest(self) -> Evaluation | None:
        """All readings of the last round; None before the first."""
        return self._latest

    def reasons(self) -> list[str]:
        """Why nothing can be said about the KPIs yet, if so."""
        return [] if self._latest else [NOT_YET]

    def run(self, stop: threading.Event) -> None:
        """Evaluate at once, and every second until `stop` is set. While the database or the log is away, the gauges
        stand still.
        """
        while not stop.is_set():
            try:
                self.round(time.time())
            except TRANSIENT as error:
                _logger.warning("alerts.evaluation_failed", cause=type(error).__name__)
            stop.wait(PERIOD_SECONDS)

    def round(self, now: float) -> None:
        """Evaluate, open and close alerts, publish what changed in the same transaction, and set the gauges.

        `now` is in seconds since the epoch.

        Raises:
            LogUnavailable: the log cannot be reached.
            PositionOutOfRange: the log does not hold what the worker has to read next.
        """
        with self._engine.begin() as connection:
            evaluation = self._evaluate(connection, now)
            still_open = self._reconcile(connection, evaluation, log=self._log)
        # After the commit: an alert is not shown that is not written.
        self._latest = evaluation
        readings = [*evaluation.plan, *evaluation.pipeline]
        self._gauges.show(readings, still_open, as_of=evaluation.as_of, now=now)

    def _evaluate(self, connection: Connection, now: float) -> Evaluation:
        latest = store.latest(connection)
        as_of = None if latest is None else self._business_date(datetime.fromisoformat(latest))
        plan = []
        if as_of is not None:
            plan = evaluate_plan(store.totals(connection, needed_from(as_of), last=last_day(period_of(as_of))), as_of)
        today = self._business_date(datetime.fromtimestamp(now, UTC))
        pipeline = evaluate_pipeline(self._watch.look(connection, now))
        return Evaluation(at=now, as_of=as_of, plan=plan, today=today, pipeline=pipeline)

    def _business_date(self, instant: datetime) -> date:
        return instant.astimezone(self._zone).date()
