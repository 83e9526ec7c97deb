"""The HTTP interface of the general ledger: look at a month, post it, fetch what was posted, compare it with the ledger of pay."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

import structlog
from fastapi import Depends, FastAPI, Header, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Engine

from services.payout.exports.http import immutable
from services.payout.gl import batch as domain
from services.payout.gl import store
from services.payout.gl.batch import Batch, RefusedByTheBooks
from services.payout.gl.entry import Entry
from services.payout.gl.errors import CannotPost, NoAccounts, NoSuchEntity, NothingToPost
from services.payout.gl.formats import FORMATS
from services.payout.gl.journals import difference, entries, numbered
from services.payout.gl.policy import GlAccounts
from services.payout.gl.reconcile import reconcile
from services.payout.gl.schemas import (
    GlBatchDetail,
    GlBatches,
    GlBatchView,
    GlEntry,
    GlFormat,
    GlFormats,
    GlPreview,
    GlReconciliation,
)
from services.payout.periods import checked
from services.payout.policies import store as policies
from services.payout.policies.referents import legal_entities
from shared.auth import Principal, require
from shared.contracts.base import IDENTIFIER, PeriodName
from shared.pay.policy import Version, in_force
from shared.periods import last_day
from shared.problems import NotFound

Reader = Annotated[Principal, Depends(require("gl:read"))]
Writer = Annotated[Principal, Depends(require("runs:write"))]
BatchId = Annotated[str, Path(pattern=r"^gl-[0-9]{4}-[0-9]{2}-[0-9]{1,6}$", examples=["gl-2026-06-1"])]
Period = Annotated[PeriodName, Query(examples=["2026-06"])]
ENTITY = f"^({IDENTIFIER[1:-1]})?$"
FORMAT = r"^[a-z][a-z-]*$"
Entity = Annotated[
    str, Query(max_length=128, pattern=ENTITY, description="The legal entity; nothing where there are none")
]
FormatName = Annotated[str | None, Query(max_length=40, pattern=FORMAT, description="Instead of the policy's format")]
IfNoneMatch = Annotated[str | None, Header(description="An ETag that the caller has the bytes of")]

_logger = structlog.get_logger(__name__)


class Posting(BaseModel):
    """What to post: everything booked in a month for an entity that no earlier batch has."""

    model_config = ConfigDict(extra="forbid")

    period: PeriodName = Field(examples=["2026-06"])
    entity: str = Field(default="", max_length=128, pattern=ENTITY, examples=["acme-inc"])
    format: str | None = Field(default=None, max_length=40, pattern=FORMAT, examples=["beancount"])


def add_gl(app: FastAPI, engine: Engine, snapshot: Engine, now: Callable[[], datetime]) -> None:
    """Add the routes of the general ledger; `snapshot` reads everything as of one instant."""

    @app.get("/v1/gl/formats")
    def formats(_: Reader) -> GlFormats:
        """The files that books take, with their settings for the policy `gl_accounts`."""
        return GlFormats(formats=[GlFormat.of(form) for form in FORMATS.values()])

    @app.get("/v1/gl/preview")
    def preview(_: Reader, period: Period, entity: Entity = "", format: FormatName = None) -> GlPreview:
        """What a batch made now would hold, checked as its file would be; nothing is written."""
        with snapshot.connect() as connection:
            pending, version = _pending(connection, checked(period), entity)
        policy = _accounts(version)
        if pending:
            domain.written(numbered(1, pending), policy, format, "preview")
        return GlPreview(
            period=period,
            entity=entity,
            format=format or policy.format,
            policy=f"{policy.id} {version.version}",
            entries=[GlEntry.of(entry) for entry in pending],
        )

    @app.post("/v1/gl/batches", status_code=HTTPStatus.CREATED)
    def post(who: Writer, body: Posting, response: Response) -> GlBatchDetail:
        """Post a month: a first batch with all of it, later ones with what was booked since. A batch never changes."""
        at = now()
        with engine.begin() as connection:
            store.hold(connection)
            pending, version = _pending(connection, checked(body.period), body.entity)
            if not pending:
                raise NothingToPost(body.period, body.entity)
            number = store.batches_made(connection, body.period) + 1
            previous, policy = store.last(connection), _accounts(version)
            made = domain.batch(pending, policy, version.version, number, body.format, who.name, at, previous)
            store.add(connection, made)
        _logger.info("gl.posted", batch=made.id, actor=who.name)
        response.headers["location"] = f"/v1/gl/batches/{made.id}"
        return GlBatchDetail.of(made)

    @app.get("/v1/gl/batches")
    def list_gl_batches(
        _: Reader,
        period: Annotated[PeriodName | None, Query(examples=["2026-06"])] = None,
        entity: Annotated[str | None, Query(max_length=128, pattern=ENTITY)] = None,
    ) -> GlBatches:
        """Batches in the order in which they were made."""
        with snapshot.connect() as connection:
            return GlBatches(batches=[GlBatchView.of(each) for each in store.batches(connection, period, entity)])

    @app.get("/v1/gl/batches/{batch_id}")
    def show_gl_batch(_: Reader, batch_id: BatchId) -> GlBatchDetail:
        """A batch with its entries."""
        return GlBatchDetail.of(_found(snapshot, batch_id))

    @app.get("/v1/gl/batches/{batch_id}/manifest", response_class=Response)
    def manifest(_: Reader, batch_id: BatchId, if_none_match: IfNoneMatch = None) -> Response:
        """What the files add up to: counts, control totals, hashes, and the batch before. The same bytes for ever."""
        content = _found(snapshot, batch_id).manifest
        return immutable(content, f"{batch_id}.manifest.json", "application/json", if_none_match)

    @app.get("/v1/gl/batches/{batch_id}/files/{part}", response_class=Response)
    def file(
        _: Reader, batch_id: BatchId, part: Annotated[int, Path(ge=1, le=9999)], if_none_match: IfNoneMatch = None
    ) -> Response:
        """A file of a batch, the first being 1: the same bytes for ever, their SHA-256 as a strong ETag."""
        batch = _found(snapshot, batch_id)
        if part > len(batch.files):
            raise NotFound(f"batch {batch_id} has {len(batch.files)} files")
        found = batch.files[part - 1]
        return immutable(found.content, found.name, FORMATS[batch.format].media_type, if_none_match)

    @app.get("/v1/gl/reconciliation")
    def compare(
        _: Reader,
        period: Period,
        entity: Entity = "",
        tolerance: Annotated[int, Query(ge=0, le=10**9, description="In minor units, per account")] = 0,
    ) -> GlReconciliation:
        """What was posted of a month against what the ledger of pay has in it, account by account."""
        with snapshot.connect() as connection:
            rows = [row for row in store.postings(connection, checked(period)) if row.entity == entity]
            posted = [entry for each in store.batches(connection, period, entity) for entry in each.entries]
            if not rows and not posted:
                _check_entity(connection, entity)
        return GlReconciliation.of(period, entity, reconcile(rows, posted, tolerance))


def _found(snapshot: Engine, batch_id: str) -> Batch:
    with snapshot.connect() as connection:
        found = store.batch(connection, batch_id)
    if found is None:
        raise NotFound(f"there is no GL batch {batch_id}")
    return found


def _pending(connection: Connection, period: str, entity: str) -> tuple[list[Entry], Version]:
    """What of a month no batch of the entity has, and the policy of its books at the month's end."""
    every = policies.versions(connection, "gl_accounts")

    def version_of(name: str) -> Version:
        for wanted in (name, "default"):
            versions = [each for each in every if each.policy.id == wanted]
            if (found := in_force(versions, last_day(period))) is not None:
                return found
        if name == entity:
            _check_entity(connection, entity)
        raise NoAccounts(name, period)

    version = version_of(entity)
    persons = any(dimension.source == "participant" for dimension in _accounts(version).dimensions)
    rows = store.postings(connection, period, persons)
    issued = [entry for each in store.batches(connection, period, entity) for entry in each.entries]
    try:
        costs = store.contract_costs(connection, period)
        now = entries(rows, lambda name: _accounts(version_of(name)), costs, entity)
        pending = difference(now, issued)
    except RefusedByTheBooks as refused:
        raise CannotPost(str(refused)) from None
    if not pending:
        _check_entity(connection, entity)
    return pending, version


def _check_entity(connection: Connection, entity: str) -> None:
    """What finds nothing may have asked for something that is not there.

    Raises:
        NoSuchEntity: nobody was ever put in it, nothing booked for it, and it has no books, though there are others.
    """
    known = {*store.entities(connection), *legal_entities(connection)}
    named = any(each.policy.id == entity for each in policies.versions(connection, "gl_accounts"))
    if (entity or known) and entity not in known and not named:
        raise NoSuchEntity(entity, sorted(known))


def _accounts(version: Version) -> GlAccounts:
    policy: Any = version.policy
    if not isinstance(policy, GlAccounts):
        raise TypeError(policy)
    return policy
