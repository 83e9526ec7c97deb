"""The HTTP interface of the general ledger: preview a month, post it, fetch its files, compare it with the ledger of
pay.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

import structlog
from fastapi import APIRouter, Path, Query, Response
from sqlalchemy import Engine

from services.payout.deps import GlReader, RunsWriter
from services.payout.gl import service, store
from services.payout.gl.batch import GlBatch, write_files
from services.payout.gl.errors import NoSuchEntity
from services.payout.gl.formats import FORMATS
from services.payout.gl.journals import numbered
from services.payout.gl.schemas import (
    ENTITY,
    FORMAT,
    GlBatchDetail,
    GlBatches,
    GlBatchView,
    GlEntry,
    GlFormat,
    GlFormats,
    GlPreview,
    GlReconciliation,
    Posting,
)
from services.payout.periods import checked
from shared.contracts.base import PeriodName
from shared.deps import HEAVY, ClockDep, EngineDep, SnapshotDep
from shared.http import UNCHANGED, IfNoneMatch, attachment, conditional
from shared.problems import NotFound

router = APIRouter(prefix="/v1/gl", tags=["general ledger"])

BatchId = Annotated[str, Path(pattern=r"^gl-[0-9]{4}-[0-9]{2}-[0-9]{1,6}$", examples=["gl-2026-06-1"])]
Period = Annotated[PeriodName, Query(examples=["2026-06"])]
Entity = Annotated[
    str, Query(max_length=128, pattern=ENTITY, description="The legal entity; nothing where there are none")
]
FormatName = Annotated[str | None, Query(max_length=40, pattern=FORMAT, description="Instead of the policy's format")]

_logger = structlog.get_logger(__name__)


@router.get("/formats", summary="Files that books take")
def list_gl_formats(_: GlReader) -> GlFormats:
    """The files that books take, with their settings for the policy `gl_accounts`."""
    return GlFormats(formats=[GlFormat.of(form) for form in FORMATS.values()])


@router.get("/preview", dependencies=[HEAVY], summary="What posting a month would write")
def preview_gl_batch(
    _: GlReader, snapshot: SnapshotDep, period: Period, entity: Entity = "", format: FormatName = None
) -> GlPreview:
    """What a batch made now would hold, checked as its file would be; nothing is written."""
    month = checked(period)
    with snapshot.connect() as connection:
        entries, accounts = service.pending(connection, month, entity=entity)
    policy = accounts.policy
    if entries:
        write_files(numbered(1, entries), policy, format_name=format, stem="preview")
    return GlPreview(
        period=month,
        entity=entity,
        format=format or policy.format,
        policy=f"{policy.id} {accounts.version}",
        entries=[GlEntry.of(entry) for entry in entries],
    )


@router.post("/batches", dependencies=[HEAVY], status_code=HTTPStatus.CREATED, summary="Post a month")
def post_gl_batch(
    who: RunsWriter, engine: EngineDep, clock: ClockDep, body: Posting, response: Response
) -> GlBatchDetail:
    """Post a month: a first batch with all of it, later ones with what was booked since. A batch never changes."""
    month, now = checked(body.period), clock()
    if not who.may(entity=body.entity):
        raise NoSuchEntity(body.entity, [])
    with engine.begin() as connection:
        batch = service.post(connection, month, entity=body.entity, format_name=body.format, actor=who.name, now=now)
    _logger.info("gl.posted", batch=batch.id, actor=who.name)
    response.headers["location"] = f"/v1/gl/batches/{batch.id}"
    return GlBatchDetail.of(batch)


@router.get("/batches", summary="Batches of the books")
def list_gl_batches(
    _: GlReader,
    snapshot: SnapshotDep,
    period: Annotated[PeriodName | None, Query(examples=["2026-06"])] = None,
    entity: Annotated[str | None, Query(max_length=128, pattern=ENTITY)] = None,
) -> GlBatches:
    """Batches in the order in which they were made."""
    with snapshot.connect() as connection:
        batches = store.batches(connection, period=period, entity=entity)
    return GlBatches(batches=[GlBatchView.of(batch) for batch in batches])


@router.get("/batches/{batch_id}", summary="A batch with its entries")
def show_gl_batch(_: GlReader, snapshot: SnapshotDep, batch_id: BatchId) -> GlBatchDetail:
    """A batch with its entries."""
    return GlBatchDetail.of(_batch(snapshot, batch_id))


@router.get(
    "/batches/{batch_id}/manifest",
    response_class=Response,
    responses=UNCHANGED,
    summary="The manifest of a batch",
)
def fetch_gl_manifest(
    _: GlReader, snapshot: SnapshotDep, batch_id: BatchId, if_none_match: IfNoneMatch = None
) -> Response:
    """What the files add up to: counts, control totals, hashes, and the batch before. The same bytes for ever."""
    batch = _batch(snapshot, batch_id)
    return conditional(
        batch.manifest,
        media_type="application/json",
        disposition=attachment(f"{batch_id}.manifest.json"),
        if_none_match=if_none_match,
        sha256=batch.sha256,
    )


@router.get(
    "/batches/{batch_id}/files/{part}", response_class=Response, responses=UNCHANGED, summary="A file of a batch"
)
def fetch_gl_file(
    _: GlReader,
    snapshot: SnapshotDep,
    batch_id: BatchId,
    part: Annotated[int, Path(ge=1, le=9999)],
    if_none_match: IfNoneMatch = None,
) -> Response:
    """A file of a batch, the first being 1: the same bytes for ever, their SHA-256 as a strong ETag."""
    batch = _batch(snapshot, batch_id)
    if part > len(batch.files):
        raise NotFound(f"batch {batch_id} has {len(batch.files)} files")
    file = batch.files[part - 1]
    return conditional(
        file.content, media_type=file.media_type, disposition=attachment(file.name), if_none_match=if_none_match
    )


@router.get("/reconciliation", dependencies=[HEAVY], summary="The books against the ledger of pay")
def reconcile_gl(
    _: GlReader,
    snapshot: SnapshotDep,
    period: Period,
    entity: Entity = "",
    tolerance: Annotated[int, Query(ge=0, le=10**9, description="In minor units, per account")] = 0,
) -> GlReconciliation:
    """What was posted of a month against what the ledger of pay has in it, account by account."""
    month = checked(period)
    with snapshot.connect() as connection:
        compared = service.reconciliation(connection, month, entity=entity, tolerance=tolerance)
    return GlReconciliation.of(month, entity, compared=compared)


def _batch(snapshot: Engine, batch_id: str) -> GlBatch:
    with snapshot.connect() as connection:
        batch = store.batch(connection, batch_id)
    if batch is None:
        raise NotFound(f"there is no GL batch {batch_id}")
    return batch
