"""Appending to the log for many requests at once: what waits is appended together, so that one request pays for all."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

import structlog

from services.ingest.errors import LogBusy
from shared.contracts.topics import Topic
from shared.log.port import Log, LogUnavailable, Record
from shared.metrics import INGEST_SECONDS

_logger = structlog.get_logger(__name__)

WAITING_REQUESTS: Final = 64
"""More than the threads of the web app, so that a slow log is felt as waiting first; few enough that nobody waits for
longer than their client does.
"""
TOGETHER: Final = 5_000
"""Records in one append at most, so that a full queue does not become one endless transaction."""


@dataclass(frozen=True, slots=True)
class _Request:
    topic: Topic
    records: Sequence[Record]
    done: Future[None] = field(default_factory=Future)


class Appender:
    """A thread that appends what requests bring. The queue is bounded: beyond it requests have to come back."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._waiting: queue.Queue[_Request] = queue.Queue(WAITING_REQUESTS)

    def append(self, topic: Topic, records: Sequence[Record]) -> Future[None]:
        """A future that is done when the records are durable, or has the error of the log that kept them from it.

        Raises:
            LogBusy: too many requests are waiting.
        """
        request = _Request(topic, records)
        try:
            self._waiting.put_nowait(request)
        except queue.Full:
            raise LogBusy("too many requests are waiting for the log; try again") from None
        return request.done

    def run(self, stop: threading.Event) -> None:
        """Append until asked to stop and nothing waits any more."""
        # What waits is appended also when stopping: its callers are still there, for requests are drained first.
        while not (stop.is_set() and self._waiting.empty()):
            try:
                first = self._waiting.get(timeout=0.2)
            except queue.Empty:
                continue
            self._append(self._with_others(first))

    def _with_others(self, first: _Request) -> list[_Request]:
        together, size = [first], len(first.records)
        while size < TOGETHER:
            try:
                together.append(self._waiting.get_nowait())
            except queue.Empty:
                break
            size += len(together[-1].records)
        return together

    def _append(self, requests: list[_Request]) -> None:
        # A request whose caller is gone is not appended; from here on its future cannot be cancelled any more.
        wanted = [request for request in requests if request.done.set_running_or_notify_cancel()]
        for topic in dict.fromkeys(request.topic for request in wanted):
            self._append_together(topic, [request for request in wanted if request.topic == topic])

    def _append_together(self, topic: Topic, requests: list[_Request]) -> None:
        """Append in one go. What the log refuses for its own sake must not fail the others: then they go one by one."""
        try:
            with INGEST_SECONDS.time():
                self._log.append(topic, [record for request in requests for record in request.records])
        except Exception as error:
            if len(requests) > 1 and not isinstance(error, LogUnavailable):
                for request in requests:
                    self._append_together(topic, [request])
                return
            _logger.warning("ingest.not_appended", topic=topic.name, requests=len(requests), exc_info=error)
            for request in requests:
                request.done.set_exception(error)
        else:
            for request in requests:
                request.done.set_result(None)
