"""When a worker has to stop instead of dead-lettering on: too many in a row, or too large a part of the recent
records.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from shared.log.port import Partition
from shared.log.step import Rejection

WINDOW: Final = 1000
"""Counts are halved when so many records were seen, so that they tell of recent ones: two numbers beside a position,
and no list.
"""

ENOUGH: Final = 100
"""A ratio over fewer records says nothing."""


@dataclass(frozen=True, slots=True)
class DeadLetterLimits:
    """Per partition: the largest part of recent records, and the longest run, that may be dead-lettered.

    A few dead letters are mistakes in records. Many are a mistake in the worker or in its configuration, and going on
    would set aside everything; the run catches that at once, the ratio also where some records pass.
    """

    ratio: float = 0.1
    consecutive: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How a worker fared lately on one partition. Kept beside its position, so that a restart does not forget it."""

    run: int = 0
    seen: int = 0
    dead: int = 0

    def plus(self, fates: list[bool]) -> Tally:
        """After more records, in order: True for a dead letter. Parked records are not counted."""
        seen, dead = self.seen + len(fates), self.dead + sum(fates)
        while seen >= WINDOW:
            seen, dead = seen // 2, dead // 2
        last_success = max((index for index, fate in enumerate(fates) if not fate), default=None)
        run = self.run + len(fates) if last_success is None else len(fates) - 1 - last_success
        return replace(self, run=run, seen=seen, dead=dead)

    def exceeds(self, limits: DeadLetterLimits) -> bool:
        """Whether the worker must not go on."""
        return self.run > limits.consecutive or (self.seen >= ENOUGH and self.dead > limits.ratio * self.seen)


class WorkerStopped(Exception):
    """A worker ended because going on would do harm; nothing of its last batch was written.

    The text names the cause's code and place, never its message, which may quote pay.
    """

    def __init__(
        self, worker: str, reason: str, *, partition: Partition | None = None, cause: Rejection | None = None
    ) -> None:
        where = f" at {partition.topic}[{partition.number}]" if partition else ""
        why = f", last cause {cause.code} at position {cause.stored.position}" if cause else ""
        super().__init__(f"worker {worker} stopped{where}: {reason}{why}")
        self.worker, self.partition, self.cause = worker, partition, cause
