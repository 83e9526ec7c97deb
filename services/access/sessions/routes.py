"""The HTTP interface of sessions: where one is signed in, and signing out."""

from __future__ import annotations

from http import HTTPStatus
from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.access.sessions import store
from services.access.sessions.deps import COOKIE, DoorDep, SignedIn
from services.access.sessions.schemas import Sessions, SessionView
from services.access.sessions.service import sha256_of
from shared.access.browser import drop_cookie, token_of
from shared.deps import EngineDep, SnapshotDep
from shared.problems import NotFound

router = APIRouter(prefix="/v1", tags=["sessions"])
TAGS = {
    "sign-in": "Prove who you are: with a password, a passkey, or at your company's identity provider.",
    "sessions": "Where you are signed in. A session ends when it is idle or over, and when you are made inactive.",
}


@router.get("/sessions", summary="My sessions")
def list_sessions(request: Request, who: SignedIn, snapshot: SnapshotDep) -> Sessions:
    """The caller's open sessions, the latest first."""
    with snapshot.connect() as connection:
        found = store.of_person(connection, who.name, current=sha256_of(token_of(request) or ""))
    return Sessions(sessions=[SessionView.model_validate(dict(row)) for row in found])


@router.delete("/sessions/{session}", summary="End one of my sessions", status_code=HTTPStatus.NO_CONTENT)
def end_session(session: UUID, who: SignedIn, engine: EngineDep) -> None:
    """End it wherever it is."""
    with engine.begin() as connection:
        if not store.end_one(connection, session, person=who.name):
            raise NotFound("you have no such session")


@router.delete("/session", summary="Sign out", status_code=HTTPStatus.NO_CONTENT)
def sign_out(request: Request, response: Response, who: SignedIn, engine: EngineDep, *, door: DoorDep) -> None:
    """End the session that asks."""
    with engine.begin() as connection:
        store.end_token(connection, sha256_of(token_of(request) or ""))
    door.record("signed_out", who.name, method=who.key)
    drop_cookie(response, request, name=COOKIE)
