"""Letting requests in: who asks is known from the head, then the body is taken whole, then there is a place for it.

So whoever sends slowly holds no place, no thread and no connection to the database, and of whom nobody knows nothing
large is read.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.access.browser import token_of
from shared.access.principal import Principal
from shared.admission.limits import (
    BODIES_BYTES,
    BODIES_BYTES_OF_ONE,
    BODY_BYTES,
    BODY_BYTES_OF_UNKNOWN,
    WAITING_OF_ONE,
    WAITING_SECONDS,
    address_of,
)
from shared.admission.places import Places
from shared.http import problem_response
from shared.log.worker import TRANSIENT
from shared.metrics import HTTP_REFUSED
from shared.problems import Problem, TooLarge, Unauthenticated, Unavailable

OPEN: Final = ("/healthz", "/readyz", "/metrics")
"""What orchestrators and Prometheus ask for, most of all when the service is busy: it waits for no place."""

_AUTHENTICATING: Final = 4
"""Callers that are looked up at once: each takes a question to the database at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How many bytes of a body are taken, and what whoever sends more is told."""

    size: int
    beyond: Problem

    @staticmethod
    def up_to(size: int) -> Allowance:
        """So many bytes."""
        return Allowance(size=size, beyond=TooLarge(f"a body may have {size:,} bytes at most"))


def allow_by_key(most: int) -> Allow:
    """So much of a body is taken of whom a key shows, and little of anybody else."""
    for_known = Allowance.up_to(most)
    unknown = Unauthenticated("send a key that is known in the header `Authorization: Bearer <key>`, then such a body")
    for_others = Allowance(size=min(most, BODY_BYTES_OF_UNKNOWN), beyond=unknown)
    return lambda _, caller: for_known if caller else for_others


FindCaller = Callable[[str], Principal | None]
"""Gives whoever has a token."""
Allow = Callable[[HTTPConnection, Principal | None], Allowance]
"""What is taken of a body, as the head of its request shows. It raises a problem where the head shows that nothing
can be.
"""


BY_KEY: Final = allow_by_key(BODY_BYTES)
"""What is taken of a body where a route has no rule of its own."""


class Admission:
    """Knows who asks by the head of a request, takes its body, and has it worked on when there is a place.

    In the state of the request are then the `caller`, None where no key shows who it is, and its `place`.
    """

    def __init__(self, app: ASGIApp, *, find: FindCaller, allow: Allow, places: int) -> None:
        self._app, self._find, self._allow = app, find, allow
        self._places = Places(places, waiting_of_one=WAITING_OF_ONE, seconds=WAITING_SECONDS)
        self._held = _HeldBytes()
        # Threads of their own: those of routes may all be at work.
        self._authenticating = ThreadPoolExecutor(_AUTHENTICATING, "caller")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http" or scope["path"] in OPEN:
            await self._app(scope, receive, send)
            return
        head = HTTPConnection(scope)
        body = _Body(self._held)
        try:
            caller = await self._caller(head)
            client = caller.name if caller else address_of(head.client)
            head.state.caller = caller
            await body.take(receive, head, client=client, allowance=self._allow(head, caller))
            async with self._places.place(client) as head.state.place:
                await self._app(scope, body.before(receive), send)
        except Problem as problem:
            await problem_response(problem)(scope, receive, send)
        except ClientDisconnect:  # there is nobody to answer
            pass
        finally:
            body.forget()

    async def _caller(self, head: HTTPConnection) -> Principal | None:
        token = token_of(head)
        if token is None:
            return None
        try:
            return await asyncio.get_running_loop().run_in_executor(self._authenticating, self._find, token)
        except TRANSIENT:
            raise Unavailable("who asks cannot be looked up at the moment; nothing was done") from None


class _HeldBytes:
    """How many bytes of bodies are held, of everyone and of each client."""

    def __init__(self) -> None:
        self._of: Counter[str] = Counter()
        self._all = 0
        self._lock = threading.Lock()  # as in `Places`

    def add(self, client: str, size: int) -> None:
        """Hold more of a client's.

        Raises:
            Unavailable: it would be too much.
        """
        with self._lock:
            if self._of[client] + size > BODIES_BYTES_OF_ONE or self._all + size > BODIES_BYTES:
                HTTP_REFUSED.labels("too-many-bytes").inc()
                detail = "the bodies of other requests have to be worked on first; nothing was done, send it again"
                raise Unavailable(detail, retry_after=5)
            self._of[client] += size
            self._all += size

    def take_off(self, client: str, size: int) -> None:
        """They are not held any longer."""
        with self._lock:
            self._all -= size
            self._of[client] -= size
            if not self._of[client]:
                del self._of[client]


class _Body:
    """The body of a request: taken, given to the app, forgotten."""

    def __init__(self, held: _HeldBytes) -> None:
        self._held, self._client, self._size = held, "", 0
        self._whole: bytes | None = None

    async def take(self, receive: Receive, head: HTTPConnection, *, client: str, allowance: Allowance) -> None:
        """Read all of it.

        Raises:
            Problem: it is larger than is allowed, or than there is room for.
            ClientDisconnect: the client hung up in the middle of it.
        """
        announced = head.headers.get("content-length", "0")
        if announced.isdigit() and (len(announced) > len(str(allowance.size)) or int(announced) > allowance.size):
            raise allowance.beyond
        self._client, parts, more = client, [], True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            part, more = message.get("body", b""), message.get("more_body", False)
            # Counted as it comes, also where a length was announced: it may have been a lie.
            if self._size + len(part) > allowance.size:
                raise allowance.beyond
            self._held.add(client, len(part))
            self._size += len(part)
            parts.append(part)
        self._whole = b"".join(parts)

    def before(self, receive: Receive) -> Receive:
        """What the app receives: the body, and then what else comes."""

        async def received() -> Message:
            if self._whole is None:
                return await receive()
            whole, self._whole = self._whole, None
            return {"type": "http.request", "body": whole, "more_body": False}

        return received

    def forget(self) -> None:
        """It is worked on, or refused."""
        self._held.take_off(self._client, self._size)
