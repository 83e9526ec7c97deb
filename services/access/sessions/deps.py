"""What every way of signing in ends with: a session and its cookie, or a refusal, and an entry in the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import structlog
from fastapi import Depends, Request, Response
from sqlalchemy import Connection

from services.access.sessions.service import Method, Proof, SignInRefused, start
from shared.access import Principal
from shared.access.audit import Action, Entry
from shared.access.browser import cookie_name, set_cookie
from shared.access.database import AccessDatabase
from shared.access.require import AccessDep, Forbidden, somebody
from shared.deps import SettingsDep
from shared.metrics import SIGN_INS
from shared.settings import Settings

COOKIE = "earnest"


class Door:
    """Lets people in."""

    def __init__(self, request: Request, settings: Settings, *, audit: AccessDatabase) -> None:
        self._request, self._settings, self._audit = request, settings, audit

    def admit(self, connection: Connection, proof: Proof, *, response: Response) -> None:
        """Begin a session in a transaction, and give the browser its cookie.

        Raises:
            SignInRefused: the person is not active.
        """
        before = self._request.cookies.get(cookie_name(self._request, COOKIE))
        token = start(connection, proof, settings=self._settings, instead_of=before)
        self.record("signed_in", proof.person, method=proof.method)
        SIGN_INS.labels(proof.method, "admitted").inc()
        set_cookie(response, self._request, name=COOKIE, value=token)

    @contextmanager
    def trying(self, method: Method) -> Iterator[None]:
        """Somebody tries to be admitted. That they were not stands in the audit log, too."""
        try:
            yield
        except SignInRefused as refusal:
            SIGN_INS.labels(method, "refused").inc()
            self.record("sign_in_refused", refusal.person, method=method, detail=refusal.cause)
            raise

    def record(self, action: Action, person: str, *, method: str, detail: str = "") -> None:
        """Write down who came, or did not. Whoever is not known is not named: it may be a password that was typed
        there.
        """
        request = structlog.contextvars.get_contextvars().get("request", "")
        route = self._request.scope.get("route")
        operation, path = getattr(route, "name", ""), self._request.scope["path"]
        entry = Entry(
            action=action, actor=person, key=method, operation=operation, subject=path, request=request, detail=detail
        )
        self._audit.record(entry)


async def _door(
    request: Request,
    settings: SettingsDep,
    access: AccessDep,
) -> Door:
    assert access is not None
    return Door(request, settings, audit=access)


async def in_session(principal: Annotated[Principal, Depends(somebody)]) -> Principal:
    """A FastAPI dependency: the caller, who has signed in.

    Raises (when called):
        Forbidden: they ask with a key.
    """
    if principal.authenticated_at is None:
        raise Forbidden("this is for people who have signed in; a key does not do it")
    return principal


DoorDep = Annotated[Door, Depends(_door)]
SignedIn = Annotated[Principal, Depends(in_session)]
