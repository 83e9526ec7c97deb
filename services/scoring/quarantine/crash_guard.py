"""What a process dies of, or hangs in, is calculated apart the next time, and the plan version that is to blame is
quarantined.

A note says what a process has in hand before it begins. Whoever finds the note of another process at the place where
they begin themselves calculates that in a bounded process: where no plan is to blame for the death, this costs some
seconds, and where one is, it is quarantined as one that merely fails, and everybody else is credited and paid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final
from uuid import uuid4

import structlog
from sqlalchemy import Connection, Engine

from services.scoring.quarantine import store
from services.scoring.reference import store as stored_reference
from services.scoring.reference.blame import Causes, Quarantining
from services.scoring.worker import CALCULATING
from shared.bounded import BoundedProcess, Calculating, Watchdog
from shared.log.port import Stored
from shared.log.step import Outcome, Step

HANGS_AFTER: Final = 120
"""Seconds, many times what the largest batch takes."""
APART_SECONDS, APART_WALL_SECONDS, APART_BYTES = 60, 300, 4 * 1024**3
"""What may be used apart: so much that no sound calculation is taken for a harmful one."""

CalculatingStep = Callable[..., Outcome]
"""A step that takes how to calculate as `calculating`."""

_logger = structlog.get_logger(__name__)


class CrashGuard:
    """How this process calculates: here, or apart what another process did not finish."""

    def __init__(self, engine: Engine, apart: BoundedProcess, *, hangs_after: int = HANGS_AFTER) -> None:
        """Notes go to the engine's schema; `apart` is the process for what may do harm.

        The engine is one that nobody else takes connections from: whoever makes a note holds a connection already, and
        would wait for one that all others who want to make a note hold.
        """
        self._engine, self._notes = engine, engine.execution_options(isolation_level="AUTOCOMMIT")
        self._apart, self._here = apart, Watchdog(hangs_after)
        self._process = uuid4().hex

    def steps(self, steps: Mapping[str, CalculatingStep]) -> dict[str, Step]:
        """The steps of the workers by name, those that calculate with people's deals guarded."""
        return {name: self._step(name, step) if name in CALCULATING else step for name, step in steps.items()}

    def _step(self, worker: str, step: CalculatingStep) -> Step:
        def guarded(connection: Connection, batch: Sequence[Stored]) -> Outcome:
            places: dict[str, int] = {}
            for stored in batch:
                places.setdefault(f"{worker}/{stored.partition.topic}/{stored.partition.number}", stored.position)
            # Noted before anything of the batch is looked at: afterwards there may be nobody left to note it.
            return step(connection, batch, calculating=self._begun(places))

        return guarded

    @contextmanager
    def asked(self, what: str) -> Iterator[tuple[Calculating, Quarantining]]:
        """How to calculate something that is asked for, by a name that stands for this question; and what quarantines
        plan versions.
        """
        try:
            yield self._begun({what: 0}), self._quarantine
        finally:
            store.end(self._notes, what)

    def _quarantine(self, harmful: Causes) -> None:
        # A transaction of its own: whoever asks reads in one that may not write.
        with self._engine.begin() as connection:
            stored_reference.lock_for_change(connection)
            stored_reference.quarantine(connection, harmful, by=stored_reference.BY_SCORING)

    def _begun(self, places: Mapping[str, int]) -> Calculating:
        if not store.begin(self._notes, places, process=self._process):
            return self._here.run
        _logger.warning("scoring.apart", places=dict(places))
        return self._apart.run
