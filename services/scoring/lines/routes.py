"""The lines of a month in bulk, over HTTP as a stream of Arrow record batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import Engine

from services.scoring.deps import SEES_EVERYBODY, AppResources, MonthParam, ReferenceDep, Resources
from services.scoring.lines.arrow_stream import framed
from services.scoring.lines.bulk import lines_of
from services.scoring.lines.schemas import LinesRequest
from services.scoring.lines.service import read_month
from services.scoring.reference.store import ReferenceDataCache
from shared.contracts import lines as contract
from shared.deps import HEAVY, SnapshotDep
from shared.periods import Month

router = APIRouter(prefix="/v1/lines", tags=["lines"], dependencies=[SEES_EVERYBODY])

_ANSWER: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Arrow IPC stream, a row per participant (`shared/contracts/lines.py`); amounts are minor units",
        "content": {contract.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get(
    "",
    dependencies=[HEAVY],
    response_class=StreamingResponse,
    responses=_ANSWER,
    summary="Stream the lines of a month",
)
def get_lines(
    snapshot: SnapshotDep,
    reference: ReferenceDep,
    *,
    resources: Resources,
    period: MonthParam,
) -> Response:
    """Who earned what by which deal in a month: everyone."""
    return _streamed(snapshot, reference, resources=resources, period=period, participants=None)


@router.post(
    "",
    dependencies=[HEAVY],
    response_class=StreamingResponse,
    responses=_ANSWER,
    summary="Stream the lines of some participants in a month",
)
def find_lines(
    snapshot: SnapshotDep, reference: ReferenceDep, *, resources: Resources, request: LinesRequest
) -> Response:
    """The same of those who are named; whoever has no earnings in the month is left out."""
    return _streamed(
        snapshot,
        reference,
        resources=resources,
        period=request.period,
        participants=sorted(set(request.participants)),
    )


def _streamed(
    snapshot: Engine,
    reference: ReferenceDataCache,
    *,
    resources: AppResources,
    period: Month,
    participants: Sequence[str] | None,
) -> Response:
    with snapshot.connect() as connection:
        month = read_month(connection, reference, period=period, participants=participants)
    # What could fail has been done before the first byte: later a reader would get half an answer, with status 200. And
    # no connection is kept while the reader takes its time.
    return StreamingResponse(framed(lines_of(month, resources.guarded)), media_type=contract.MEDIA_TYPE)
