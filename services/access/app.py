"""The web app of access."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI
from sqlalchemy import Engine

from services.access.audit import routes as audit
from services.access.passkeys import routes as passkeys
from services.access.passwords import routes as passwords
from services.access.people import routes as people
from services.access.sessions import routes as sessions
from shared import web
from shared.access.database import AccessDatabase
from shared.deps import Clock, utc_now
from shared.settings import Settings


def create_app(
    settings: Settings,
    engine: Engine,
    *,
    view: Engine,
    access: AccessDatabase,
    ready: Callable[[], list[str]],
    clock: Clock = utc_now,
) -> FastAPI:
    """The app; `ready` says what keeps the service from its work."""
    return web.create_app(
        "Earnest access",
        "People, what they may do, and whose pay each may see.",
        settings=settings,
        ready=ready,
        routers=[people.router, audit.router, sessions.router, passwords.router, passkeys.router],
        engine=engine,
        view=view,
        access=access,
        clock=clock,
        tags=people.TAGS | audit.TAGS | sessions.TAGS,
    )
