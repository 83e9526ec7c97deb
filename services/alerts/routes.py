"""The routes of alerts: the KPIs as they are, and the alerts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query

from services.alerts import store
from services.alerts.evaluator import NOT_YET, Evaluator
from services.alerts.schemas import Alerts, AlertView, Kpis, KpiView
from shared.auth import require
from shared.deps import SnapshotDep, provided
from shared.problems import Unavailable

TAGS: Final = {
    "kpis": "Whether the plan still does what it was meant to do, and whether events flow.",
    "alerts": "Breaches of KPIs, from the business date they opened on to the one they closed on.",
}

EvaluatorDep = Annotated[Evaluator, Depends(provided(Evaluator))]

router = APIRouter(prefix="/v1", dependencies=[Depends(require("alerts:read"))])


@router.get("/kpis", tags=["kpis"], summary="Every KPI now")
def list_kpis(evaluator: EvaluatorDep) -> Kpis:
    """Every KPI as it was evaluated last, usually within the last second."""
    evaluation = evaluator.latest
    if evaluation is None:
        raise Unavailable(NOT_YET)
    plan = [KpiView.of(reading, evaluation.as_of) for reading in evaluation.plan] if evaluation.as_of else []
    pipeline = [KpiView.of(reading, evaluation.today) for reading in evaluation.pipeline]
    return Kpis(evaluated_at=datetime.fromtimestamp(evaluation.at, UTC), kpis=[*plan, *pipeline])


@router.get("/alerts", tags=["alerts"], summary="Alerts, the latest first")
def list_alerts(
    snapshot: SnapshotDep,
    state: Annotated[Literal["open", "closed", "all"], Query(description="Which alerts")] = "all",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Alerts:
    """Alerts in a state, the latest opened first."""
    with snapshot.connect() as connection:
        alerts = store.alerts(connection, state, limit=limit)
    return Alerts(alerts=[AlertView.of(alert) for alert in alerts])
