"""How far behind a worker is, looked at from time to time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy import Engine

from shared.contracts.topics import Topic
from shared.log import dead_letters
from shared.log.port import Log, Partition, Stored
from shared.log.positions import Bookmark
from shared.metrics import DEAD_LETTERS_OPEN, WORKER_LAG_RECORDS, WORKER_LAG_SECONDS

EVERY_SECONDS = 5.0


class Progress:
    """The lag gauges of one worker in one process."""

    def __init__(self, worker: str, log: Log, *, engine: Engine, topics: Sequence[Topic]) -> None:
        self._worker, self._log, self._engine, self._topics = worker, log, engine, topics
        self._oldest: float | None = None
        self._next_look = 0.0
        WORKER_LAG_SECONDS.labels(worker).set_function(self.age)

    def polled(self, batch: Sequence[Stored]) -> None:
        """Remember the oldest record in hand. It stays the oldest until the next poll, so a stuck worker's lag
        grows.
        """
        self._oldest = min((stored.appended_at for stored in batch), default=None)

    def age(self) -> float:
        """Seconds since the oldest unprocessed record was appended; 0 when nothing waits."""
        return max(0.0, time.time() - self._oldest) if self._oldest is not None else 0.0

    def observe(self, bookmarks: Mapping[Partition, Bookmark], assignment: set[Partition]) -> None:
        """Set the gauges, at most every `EVERY_SECONDS`."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + EVERY_SECONDS
        lag: Counter[str] = Counter({topic.name: 0 for topic in self._topics})
        for topic in self._topics:
            for partition, end in self._log.ends(topic).items():
                if partition in assignment and partition in bookmarks:
                    lag[topic.name] += max(0, end - bookmarks[partition].next_position)
        for name, records in lag.items():
            WORKER_LAG_RECORDS.labels(self._worker, name).set(records)
        DEAD_LETTERS_OPEN.labels(self._worker).set(dead_letters.open_letters(self._engine, self._worker))
