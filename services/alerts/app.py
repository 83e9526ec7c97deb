"""The web app of alerts, over the tables that the worker and the evaluator of its process keep."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI
from sqlalchemy import Engine

from services.alerts.evaluation import routes as kpis
from services.alerts.evaluation.evaluator import Evaluator
from services.alerts.lifecycle import routes as alerts
from services.alerts.lifecycle.service import Lifecycle
from services.alerts.notifications import routes as notifications
from services.alerts.notifications.worker import Sender
from services.alerts.operations import routes as operations
from services.alerts.proposals import routes as proposals
from shared import web
from shared.access.database import AccessDatabase
from shared.deps import Clock, utc_now
from shared.settings import Settings


def create_app(
    settings: Settings,
    engine: Engine,
    *,
    view: Engine,
    evaluator: Evaluator,
    lifecycle: Lifecycle,
    sender: Sender,
    ready: Callable[[], list[str]],
    remarks: Callable[[], list[str]] = list,
    clock: Clock = utc_now,
    access: AccessDatabase | None = None,
) -> FastAPI:
    """The app; `view` reads for people, `ready` says what keeps the service from its work, `remarks` what somebody
    should mend all the same.
    """
    return web.create_app(
        "Earnest alerts",
        "KPIs of the plan and of the road, and their alerts.",
        settings=settings,
        ready=ready,
        routers=[kpis.router, alerts.router, proposals.router, notifications.router, operations.router],
        engine=engine,
        view=view,
        access=access,
        provide=[evaluator, lifecycle, sender],
        remarks=remarks,
        clock=clock,
        tags=kpis.TAGS | alerts.TAGS | proposals.TAGS | notifications.TAGS | operations.TAGS,
    )
