"""Beginning sessions: whoever has proved who they are gets a new token, whatever the browser had before."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Literal

from sqlalchemy import Connection

from services.access.sessions import store
from shared.problems import Problem
from shared.settings import Settings

Method = Literal["password", "passkey", "oidc"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Who somebody is, how they proved it, and when, where that was before now. `provider_session` is what the
    identity provider calls the session that it made.
    """

    person: str
    method: Method
    authenticated_at: datetime | None = None
    provider_session: str | None = None


class SignInRefused(Problem):
    """Nobody is signed in. The answer is the same whatever was wrong: it tells nothing of who there is."""

    type = "sign-in-refused"
    title = "You are not signed in"
    status = HTTPStatus.UNAUTHORIZED

    def __init__(self, *, method: Method, person: str = "", cause: str = "") -> None:
        super().__init__(_WORDS[method])
        self.method, self.person, self.cause = method, person, cause


_WORDS = {
    "password": "name and password do not belong together, or too many were tried: wait a quarter of an hour",
    "passkey": "this passkey opens nothing here",
    "oidc": "what the identity provider sent does not let you in: begin again, or ask your administrator",
}


def start(connection: Connection, proof: Proof, *, settings: Settings, instead_of: str | None) -> str:
    """Begin a session, end the one whose token the browser came with, and give the new token: nobody can have put it
    there.

    Raises:
        SignInRefused: the person is not active.
    """
    if instead_of is not None:
        store.end_token(connection, sha256_of(instead_of))
    token = f"es_{secrets.token_urlsafe(32)}"
    started = store.start(
        connection,
        sha256=sha256_of(token),
        person=proof.person,
        method=proof.method,
        authenticated_at=proof.authenticated_at,
        provider_session=proof.provider_session,
        idle_seconds=settings.session_idle_minutes * 60,
        seconds=settings.session_hours * 3600,
    )
    if not started:
        raise SignInRefused(method=proof.method, person=proof.person, cause="not active")
    return token


def sha256_of(token: str) -> str:
    """By what a token is known."""
    return hashlib.sha256(token.encode()).hexdigest()
