"""The step over kept deliveries, which reads them again: what still cannot be read becomes a dead letter, to be
replayed once mended. And the loop that loads source files again when somebody asks for it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from services.ingest.delivery import Delivery, mistakes
from services.ingest.delivery_reader import DeliveryReader
from services.ingest.sources import SourceFile, Sources
from services.ingest.store_sources import LoadedSource, SourceReports
from shared.contracts.topics import DELIVERIES, Topic
from shared.log.port import Record, Stored
from shared.log.step import Outcome, Rejection
from shared.log.tally import DeadLetterLimits
from shared.metrics import INGEST_SOURCES

WORKER: Final = "ingest.deliveries"
TOPICS: Final = (DELIVERIES,)
LIMITS: Final = DeadLetterLimits(ratio=1.0, consecutive=2**31 - 1)
"""None: only deliveries with mistakes come here at all, and one source's mistakes must not stop the others."""
LONGEST_MESSAGE: Final = 2000
LOOK_SECONDS: Final = 1
"""Between looks for a request: soon enough for whoever waits for it."""
LOOKS_BETWEEN_SHOWS: Final = 10
"""A process that does not show itself for three times as long counts as gone."""

_logger = structlog.get_logger(__name__)


def step(deliveries: DeliveryReader, _: Connection, batch: Sequence[Stored]) -> Outcome:
    """Publish what can be read of each delivery; that some of it was published before does no harm."""
    publications: list[tuple[Topic, Record]] = []
    rejections: list[Rejection] = []
    for stored in batch:
        delivery = Delivery.of(stored.record)
        # As the files are now: a mended one is why it is read again.
        source = deliveries.sources.known.get(delivery.source)
        if source is None:
            code, message = "unknown_source", f"no source {delivery.source} is configured"
            if delivery.source in deliveries.sources.stopped:
                code, message = (
                    "source_stopped",
                    f"the file of source {delivery.source} cannot be used: mend it first",
                )
            rejections.append(Rejection(stored=stored, code=code, message=message))
            continue
        events = deliveries.read(source, delivery)
        publications += events.publications
        if events.receipt["rejected"]:
            rejections.append(
                Rejection(stored=stored, code="not_valid", message=mistakes(events.receipt)[:LONGEST_MESSAGE])
            )
    return Outcome(publications, rejections)


class SourceReloads:
    """Loads the source files again when somebody asks for it, in every process, and tells what they have become."""

    def __init__(self, sources: Sources, reports: SourceReports) -> None:
        self._sources, self._reports = sources, reports
        self._told: Sequence[SourceFile] = ()

    def run(self, stop: threading.Event) -> None:
        """Look for requests until asked to stop."""
        loaded, looks = None, 0
        while True:
            # While the database is away nobody can ask; requests say by themselves that it is.
            with suppress(SQLAlchemyError):
                if (latest := self._reports.latest()) != loaded:
                    self._sources.load()
                    self._tell(latest)
                    loaded = latest
                elif self._sources.files is not self._told:  # one was stopped by what it sends
                    self._tell(latest)
                elif looks % LOOKS_BETWEEN_SHOWS == 0:
                    self._reports.show()
            looks += 1
            if stop.wait(LOOK_SECONDS):
                break
        with suppress(SQLAlchemyError):
            self._reports.leave()

    def _tell(self, request: int) -> None:
        sources = self._sources.files
        files = [
            LoadedSource(file=each.file, name=each.name, digest=each.digest, reason=each.reason) for each in sources
        ]
        stopped = [each for each in files if each.reason is not None]
        for each in stopped:
            _logger.error("source.stopped", file=each.file, source=each.name, reason=each.reason)
        _logger.info("source.loaded", used=len(files) - len(stopped), stopped=len(stopped))
        INGEST_SOURCES.labels("used").set(len(files) - len(stopped))
        INGEST_SOURCES.labels("stopped").set(len(stopped))
        self._reports.tell(request, files)
        self._told = sources
