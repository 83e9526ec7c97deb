"""Places in which requests are worked on, fairly: whoever has fewest of them is next."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from shared.metrics import HTTP_REFUSED
from shared.problems import Busy, Unavailable


@dataclass(slots=True, eq=False)
class _Waiting:
    client: str
    turn: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Places:
    """So many at once, of one client half of them at most. The others wait: first of those who have fewest, and of
    these who came first, so that a client with many requests keeps others waiting for one of them, and not for all.

    Fair queuing, as RFC 970 has it for packets.
    """

    def __init__(self, number: int, *, waiting_of_one: int, seconds: float) -> None:
        self._number, self._of_one = number, max(1, number // 2)
        self._waiting_of_one, self._seconds = waiting_of_one, seconds
        self._taken: Counter[str] = Counter()
        self._queue: list[_Waiting] = []
        # A service has one loop, and then nobody else is ever here; who tests an app may have one per request.
        self._lock = threading.Lock()

    @asynccontextmanager
    async def place(self, client: str) -> AsyncIterator[Place]:
        """Have a place of a client's.

        Raises:
            Busy: too many requests of this client wait.
            Unavailable: none became free in time.
        """
        place = Place(client)
        try:
            await place.move_to(self)
            yield place
        finally:
            place.leave()

    async def take(self, client: str) -> None:
        """One more of the client's is taken; see `place`."""
        with self._lock:
            if self._is_free(client):
                self._taken[client] += 1
                return
            if sum(waiting.client == client for waiting in self._queue) >= self._waiting_of_one:
                HTTP_REFUSED.labels("too-many-waiting").inc()
                raise Busy(f"{self._waiting_of_one} of your requests wait already; send this one again later")
            self._queue.append(mine := _Waiting(client))
        try:
            async with asyncio.timeout(self._seconds):
                await mine.turn
        except (TimeoutError, asyncio.CancelledError) as error:
            with self._lock:
                if still_waits := mine in self._queue:
                    self._queue.remove(mine)
            if not still_waits:  # it was given in this very moment
                self.give_back(client)
            if isinstance(error, asyncio.CancelledError):
                raise
            HTTP_REFUSED.labels("waited-in-vain").inc()
            detail = f"the service is busy: for {self._seconds:.0f} seconds no place was free; nothing was done"
            raise Unavailable(detail, retry_after=5) from None

    def give_back(self, client: str) -> None:
        """One of the client's is free again."""
        with self._lock:
            self._taken[client] -= 1
            if not self._taken[client]:
                del self._taken[client]
            able = [waiting for waiting in self._queue if self._is_free(waiting.client)]
            if not able:
                return
            following = min(able, key=lambda waiting: self._taken[waiting.client])
            self._queue.remove(following)
            self._taken[following.client] += 1
        following.turn.get_loop().call_soon_threadsafe(_call, following.turn)

    def _is_free(self, client: str) -> bool:
        return self._taken.total() < self._number and self._taken[client] < self._of_one


def _call(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_result(None)


class Place:
    """The place of one request, which it may change for one among other places: there it then also waits."""

    def __init__(self, client: str) -> None:
        self._client = client
        self._among: Places | None = None

    async def move_to(self, places: Places) -> None:
        """Leave this place, and have one there.

        Raises:
            Busy, Unavailable: as `Places.place`.
        """
        self.leave()
        await places.take(self._client)
        self._among = places

    def leave(self) -> None:
        """Give it back, where it was not before."""
        if self._among is not None:
            self._among.give_back(self._client)
            self._among = None
