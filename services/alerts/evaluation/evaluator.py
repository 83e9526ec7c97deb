"""Evaluates the KPIs again and again: moves alerts, publishes what changed, and shows the figures to Prometheus."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import chain
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, Engine

from services.alerts.evaluation.episodes import Findings, Subject
from services.alerts.evaluation.gauges import Gauges
from services.alerts.evaluation.pipeline_health import Watch
from services.alerts.evaluation.readings import (
    Incidents,
    PipelineHealth,
    Reading,
    evaluate_pipeline,
    evaluate_plan,
    needed_from,
)
from services.alerts.evaluation.totals import Placed, Where
from services.alerts.kpis import Catalogue
from services.alerts.rollups import store
from services.alerts.rollups.worker import WORKER
from shared.log.port import Log
from shared.log.worker import TRANSIENT
from shared.periods import last_day, period_of

PERIOD_SECONDS = 1.0
"""Well below the interval of a scrape, so that a scrape never sees figures of the last one."""
PAUSE: Final = 5
"""Sums are looked at again after so many times as long as it took: so that evaluating leaves the stream its time."""
LONGEST_WAIT: Final = 30.0
"""Seconds for which events that wait are waited for: of half of what comes at once another course is seen than there
was, with other alerts.
"""
NOT_YET = "the KPIs are not evaluated yet"

_logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All readings of one moment: of the plan as of a business date (None before the first deal), of the pipeline as of
    today.

    `at` is the moment, in seconds since the epoch. The plan is not `current` where its sums have moved since it was
    read, and it rests.
    """

    at: float
    as_of: date | None
    plan: list[Reading]
    today: date
    pipeline: list[Reading]
    current: bool = True

    @property
    def findings(self) -> list[Findings]:
        """What is found of every subject, of the plan and of the pipeline."""
        return [found for reading in chain(self.plan, self.pipeline) for found in reading.findings]


class Reconcile(Protocol):
    """Moves alerts to what an evaluation found, and says of which subjects one is open then."""

    def __call__(self, connection: Connection, evaluation: Evaluation) -> Set[Subject]:
        """Within the transaction of the evaluation."""


class Evaluator:
    """Evaluates on the tables of the alerts service. Any number of processes may: one at a time moves alerts."""

    def __init__(
        self,
        engine: Engine,
        log: Log,
        *,
        catalogue: Catalogue,
        zone: ZoneInfo,
        reconcile: Reconcile,
        incidents: Callable[[Connection], Incidents] = lambda _: {},
    ) -> None:
        """`zone` is where instants become business dates: the company's; `reconcile` moves alerts, `incidents` are what
        people have explained.
        """
        self._engine, self._zone, self._reconcile = engine, zone, reconcile
        self._watch, self._gauges = Watch(log), Gauges(catalogue)
        self._catalogue, self._incidents = catalogue, incidents
        self._latest: Evaluation | None = None
        self._counted: Any = None
        """What the sums were counted up to when they were looked at last."""
        self._rests_until = 0.0
        self._behind_since: float | None = None

    @property
    def latest(self) -> Evaluation | None:
        """All readings of the last round; None before the first."""
        return self._latest

    @property
    def catalogue(self) -> Catalogue:
        """The KPIs that are evaluated."""
        return self._catalogue

    def reasons(self) -> list[str]:
        """Why nothing can be said about the KPIs yet, if so."""
        return [] if self._latest else [NOT_YET]

    def run(self, stop: threading.Event) -> None:
        """Evaluate at once, and every second until `stop` is set: the pipeline each time, the plan when sums moved and
        it has rested. While the database or the log is away, the gauges stand still.
        """
        while not stop.is_set():
            begun = time.monotonic()
            try:
                if self.round(time.time(), plan=begun >= self._rests_until):
                    ended = time.monotonic()
                    self._rests_until = ended + PAUSE * (ended - begun)
            except TRANSIENT as error:
                _logger.warning("alerts.evaluation_failed", cause=type(error).__name__)
            stop.wait(PERIOD_SECONDS)

    def round(self, now: float, *, plan: bool = True) -> bool:
        """Evaluate, open and close alerts, publish what changed in the same transaction, and set the gauges; whether
        the KPIs of the plan were evaluated, which `plan` allows, because their sums have moved.

        `now` is in seconds since the epoch.

        Raises:
            LogUnavailable: the log cannot be reached.
            PositionOutOfRange: the log does not hold what the worker has to read next.
        """
        with self._engine.begin() as connection:
            evaluation, moved = self._evaluate(connection, now, plan=plan)
            still_open = self._reconcile(connection, evaluation)
        # After the commit: an alert is not shown that is not written.
        self._latest = evaluation
        self._gauges.show([*evaluation.plan, *evaluation.pipeline], still_open, as_of=evaluation.as_of, now=now)
        return moved

    def _evaluate(self, connection: Connection, now: float, *, plan: bool) -> tuple[Evaluation, bool]:
        before = self._latest
        incidents = self._incidents(connection)
        counted = (store.positions(connection, WORKER), store.latest(connection), incidents)
        today = self._business_date(datetime.fromtimestamp(now, UTC))
        health = self._watch.look(connection, now, today=today)
        whole = self._is_whole(health, now)
        moved = before is None or (plan and whole and counted != self._counted)
        if moved or before is None:
            as_of, readings = plan_readings(
                connection,
                self._catalogue,
                zone=self._zone,
                incidents=incidents,
                before=before.plan if before else (),
            )
            self._counted, self._behind_since = counted, None
        else:
            as_of, readings = before.as_of, before.plan
        pipeline = evaluate_pipeline(health, self._catalogue, today=today)
        current = counted == self._counted
        return Evaluation(at=now, as_of=as_of, plan=readings, today=today, pipeline=pipeline, current=current), moved

    def _is_whole(self, health: PipelineHealth, now: float) -> bool:
        """Whether everything is counted that has come, or more comes all the time."""
        if health.waiting == 0:
            return True
        if self._behind_since is None:
            self._behind_since = now
        return now - self._behind_since >= LONGEST_WAIT

    def _business_date(self, instant: datetime) -> date:
        return instant.astimezone(self._zone).date()


def plan_readings(
    connection: Connection,
    catalogue: Catalogue,
    *,
    zone: ZoneInfo,
    incidents: Incidents | None = None,
    before: Iterable[Reading] = (),
) -> tuple[date | None, list[Reading]]:
    """The readings of the KPIs of the plan from the sums as they are, and the latest business date that deals speak of;
    none before the first deal. `incidents` are no part of what is normal; readings from before spare assessing again.
    """
    latest = store.latest(connection)
    if latest is None:
        return None, []
    as_of = datetime.fromisoformat(latest).astimezone(zone).date()
    cells = store.cells(connection, needed_from(as_of), last=last_day(period_of(as_of)))
    placed = (Placed(cell.day, Where(cell.currency, cell.dimension, cell.segment), sums) for cell, sums in cells)
    return as_of, evaluate_plan(placed, catalogue, as_of=as_of, incidents=incidents, before=before)
