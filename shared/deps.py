"""What routes depend on, the same in all services: the installation's settings, the database, the present, and a
service's own objects.

A route names what it needs in its signature, and FastAPI finds it in the app that `shared.web.create_app` made:

    @router.get("/v1/alerts")
    def list_alerts(_: Caller, snapshot: SnapshotDep) -> Alerts:
        with snapshot.connect() as connection:
            ...

Dependencies are coroutines although none of them waits: FastAPI would send a plain function to a thread and back, for
each of them and each request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Annotated, Final, TypeVar, cast

from fastapi import Depends, FastAPI, Request
from sqlalchemy import Engine

from shared.admission.limits import HEAVY_PLACES, HEAVY_WAITING_OF_ONE, HEAVY_WAITING_SECONDS
from shared.admission.places import Places
from shared.reader import snapshots
from shared.settings import Settings

T = TypeVar("T")

Clock = Callable[[], datetime]
"""Gives the present instant, with a time zone. Now is an input: routes have it from here, tests give their own."""


def utc_now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


def install(
    app: FastAPI,
    *,
    settings: Settings,
    engine: Engine | None,
    view: Engine | None,
    clock: Clock,
    provide: Iterable[object],
) -> None:
    """Keep in the app what its routes will ask for."""
    app.state.settings, app.state.engine, app.state.clock = settings, engine, clock
    # What one request reads in several statements must be of one moment: a balance beside the journals that it is the
    # sum of.
    app.state.snapshot = view and snapshots(view)
    app.state.heavy = Places(HEAVY_PLACES, waiting_of_one=HEAVY_WAITING_OF_ONE, seconds=HEAVY_WAITING_SECONDS)
    app.state.provided = {type(thing): thing for thing in provide}


def provided(kind: type[T]) -> Callable[[Request], Awaitable[T]]:
    """A dependency: the object of exactly this class that the app was made with (`provide`)."""

    async def find(request: Request) -> T:
        return cast(T, request.app.state.provided[kind])

    return find


async def _settings(request: Request) -> Settings:
    return cast(Settings, request.app.state.settings)


async def _engine(request: Request) -> Engine:
    return cast(Engine, request.app.state.engine)


async def _snapshot(request: Request) -> Engine:
    return cast(Engine, request.app.state.snapshot)


async def _clock(request: Request) -> Clock:
    return cast(Clock, request.app.state.clock)


async def _heavy(request: Request) -> None:
    await request.state.place.move_to(request.app.state.heavy)


SettingsDep = Annotated[Settings, Depends(_settings)]
EngineDep = Annotated[Engine, Depends(_engine)]
"""For changes: one transaction each, `with engine.begin() as connection`."""
SnapshotDep = Annotated[Engine, Depends(_snapshot)]
"""For reading for people, with the login that may do nothing else: everything that a connection of it sees is of one
moment (REPEATABLE READ).
"""
ClockDep = Annotated[Clock, Depends(_clock)]
"""Not an instant: what waits for a lock and then writes when it happened, has to ask after it has waited."""
HEAVY: Final = Depends(_heavy)
"""Of a route that reads or calculates a whole month, or everything: it is worked on among the few such requests, and
takes no place from those that are answered in a moment.
"""
