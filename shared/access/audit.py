"""The audit log: who was refused, who looked at whose pay, who took what out, who did what. Added to, never changed.

A request is recorded as its answer begins: what was to be seen is recorded before it is seen, or it is not seen at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final, Literal, NamedTuple, Protocol

import structlog
from fastapi import Request
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.access.principal import Principal
from shared.http import SAFE_METHODS, problem_response
from shared.log.worker import TRANSIENT
from shared.metrics import AUDIT_UNRECORDED
from shared.problems import Unavailable

Action = Literal["refused", "looked", "exported", "did", "signed_in", "signed_out", "sign_in_refused"]

EVERYBODY: Final = "*"
"""In the place of participants: of everybody whom the actor may see."""
SEEN: Final = frozenset({"looked", "exported"})
RECORDED_ELSEWHERE: Final = frozenset({"deals:write", "alerts:notify"})
"""What is sent with these is in the event log or in the journal of an alert, each with who sent it."""

_logger = structlog.get_logger(__name__)


class Entry(NamedTuple):
    """What is recorded. `subject` names what it was about by path and ids; `participants` whose pay was seen."""

    action: Action
    actor: str
    key: str = ""
    operation: str = ""
    subject: str = ""
    participants: tuple[str, ...] = ()
    status: int | None = None
    request: str = ""
    detail: str = ""


class AuditLog(Protocol):
    """Takes entries; what it has taken stays."""

    def record(self, entry: Entry) -> None:
        """Record something, for good when this returns."""
        ...


def show(request: Request, participants: Iterable[str], *, exported: bool = False) -> None:
    """Say whose pay the answer of a request shows (EVERYBODY: a list of all whom the caller may see), and whether it is
    a file to take away.
    """
    request.state.shown = tuple(participants)
    request.state.exported = exported


class Audit:
    """Records requests as their answers begin.

    Recorded are refusals, what somebody does, and what `show` says of whose pay is seen, save one's own. Not recorded
    is what machines of the installation do for others.
    """

    def __init__(self, app: ASGIApp, log: AuditLog) -> None:
        self._app, self._log = app, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and record it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        withheld = False

        async def recorded(message: Message) -> None:
            nonlocal withheld
            if message["type"] == "http.response.start":
                entry = _entry(scope, state, status=message["status"])
                if entry is not None and not await self._record(entry) and entry.action in SEEN:
                    # What is done is done, and stands in the tables of its kind; what was only to be seen is not shown.
                    withheld = True
                    refusal = Unavailable("that this was looked at cannot be recorded now; try again")
                    await problem_response(refusal)(scope, receive, send)
            if not withheld:
                await send(message)

        await self._app(scope, receive, recorded)

    async def _record(self, entry: Entry) -> bool:
        try:
            await run_in_threadpool(self._log.record, entry)
        except (SQLAlchemyError, *TRANSIENT) as error:
            AUDIT_UNRECORDED.inc()
            _logger.error("access.not_recorded", operation=entry.operation, error=type(error).__name__)
            return False
        return True


def _entry(scope: Scope, state: dict[str, Any], *, status: int) -> Entry | None:
    principal: Principal | None = state.get("caller")
    if principal is None:
        # Strangers could fill the log: that they were refused is counted, and logged by whoever refused them.
        return None
    entry = Entry(
        action="did",
        actor=principal.name,
        key=principal.key,
        operation=getattr(scope.get("route"), "name", ""),
        subject=scope["path"],
        status=status,
        request=structlog.contextvars.get_contextvars().get("request", ""),
    )
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return entry._replace(action="refused")
    if principal.machine or status >= HTTPStatus.BAD_REQUEST:
        return None
    if others := tuple(one for one in state.get("shown", ()) if one != principal.participant):
        return entry._replace(action="exported" if state.get("exported") else "looked", participants=others)
    if scope["method"] not in SAFE_METHODS and not (principal.asked and principal.asked <= RECORDED_ELSEWHERE):
        return entry
    return None
