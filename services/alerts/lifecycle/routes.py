"""The routes of alerts."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query

from services.alerts.evaluation.routes import EvaluatorDep
from services.alerts.lifecycle import store
from services.alerts.lifecycle.schemas import Alerts, AlertView
from shared.auth import require
from shared.deps import SnapshotDep

TAGS: Final = {"alerts": "Breaches of KPIs, from the business date they opened on to the one they closed on."}

router = APIRouter(prefix="/v1", dependencies=[Depends(require("alerts:read"))])


@router.get("/alerts", tags=["alerts"], summary="Alerts, the latest first")
def list_alerts(
    evaluator: EvaluatorDep,
    snapshot: SnapshotDep,
    state: Annotated[Literal["open", "closed", "all"], Query(description="Which alerts")] = "all",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Alerts:
    """Alerts in a state, the latest opened first."""
    with snapshot.connect() as connection:
        alerts = store.alerts(connection, state, limit=limit)
    return Alerts(
        alerts=[
            AlertView.of(alert, watched.kpi)
            for alert in alerts
            if (watched := evaluator.catalogue.by_name.get(alert.kpi)) is not None
        ]
    )
