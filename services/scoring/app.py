"""The HTTP interface of scoring. It reads; only the workers write, and whoever quarantines a plan version."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI
from sqlalchemy import Engine

from services.scoring.allocation.routes import router as account_payments
from services.scoring.deals.routes import router as deals
from services.scoring.deps import AppResources
from services.scoring.facts.routes import router as facts
from services.scoring.lines.routes import router as lines
from services.scoring.overview.routes import router as overview
from services.scoring.participants.routes import router as participants
from services.scoring.quarantine.routes import router as quarantine
from services.scoring.reference.blame import UNGUARDED, Guarded
from services.scoring.reference.store import ReferenceDataCache
from shared import web
from shared.access.database import AccessDatabase
from shared.log.port import Log
from shared.settings import Settings

TAGS = {
    "participants": "What somebody earns, how it came about, and what credits them.",
    "deals": "Deals as they stand: facts, credits, and why a share of one credits nobody; what accounts paid on them.",
    "lines": "Who earned what by which deal in a month, in bulk.",
    "facts": "All deals and the roster as their facts stand, page by page.",
    "overview": "Everything at a glance, and what looks like a slip.",
    "quarantine": "Plan versions with which nothing is calculated.",
}


def create_app(
    settings: Settings,
    engine: Engine,
    *,
    view: Engine,
    ready: Callable[[], list[str]],
    log: Log,
    guarded: Guarded = UNGUARDED,
    access: AccessDatabase | None = None,
) -> FastAPI:
    """The app over the tables that the workers keep.

    Args:
        settings: of the installation.
        engine: the service's database; one that the workers do not take their connections from.
        view: the same, to read with for people.
        ready: what keeps the workers from working, in sentences.
        log: takes what a lifted quarantine asks for again.
        guarded: how calculations are done that somebody asks for.
        access: knows who asks.
    """
    return web.create_app(
        "Earnest scoring",
        "Credits and earnings, and how they came about.",
        settings=settings,
        ready=ready,
        engine=engine,
        view=view,
        access=access,
        routers=(participants, overview, deals, account_payments, facts, lines, quarantine),
        provide=[ReferenceDataCache(), AppResources(log=log, guarded=guarded)],
        tags=TAGS,
    )
