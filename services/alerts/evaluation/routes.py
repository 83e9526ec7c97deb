"""The routes of KPIs: as they are, and their series."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from fastapi import Path as PathParameter

from services.alerts.evaluation.evaluator import NOT_YET, Evaluation, Evaluator
from services.alerts.evaluation.schemas import Kpis, KpiSeries, KpiView
from services.alerts.evaluation.totals import Where
from shared.auth import require
from shared.deps import provided
from shared.problems import NotFound, Unavailable

TAGS: Final = {"kpis": "Whether the plan still does what it was meant to do, and whether events flow."}

EvaluatorDep = Annotated[Evaluator, Depends(provided(Evaluator))]
Text = Annotated[str, Query(max_length=200)]

router = APIRouter(prefix="/v1", dependencies=[Depends(require("alerts:read"))])


@router.get("/kpis", tags=["kpis"], summary="Every KPI now")
def list_kpis(evaluator: EvaluatorDep) -> Kpis:
    """Every KPI by currency and segment, as it was evaluated last."""
    evaluation = _latest(evaluator)
    readings = [*evaluation.plan, *evaluation.pipeline]
    return Kpis(
        evaluated_at=datetime.fromtimestamp(evaluation.at, UTC),
        current=evaluation.current,
        kpis=[KpiView.of(reading) for reading in readings],
    )


@router.get("/kpis/{name}/series", tags=["kpis"], summary="A KPI over time")
def kpi_series(
    evaluator: EvaluatorDep,
    name: Annotated[str, PathParameter(max_length=63)],
    currency: Text = "",
    dimension: Text = "",
    segment: Text = "",
) -> KpiSeries:
    """The whole days, weeks, months or quarters of a KPI that is watched for drift: what was, and what was expected."""
    evaluation = _latest(evaluator)
    where = Where(currency, dimension, segment)
    readings = [reading for reading in evaluation.plan if reading.kpi.name == name]
    found = next((reading for reading in readings if reading.where == where), None)
    if found is None:
        raise NotFound(f"there is no KPI {name}" if not readings else f"{name} has nothing at this place")
    return KpiSeries.of(found)


def _latest(evaluator: Evaluator) -> Evaluation:
    evaluation = evaluator.latest
    if evaluation is None:
        raise Unavailable(NOT_YET)
    return evaluation
