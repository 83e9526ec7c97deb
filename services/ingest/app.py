"""The web app of ingest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from services.ingest.events import AccountPaymentEvent, DealEvent, PlanEvent, RosterEvent
from services.ingest.intake import Intake
from services.ingest.routes import TAGS, allow, router
from services.ingest.schemas import REFERENCE
from services.ingest.sources import Sources
from shared import web
from shared.access.database import AccessDatabase
from shared.settings import Settings

PLACES: Final = 64
"""Requests that are worked on at once: they wait for the log together, and what waits is appended in one go."""


def create_app(
    settings: Settings,
    intake: Intake,
    *,
    sources: Sources,
    ready: Callable[[], list[str]],
    access: AccessDatabase | None = None,
) -> FastAPI:
    """The app; `ready` says what keeps the service from its work."""
    app = web.create_app(
        "Earnest ingest",
        "Sales facts in: deals, roster, plans; by API, file or webhook.",
        settings=settings,
        ready=ready,
        remarks=sources.remarks,
        routers=[router],
        access=access,
        provide=[intake, sources],
        tags=TAGS,
        database_away="the database does not answer; send it again",
        allow=allow(sources),
        places=PLACES,
    )
    _document_events(app)
    return app


def _document_events(app: FastAPI) -> None:
    """Add the events to the app's OpenAPI, where `body_of` refers to them.

    FastAPI does not see bodies that are read as bytes. They are, because each event of a request is validated by
    itself, and its own text is what is kept where it is a dead letter.
    """
    models = [(model, "validation") for model in (DealEvent, AccountPaymentEvent, RosterEvent, PlanEvent)]
    _, definitions = models_json_schema(models, ref_template=REFERENCE)  # type: ignore[arg-type]
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        document["components"]["schemas"] |= definitions["$defs"]
        return document

    app.openapi = openapi  # type: ignore[method-assign]
