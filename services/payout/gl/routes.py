"""The HTTP interface of the general ledger: preview a month, post it, fetch its files, compare it with the ledger of
pay.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Path, Query, Response
from sqlalchemy import Connection, Engine

from services.payout.deps import GlReader, RunsWriter
from services.payout.gl import batch as gl_batch
from services.payout.gl import store
from services.payout.gl.batch import GlBatch
from services.payout.gl.entry import JournalEntry, NotBookable
from services.payout.gl.errors import CannotPost, NoAccounts, NoSuchEntity, NothingToPost
from services.payout.gl.formats import FORMATS
from services.payout.gl.journals import difference, entries, numbered
from services.payout.gl.policy import DEFAULT, GlAccounts
from services.payout.gl.reconciliation import reconcile
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
from services.payout.policies import store as policies
from services.payout.policies.store_referents import legal_entities
from shared.contracts.base import PeriodName
from shared.deps import ClockDep, EngineDep, SnapshotDep
from shared.http import UNCHANGED, IfNoneMatch, attachment, conditional
from shared.pay.policy import Version, in_force
from shared.periods import Month, last_day
from shared.problems import NotFound

router = APIRouter(tags=["general ledger"])

BatchId = Annotated[str, Path(pattern=r"^gl-[0-9]{4}-[0-9]{2}-[0-9]{1,6}$", examples=["gl-2026-06-1"])]
Period = Annotated[PeriodName, Query(examples=["2026-06"])]
Entity = Annotated[
    str, Query(max_length=128, pattern=ENTITY, description="The legal entity; nothing where there are none")
]
FormatName = Annotated[str | None, Query(max_length=40, pattern=FORMAT, description="Instead of the policy's format")]

_logger = structlog.get_logger(__name__)


@router.get("/v1/gl/formats", summary="Files that books take")
def list_gl_formats(_: GlReader) -> GlFormats:
    """The files that books take, with their settings for the policy `gl_accounts`."""
    return GlFormats(formats=[GlFormat.of(form) for form in FORMATS.values()])


@router.get("/v1/gl/preview", summary="What posting a month would write")
def preview_gl_batch(
    _: GlReader, snapshot: SnapshotDep, period: Period, entity: Entity = "", format: FormatName = None
) -> GlPreview:
    """What a batch made now would hold, checked as its file would be; nothing is written."""
    with snapshot.connect() as connection:
        pending, version = _pending(connection, checked(period), entity=entity)
    policy = _accounts(version)
    if pending:
        gl_batch.write_files(numbered(1, pending), policy, format_name=format, stem="preview")
    return GlPreview(
        period=period,
        entity=entity,
        format=format or policy.format,
        policy=f"{policy.id} {version.version}",
        entries=[GlEntry.of(entry) for entry in pending],
    )


@router.post("/v1/gl/batches", status_code=HTTPStatus.CREATED, summary="Post a month")
def post_gl_batch(
    who: RunsWriter, engine: EngineDep, clock: ClockDep, body: Posting, response: Response
) -> GlBatchDetail:
    """Post a month: a first batch with all of it, later ones with what was booked since. A batch never changes."""
    now = clock()
    with engine.begin() as connection:
        # Before anything is read: what is pending is what no batch has, and that of a moment ago may just be posted.
        store.lock_batches(connection)
        pending, version = _pending(connection, checked(body.period), entity=body.entity)
        if not pending:
            raise NothingToPost(body.period, body.entity)
        made = gl_batch.write(
            pending,
            _accounts(version),
            policy_version=version.version,
            number=store.batches_made(connection, body.period) + 1,
            format_name=body.format,
            actor=who.name,
            now=now,
            previous=store.last(connection),
        )
        store.add(connection, made)
    _logger.info("gl.posted", batch=made.id, actor=who.name)
    response.headers["location"] = f"/v1/gl/batches/{made.id}"
    return GlBatchDetail.of(made)


@router.get("/v1/gl/batches", summary="Batches of the books")
def list_gl_batches(
    _: GlReader,
    snapshot: SnapshotDep,
    period: Annotated[PeriodName | None, Query(examples=["2026-06"])] = None,
    entity: Annotated[str | None, Query(max_length=128, pattern=ENTITY)] = None,
) -> GlBatches:
    """Batches in the order in which they were made."""
    with snapshot.connect() as connection:
        made = store.batches(connection, period=period, entity=entity)
    return GlBatches(batches=[GlBatchView.of(batch) for batch in made])


@router.get("/v1/gl/batches/{batch_id}", summary="A batch with its entries")
def show_gl_batch(_: GlReader, snapshot: SnapshotDep, batch_id: BatchId) -> GlBatchDetail:
    """A batch with its entries."""
    return GlBatchDetail.of(_batch(snapshot, batch_id))


@router.get(
    "/v1/gl/batches/{batch_id}/manifest",
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
    "/v1/gl/batches/{batch_id}/files/{part}", response_class=Response, responses=UNCHANGED, summary="A file of a batch"
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


@router.get("/v1/gl/reconciliation", summary="The books against the ledger of pay")
def reconcile_gl(
    _: GlReader,
    snapshot: SnapshotDep,
    period: Period,
    entity: Entity = "",
    tolerance: Annotated[int, Query(ge=0, le=10**9, description="In minor units, per account")] = 0,
) -> GlReconciliation:
    """What was posted of a month against what the ledger of pay has in it, account by account."""
    with snapshot.connect() as connection:
        rows = [row for row in store.postings(connection, checked(period)) if row.entity == entity]
        posted = _posted(connection, period, entity=entity)
        if not rows and not posted:
            _check_entity(connection, entity)
    return GlReconciliation.of(period, entity, compared=reconcile(rows, posted, tolerance=tolerance))


def _batch(snapshot: Engine, batch_id: str) -> GlBatch:
    with snapshot.connect() as connection:
        batch = store.batch(connection, batch_id)
    if batch is None:
        raise NotFound(f"there is no GL batch {batch_id}")
    return batch


def _posted(connection: Connection, period: Month, *, entity: str) -> list[JournalEntry]:
    batches = store.batches(connection, period=period, entity=entity)
    return [entry for batch in batches for entry in batch.entries]


def _pending(connection: Connection, period: Month, *, entity: str) -> tuple[list[JournalEntry], Version]:
    """What of a month no batch of the entity has, and the policy of its books at the month's end."""
    every = policies.versions(connection, "gl_accounts")

    def version_of(name: str) -> Version:
        # As of the month's end, not today: posting a month again next year follows the books as they were.
        for wanted in (name, DEFAULT):
            versions = [version for version in every if version.policy.id == wanted]
            if (version := in_force(versions, last_day(period))) is not None:
                return version
        if name == entity:
            _check_entity(connection, entity)
        raise NoAccounts(name, period)

    version = version_of(entity)
    # Sums over persons unless the books show them: fewer rows, and no names leave the ledger that nobody asked for.
    persons = any(dimension.source == "participant" for dimension in _accounts(version).dimensions)
    rows = store.postings(connection, period, persons=persons)
    try:
        costs = store.contract_costs(connection, period)
        booked = entries(rows, lambda name: _accounts(version_of(name)), costs=costs, entity=entity)
        pending = difference(booked, _posted(connection, period, entity=entity))
    except NotBookable as error:
        raise CannotPost(str(error)) from None
    # Nothing is pending of an entity that does not exist either, and a slip in its name must not look like a month well
    # posted.
    if not pending:
        _check_entity(connection, entity)
    return pending, version


def _check_entity(connection: Connection, entity: str) -> None:
    """What finds nothing may have asked for something that is not there.

    Raises:
        NoSuchEntity: nobody was ever put in it, nothing booked for it, and it has no books, though there are others.
    """
    known = {*store.entities(connection), *legal_entities(connection)}
    named = any(version.policy.id == entity for version in policies.versions(connection, "gl_accounts"))
    if (entity or known) and entity not in known and not named:
        raise NoSuchEntity(entity, sorted(known))


def _accounts(version: Version) -> GlAccounts:
    policy: Any = version.policy
    if not isinstance(policy, GlAccounts):
        raise TypeError(policy)
    return policy
