"""The routes of KPIs: as they are, and their series."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from fastapi import Path as PathParameter

from services.alerts.evaluation.evaluator import NOT_YET, Evaluation, Evaluator
from services.alerts.evaluation.schemas import Kpis, KpiSeries, KpiView
from services.alerts.evaluation.totals import Where
from services.alerts.kpis.columns import PERSONAL
from shared.access import Forbidden, Principal, require
from shared.deps import provided
from shared.problems import NotFound, Unavailable

TAGS: Final = {"kpis": "Whether the plan still does what it was meant to do, and whether events flow."}

EvaluatorDep = Annotated[Evaluator, Depends(provided(Evaluator))]
Text = Annotated[str, Query(max_length=200)]

Reader = Annotated[Principal, Depends(require("alerts:read", about="nothing"))]
READS_PAY: Final = "earnings:read"

router = APIRouter(prefix="/v1")


@router.get("/kpis", tags=["kpis"], summary="Every KPI now")
def list_kpis(who: Reader, evaluator: EvaluatorDep) -> Kpis:
    """Every KPI by currency and segment, as it was evaluated last; segments that are one person for those who may read
    pay.
    """
    evaluation = _latest(evaluator)
    readings = [each for each in (*evaluation.plan, *evaluation.pipeline) if reads_pay(who) or not each.personal]
    return Kpis(
        catalogue=evaluator.catalogue.hash,
        evaluated_at=datetime.fromtimestamp(evaluation.at, UTC),
        current=evaluation.current,
        kpis=[KpiView.of(reading) for reading in readings],
    )


@router.get("/kpis/{name}/series", tags=["kpis"], summary="A KPI over time")
def kpi_series(
    who: Reader,
    evaluator: EvaluatorDep,
    *,
    name: Annotated[str, PathParameter(max_length=63)],
    currency: Text = "",
    dimension: Text = "",
    segment: Text = "",
) -> KpiSeries:
    """The whole days, weeks, months or quarters of a KPI that is watched for drift: what was, and what was expected."""
    # Before anything is looked for: what is not found would tell who there is.
    if dimension in PERSONAL:
        needs_pay(who)
    evaluation = _latest(evaluator)
    where = Where(currency, dimension, segment)
    readings = [reading for reading in evaluation.plan if reading.kpi.name == name]
    found = next((reading for reading in readings if reading.where == where), None)
    if found is None:
        raise NotFound(f"there is no KPI {name}" if not readings else f"{name} has nothing at this place")
    return KpiSeries.of(found)


def reads_pay(who: Principal) -> bool:
    """Whether somebody may read what is near to a person's pay."""
    return READS_PAY in who.scopes


def needs_pay(who: Principal) -> None:
    """Refuse what is about one person to whoever may not read what is near to their pay.

    Raises:
        Forbidden: the key does not have the scope.
    """
    if not reads_pay(who):
        raise Forbidden(f"the key of {who.name} does not have the scope {READS_PAY}, and this is about one person")


def _latest(evaluator: Evaluator) -> Evaluation:
    evaluation = evaluator.latest
    if evaluation is None:
        raise Unavailable(NOT_YET)
    return evaluation
