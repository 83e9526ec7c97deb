"""The HTTP protocol of a service's connections: uvicorn's, which by itself waits for ever for the rest of a request and
for whoever reads an answer, and takes heads of any size, and any number of connections.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.admission.limits import (
    ANSWER_SECONDS,
    BODY_SECONDS,
    CONNECTIONS,
    CONNECTIONS_OF_ONE,
    HEAD_BYTES,
    HEAD_SECONDS,
    address_of,
)
from shared.http import PROBLEM_MEDIA_TYPE
from shared.metrics import HTTP_REFUSED
from shared.problems import Busy, Problem


class HeadTooLarge(Problem):
    """Request line and headers are longer than is read."""

    type = "request-header-fields-too-large"
    title = "The head of the request is too large"
    status = 431


class TooSlow(Problem):
    """The request did not come in time."""

    type = "request-timeout"
    title = "The request did not come in time"
    status = 408


class BoundedProtocol(HttpToolsProtocol):
    """A connection that has so many seconds for a head and a body, and to read an answer.

    Where there are too many connections, one of the address with most of them gives way: that which waits longest for
    the rest of a request. It is not an honest sender's, whose requests come at once.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.address = ""
        self.waits_since: float | None = None
        self._head_bytes: int | None = 0
        self._request_due: asyncio.TimerHandle | None = None
        self._answer_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the head of a request, if there is room for one more connection."""
        super().connection_made(transport)
        self.address = address_of(self.client)
        self._await_head()
        self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._stop(self._request_due)
        self._stop(self._answer_due)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, of a head only so much."""
        if self._request_due is None:
            self._await_head()
        if self._head_bytes is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        # Only what is no whole head yet after so many bytes: the parser keeps it and has no limit of its own.
        if self._head_bytes is not None and self._head_bytes > HEAD_BYTES:
            self._refuse(HeadTooLarge(f"request line and headers may have {HEAD_BYTES:,} bytes"), "head-large")

    def on_headers_complete(self) -> None:
        """Wait for the body."""
        self._head_bytes = None
        self._await("body-late", BODY_SECONDS)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole: from here on it is our turn."""
        super().on_message_complete()
        if self.cycle.response_complete:  # refused before it was whole
            self._await_head()
        else:
            self._stop(self._request_due)
            self._request_due = self.waits_since = None

    def on_response_complete(self) -> None:
        """Wait for the next request, and until what was answered is read."""
        super().on_response_complete()
        if self._request_due is None:
            self.waits_since = time.monotonic()
        if self.transport.is_closing():
            self._await_reader()

    def pause_writing(self) -> None:
        """Wait until what was answered is read."""
        super().pause_writing()
        self._await_reader()

    def resume_writing(self) -> None:
        """It is being read."""
        super().resume_writing()
        self._stop(self._answer_due)

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection on which no further request came, also where its last answer was not read."""
        super().timeout_keep_alive_handler()
        self._await_reader()

    def _await_head(self) -> None:
        self._head_bytes = 0
        self.waits_since = time.monotonic()
        self._await("head-late", HEAD_SECONDS)

    def _await(self, late: str, seconds: float) -> None:
        self._stop(self._request_due)
        self._request_due = self.loop.call_later(seconds, self._came_late, late, seconds)

    def _came_late(self, late: str, seconds: float) -> None:
        if self.flow.read_paused:  # it is we who have not read on
            self._await(late, seconds)
        else:
            self._refuse(TooSlow(f"the request has to come in {seconds:.0f} seconds"), late)

    def _await_reader(self) -> None:
        self._stop(self._answer_due)
        self._answer_due = self.loop.call_later(ANSWER_SECONDS, self._not_read)

    def _not_read(self) -> None:
        if self in self.connections:
            HTTP_REFUSED.labels("answer-not-read").inc()
            self.transport.abort()

    def _make_room(self) -> None:
        """Close one connection where there are too many."""
        of = Counter(each.address for each in self._connections)
        if of[self.address] > CONNECTIONS_OF_ONE:
            crowd = self.address
        elif of.total() > CONNECTIONS:
            crowd = of.most_common(1)[0][0]
        else:
            return
        waiting = [each for each in self._connections if each.address == crowd and each.waits_since is not None]
        # One between two requests costs least, and is an honest client's, who would send its next one in vain.
        longest = min(waiting, key=lambda each: (each is self, each.is_between, each.waits_since or 0), default=self)
        if longest is self:
            self._refuse(Busy("there are too many connections"), "too-many-connections")
        else:
            HTTP_REFUSED.labels("too-many-connections").inc()
            self.connections.discard(longest)  # now, and not only when the loop comes to it
            longest.transport.abort()

    @property
    def is_between(self) -> bool:
        """Whether its last request was answered, and nothing of the next one has come."""
        return self._request_due is None and self.waits_since is not None

    @property
    def _connections(self) -> list[BoundedProtocol]:
        return [each for each in self.connections if isinstance(each, BoundedProtocol)]

    def _refuse(self, problem: Problem, reason: str) -> None:
        """Close the connection, with an answer where none has begun."""
        HTTP_REFUSED.labels(reason).inc()
        is_head = self._head_bytes is not None
        if self.cycle is None or (self.cycle.response_complete if is_head else not self.cycle.response_started):
            body = orjson.dumps(problem.body())
            head = f"HTTP/1.1 {problem.status:d} {problem.title}\r\ncontent-type: {PROBLEM_MEDIA_TYPE}\r\n"
            more = "".join(f"{name}: {value}\r\n" for name, value in problem.headers.items())
            length = f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
            self.transport.write((head + more + length).encode() + body)
            self.transport.close()
            self._await_reader()
        else:
            self.transport.abort()

    @staticmethod
    def _stop(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()
