"""The HTTP interface of the alerts service: the KPIs as they are, and the alerts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import Depends, FastAPI, Query
from pydantic import BaseModel
from sqlalchemy import Engine

from services.alerts import store
from services.alerts.evaluation import Reading
from services.alerts.evaluator import NOT_YET, Evaluator
from services.alerts.kpis import BY_NAME
from services.alerts.lifecycle import Alert
from shared import web
from shared.auth import Principal, require
from shared.log.loop import TRANSIENT
from shared.problems import Unavailable
from shared.settings import Settings

Caller = Annotated[Principal, Depends(require("alerts:read"))]


class KpiView(BaseModel):
    """A KPI as of a business date. `value` is null where there are fewer observations than `minimum`.

    `breached` is null where nothing can be said; an alert is then held as it is. `currency` is null for the whole company.
    """

    kpi: str
    title: str
    meaning: str
    unit: Literal["ratio", "seconds", "records"]
    currency: str | None
    value: Decimal | None
    threshold: Decimal
    bad: Literal["above", "below"]
    breached: bool | None
    observations: int
    minimum: int
    as_of: date


class Kpis(BaseModel):
    """The latest readings, and the instant they were taken. Before the first deal the KPIs of the plan are absent."""

    evaluated_at: datetime
    kpis: list[KpiView]


class AlertView(BaseModel):
    """One episode of a breach. Values are in the unit of the KPI, dates are business dates."""

    alert_id: str
    kpi: str
    title: str
    state: Literal["open", "closed"]
    currency: str | None
    threshold: Decimal
    opened_on: date
    opened_value: Decimal
    closed_on: date | None
    closed_value: Decimal | None
    action: str


class Alerts(BaseModel):
    """Alerts, the latest opened first."""

    alerts: list[AlertView]


def create_app(settings: Settings, engine: Engine, evaluator: Evaluator, ready: Callable[[], list[str]]) -> FastAPI:
    """The app over the tables that the worker and the evaluator of this process keep."""
    app = web.create_app(
        "Earnest alerts", "KPIs of the plan and of the road, and their alerts.", settings=settings, ready=ready
    )

    @app.get("/v1/kpis")
    def read_kpis(_: Caller) -> Kpis:
        """Every KPI as it was evaluated last, usually within the last second."""
        found = evaluator.latest
        if found is None:
            raise Unavailable(NOT_YET)
        plan = [_kpi(reading, found.as_of) for reading in found.plan] if found.as_of else []
        road = [_kpi(reading, found.today) for reading in found.road]
        return Kpis(evaluated_at=datetime.fromtimestamp(found.at, UTC), kpis=[*plan, *road])

    @app.get("/v1/alerts")
    def read_alerts(
        _: Caller,
        state: Annotated[Literal["open", "closed", "all"], Query(description="Which alerts")] = "all",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Alerts:
        """Alerts in a state, the latest opened first."""
        try:
            with engine.connect() as connection:
                found = store.alerts(connection, state, limit)
        except TRANSIENT as error:
            raise Unavailable("the database does not answer") from error
        return Alerts(alerts=[_alert(alert) for alert in found])

    return app


def _kpi(reading: Reading, as_of: date) -> KpiView:
    kpi = BY_NAME[reading.kpi]
    return KpiView(
        kpi=kpi.name,
        title=kpi.title,
        meaning=kpi.meaning,
        unit=kpi.unit,
        currency=reading.currency or None,
        value=reading.value,
        threshold=kpi.threshold,
        bad=kpi.bad,
        breached=reading.breached,
        observations=reading.observations,
        minimum=kpi.minimum,
        as_of=as_of,
    )


def _alert(alert: Alert) -> AlertView:
    kpi = BY_NAME[alert.kpi]
    return AlertView(
        alert_id=alert.alert_id,
        kpi=kpi.name,
        title=kpi.title,
        state="open" if alert.closed_on is None else "closed",
        currency=alert.currency or None,
        threshold=alert.threshold,
        opened_on=alert.opened_on,
        opened_value=alert.opened_value,
        closed_on=alert.closed_on,
        closed_value=alert.closed_value,
        action=kpi.action,
    )
