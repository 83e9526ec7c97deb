"""The route by which Alertmanager tells of alerts, so that those about the road have a life cycle too."""

from __future__ import annotations

from typing import Final

import structlog
from fastapi import APIRouter, Depends

from services.alerts.lifecycle.operational import OperationalAlert
from services.alerts.lifecycle.routes import LifecycleDep
from services.alerts.operations.schemas import AlertmanagerNotification, FiredAlert, Taken
from shared.access import require
from shared.deps import ClockDep, EngineDep
from shared.metrics import ALERTMANAGER_ALERTS
from shared.problems import Unprocessable

TAGS: Final = {"alertmanager": "What Alertmanager hands back: alerts about what keeps events flowing."}

router = APIRouter(prefix="/v1", dependencies=[Depends(require("alerts:notify", about="nothing"))])

_logger = structlog.get_logger(__name__)


@router.post("/alertmanager", tags=["alertmanager"], summary="Take what Alertmanager tells")
def take_notification(
    told: AlertmanagerNotification, lifecycle: LifecycleDep, engine: EngineDep, clock: ClockDep
) -> Taken:
    """Take alerts of Prometheus into the life cycle: one that fires opens an alert, its end resolves it.

    The same may be told any number of times. Alerts of KPIs are passed over: they came from here.
    """
    operational = [_operational(alert) for alert in told.alerts if not alert.labels.get("kpi")]
    with engine.begin() as connection:
        lifecycle.take_operational_alerts(connection, operational, now=clock())
    known = len(told.alerts) - len(operational)
    if told.truncated_alerts:
        _logger.error("alertmanager.truncated", receiver=told.receiver, missing=told.truncated_alerts)
    for outcome, number in (("taken", len(operational)), ("known", known), ("truncated", told.truncated_alerts)):
        ALERTMANAGER_ALERTS.labels(outcome).inc(number)
    return Taken(taken=len(operational), known=known)


def _operational(alert: FiredAlert) -> OperationalAlert:
    name = alert.labels.get("alertname")
    if not name:
        raise Unprocessable("an alert has no label alertname, by which it is known")
    return OperationalAlert(
        name=name,
        labels=alert.labels,
        annotations=alert.annotations,
        status=alert.status,
        starts_at=alert.started_at,
        ends_at=alert.ended_at,
    )
