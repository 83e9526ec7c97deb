"""How the pipeline of events is doing, seen from its end: what waits to be counted, for how long, and dead letters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from sqlalchemy import Connection

from services.alerts.evaluation.readings import PipelineHealth
from services.alerts.rollups import store
from services.alerts.rollups.worker import COUNTED, WORKER
from shared.log.port import Log, Partition

_MILLISECONDS = Decimal("0.001")


class Watch:
    """Looks at the pipeline again and again, and remembers where the worker was."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._before: Mapping[Partition, int] = {}

    def look(self, connection: Connection, now: float, *, today: date) -> PipelineHealth:
        """Its health; `now` is in seconds since the epoch, `today` its business date.

        Raises:
            LogUnavailable: the log cannot be reached.
            PositionOutOfRange: the log does not hold what the worker has to read next.
        """
        reached = store.positions(connection, WORKER)
        waiting: dict[Partition, int] = {}
        for topic in COUNTED:
            for partition, end in self._log.ends(topic).items():
                if partition not in reached:  # the worker has not begun it: all that the log holds waits
                    reached[partition] = self._log.first(partition)
                waiting[partition] = end - reached[partition]
        oldest = min(
            (self._appended_at(lane, reached[lane], now=now) for lane in self._telling(waiting, reached)), default=now
        )
        self._before = reached
        still_open, ever = store.letters(connection)
        # Clocks of the log and of this process differ: an event from the future waits for no time, not for less.
        lag = (Decimal(now) - Decimal(oldest)).quantize(_MILLISECONDS)
        batches = [batch for run in store.all_runs(connection) for batch in run["batches"]]
        overdue = [
            batch
            for batch in batches
            if batch["acknowledged_at"] is None and (batch["acknowledge_by"] or "9999") < today.isoformat()
        ]
        return PipelineHealth(
            lag_seconds=max(lag, Decimal(0)),
            waiting=sum(waiting.values()),
            dead_letters_open=still_open,
            dead_letters_ever=ever,
            batches=len(batches),
            overdue_batches=len(overdue),
        )

    def _telling(self, waiting: Mapping[Partition, int], reached: Mapping[Partition, int]) -> set[Partition]:
        """Where the oldest event is: on partitions that stand still, else on the one where most wait. A read costs a
        fetch.
        """
        behind = {partition: number for partition, number in waiting.items() if number > 0}
        standing = {partition for partition in behind if self._before.get(partition) == reached[partition]}
        return standing | ({max(behind, key=behind.__getitem__)} if behind else set())

    def _appended_at(self, partition: Partition, position: int, *, now: float) -> float:
        return min((stored.appended_at for stored in self._log.read(partition, position, limit=1)), default=now)
