"""The HTTP interface of payroll: systems fetch released batches and acknowledge them, people deal with what came back.

What is fetched never changes: it is what the manifest was made of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final, Protocol

import structlog
from fastapi import APIRouter, Depends, Header, Path, Query, Response
from sqlalchemy import Connection

from services.payout.deps import EarningsReader, RunsWriter
from services.payout.payroll import store, store_answers
from services.payout.payroll.acknowledgement import mismatches, returned_lines
from services.payout.payroll.batch import BatchLine, ReleasedBatch
from services.payout.payroll.errors import Mismatch
from services.payout.payroll.schemas import (
    AckBody,
    BatchDetail,
    Batches,
    BatchView,
    ReconcileBody,
    ReconciliationView,
    Resolution,
    ReturnedLine,
    ReturnedLines,
)
from shared.access import Principal, require
from shared.deps import ClockDep, EngineDep, SnapshotDep, provided
from shared.http import UNCHANGED, IfModifiedSince, IfNoneMatch, attachment, conditional, next_page
from shared.metrics import PAYROLL_MISMATCHES
from shared.money import MoneyError
from shared.pay.reconciliation import reconcile
from shared.problems import NotFound, Unprocessable

router = APIRouter(tags=["payroll"])

PayrollReader = Annotated[Principal, Depends(require("payroll:read", about="many"))]
PayrollWriter = Annotated[Principal, Depends(require("payroll:write", about="nothing"))]
ID: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
BatchId = Annotated[str, Path(pattern=ID, examples=["run-2026-06-1"])]
FileName = Annotated[str | None, Query(alias="name", max_length=200, description="Another file than the one to import")]
LATEST: Final = 2**63 - 1
"""Above every number of a batch: from the latest on."""
IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="The same for every try of one request",
    ),
]

_logger = structlog.get_logger(__name__)


class AnswerHandler(Protocol):
    """What else an acknowledgement means, done in its transaction: both or neither."""

    def __call__(
        self, connection: Connection, batch: ReleasedBatch, *, lines: Sequence[BatchLine], actor: str, at: datetime
    ) -> None:
        """`lines` are those of the batch that payroll returned."""


@dataclass(frozen=True, slots=True)
class OnAnswer:
    """The handler that the app is made with: payroll knows no runs, and it is runs that an answer moves on."""

    handle: AnswerHandler


OnAnswerDep = Annotated[OnAnswer, Depends(provided(OnAnswer))]


@router.get("/v1/payroll/batches", summary="Released batches")
def list_batches(
    who: PayrollReader,
    snapshot: SnapshotDep,
    run: Annotated[str | None, Query(pattern=ID, examples=["run-2026-06-1"])] = None,
    before: Annotated[int, Query(ge=1, lt=2**63, description="Batches with smaller numbers only")] = LATEST,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Batches:
    """Released batches of the caller's pay groups and legal entities, the latest first."""
    with snapshot.connect() as connection:
        batches = store.batches(connection, who=who, run=run, before=before, limit=limit)
        views = _views(connection, batches)
    return Batches(batches=views, next=next_page(batches, limit, cursor=lambda last: last.number))


@router.get("/v1/payroll/batches/{batch_id}", summary="A released batch with its files")
def show_batch(who: PayrollReader, snapshot: SnapshotDep, batch_id: BatchId) -> BatchDetail:
    """A released batch: its totals, its files, and what payroll said of it."""
    with snapshot.connect() as connection:
        (view,) = _views(connection, [store.batch(connection, batch_id, who=who)])
        return BatchDetail.with_files(view, store.files(connection, batch_id))


@router.get(
    "/v1/payroll/batches/{batch_id}/file", response_class=Response, responses=UNCHANGED, summary="A file of a batch"
)
def fetch_batch_file(
    who: PayrollReader,
    engine: EngineDep,
    clock: ClockDep,
    batch_id: BatchId,
    name: FileName = None,
    if_none_match: IfNoneMatch = None,
    if_modified_since: IfModifiedSince = None,
) -> Response:
    """A file of a batch: the same bytes for ever, their SHA-256 as a strong ETag. Payroll's first fetch is kept, not
    one by who makes runs.
    """
    with engine.begin() as connection:
        batch = store.batch(connection, batch_id, who=who)
        files = store.files(connection, batch_id)
        file = next((file for file in files if name in (None, file.name)), None)
        if file is None:
            raise NotFound(f"batch {batch_id} has no file of that name")
        answer = conditional(
            file.content,
            media_type=file.media_type,
            disposition=attachment(file.name),
            if_none_match=if_none_match,
            if_modified_since=if_modified_since,
            modified=batch.released_at,
        )
        # The alert on cut-offs asks whether payroll has the file. Who makes runs may look at it without being payroll,
        # and whoever is told 304 had it before.
        fetched = answer.status_code == HTTPStatus.OK and "runs:write" not in who.scopes
        if fetched and file is files[0]:
            store_answers.add_pull(connection, batch_id, by=who.name, at=clock())
    return answer


@router.get(
    "/v1/payroll/batches/{batch_id}/manifest",
    response_class=Response,
    responses=UNCHANGED,
    summary="The manifest of a batch",
)
def fetch_batch_manifest(
    who: PayrollReader,
    snapshot: SnapshotDep,
    batch_id: BatchId,
    if_none_match: IfNoneMatch = None,
    if_modified_since: IfModifiedSince = None,
) -> Response:
    """What the files must add up to: counts, control totals, hash total, hashes, and the batch before."""
    with snapshot.connect() as connection:
        batch = store.batch(connection, batch_id, who=who)
        content = store.manifest(connection, batch_id)
    return conditional(
        content,
        media_type="application/json",
        disposition=attachment(f"{batch_id}.manifest.json"),
        if_none_match=if_none_match,
        if_modified_since=if_modified_since,
        modified=batch.released_at,
    )


@router.post("/v1/payroll/batches/{batch_id}/ack", summary="Acknowledge a batch, as payroll")
def acknowledge_batch(
    who: PayrollWriter,
    engine: EngineDep,
    clock: ClockDep,
    on_answer: OnAnswerDep,
    batch_id: BatchId,
    body: AckBody,
    idempotency_key: IdempotencyKey,
) -> BatchView:
    """Say that payroll has the batch: these bytes, this many rows, these totals; and which rows it does not take.

    A mismatch is a conflict and an alert. Rejected rows wait for a person, and can be released again in another batch.
    """
    with engine.begin() as connection:
        batch = store.batch(connection, batch_id, who=who)
        kept = body.model_dump(mode="json")
        if not store_answers.repeated(connection, batch_id, key=idempotency_key, body=kept):
            receipt = body.receipt()
            if fields := mismatches(batch, receipt):
                PAYROLL_MISMATCHES.inc()
                _logger.warning("payroll.mismatch", batch=batch_id, fields=fields, actor=who.name)
                raise Mismatch(batch_id, fields)
            returned = returned_lines(batch_id, receipt, lines=store.lines(connection, batch_id))
            store_answers.acknowledge(
                connection, batch, key=idempotency_key, body=kept, returned=returned, by=who.name, at=clock()
            )
            on_answer.handle(connection, batch, lines=[line for line, _ in returned], actor=who.name, at=clock())
            _logger.info("payroll.acknowledged", batch=batch_id, status=receipt.status, actor=who.name)
        (view,) = _views(connection, [batch])
    return view


@router.get("/v1/payroll/returned", summary="Lines that payroll returned")
def list_returned_lines(who: EarningsReader, snapshot: SnapshotDep) -> ReturnedLines:
    """The lines that payroll returned and nobody has dealt with, the longest waiting first."""
    with snapshot.connect() as connection:
        lines = store_answers.open_lines(connection, who=who)
    return ReturnedLines(lines=[ReturnedLine.of(line) for line in lines])


@router.post("/v1/payroll/returned/resolve", summary="Say what was done about a returned line")
def resolve_returned_line(who: RunsWriter, engine: EngineDep, clock: ClockDep, body: Resolution) -> ReturnedLines:
    """Say what was done about a returned line, and see what still waits. It is paid again by the run that takes it
    up.
    """
    with engine.begin() as connection:
        store.batch(connection, body.batch, who=who)
        store_answers.resolve(connection, body.batch, line=body.line, reason=body.reason, by=who.name, at=clock())
        lines = store_answers.open_lines(connection, who=who)
    _logger.info("payroll.resolved", batch=body.batch, actor=who.name)
    return ReturnedLines(lines=[ReturnedLine.of(line) for line in lines])


@router.post(
    "/v1/payroll/batches/{batch_id}/reconciliation",
    status_code=HTTPStatus.CREATED,
    summary="Compare what payroll paid with a batch",
)
def reconcile_batch(
    who: RunsWriter, engine: EngineDep, clock: ClockDep, batch_id: BatchId, body: ReconcileBody
) -> ReconciliationView:
    """Compare what payroll says it paid with what was released: underpaid, overpaid, missing, unexpected."""
    try:
        paid = body.rows()
    except MoneyError as error:
        raise Unprocessable(str(error)) from None
    with engine.begin() as connection:
        store.batch(connection, batch_id, who=who)
        returned = store_answers.returned_from(connection, batch_id)
        result = reconcile(store.lines(connection, batch_id), paid, returned=returned)
        view = ReconciliationView.of(batch_id, number=0, source=body.source, result=result)
        number = store_answers.add_reconciliation(
            connection, batch_id, source=body.source, result=view.model_dump(mode="json"), by=who.name, at=clock()
        )
    return view.model_copy(update={"number": number})


def _views(connection: Connection, batches: Sequence[ReleasedBatch]) -> list[BatchView]:
    """Batches with what payroll did about them."""
    ids = [batch.id for batch in batches]
    pulls = store_answers.first_pulls(connection, ids)
    acknowledged = store_answers.acknowledgements(connection, ids)
    return [
        BatchView.of(batch, pulled_at=pulls.get(batch.id), acknowledged=acknowledged.get(batch.id)) for batch in batches
    ]
