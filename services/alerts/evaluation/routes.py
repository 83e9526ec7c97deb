"""The routes of KPIs: as they are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends

from services.alerts.evaluation.evaluator import NOT_YET, Evaluator
from services.alerts.evaluation.schemas import Kpis, KpiView
from shared.auth import require
from shared.deps import provided
from shared.problems import Unavailable

TAGS: Final = {
    "kpis": "Whether the plan still does what it was meant to do, and whether events flow.",
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
