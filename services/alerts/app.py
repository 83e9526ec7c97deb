"""The web app of alerts, over the tables that the worker and the evaluator of its process keep."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI
from sqlalchemy import Engine

from services.alerts.evaluation import routes as kpis
from services.alerts.evaluation.evaluator import Evaluator
from services.alerts.lifecycle import routes as alerts
from shared import web
from shared.settings import Settings


def create_app(settings: Settings, engine: Engine, *, evaluator: Evaluator, ready: Callable[[], list[str]]) -> FastAPI:
    """The app; `ready` says what keeps the service from its work."""
    return web.create_app(
        "Earnest alerts",
        "KPIs of the plan and of the road, and their alerts.",
        settings=settings,
        ready=ready,
        routers=[kpis.router, alerts.router],
        engine=engine,
        provide=[evaluator],
        tags=kpis.TAGS | alerts.TAGS,
    )
