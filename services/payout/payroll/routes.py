"""The HTTP interface through which payroll systems fetch released batches. What they fetch never changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI, Header, Path, Query, Response
from sqlalchemy import Connection, Engine

from services.payout.payroll import store, store_answers
from services.payout.payroll.batch import ReleasedBatch
from services.payout.payroll.schemas import BatchDetail, Batches, BatchView
from shared.auth import Principal, require
from shared.problems import NotFound

Payroll = Annotated[Principal, Depends(require("payroll:read"))]
ID: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
BatchId = Annotated[str, Path(pattern=ID, examples=["run-2026-06-1"])]
IfNoneMatch = Annotated[str | None, Header(description="ETags that the caller has the bytes of")]
IfModifiedSince = Annotated[
    str | None, Header(description="When the caller fetched it; not looked at with If-None-Match")
]
FileName = Annotated[str | None, Query(alias="name", max_length=200, description="Another file than the one to import")]

_UNCHANGED: Final[dict[int | str, dict[str, Any]]] = {304: {"description": "The caller has these bytes"}}


def add_batches(app: FastAPI, engine: Engine, snapshot: Engine, now: Callable[[], datetime]) -> None:
    """Add the routes; `snapshot` reads everything as of one instant."""

    @app.get("/v1/payroll/batches")
    def list_batches(
        who: Payroll,
        run: Annotated[str | None, Query(pattern=ID, examples=["run-2026-06-1"])] = None,
        before: Annotated[int, Query(ge=1, lt=2**63, description="Batches with smaller numbers only")] = 2**63 - 1,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> Batches:
        """Released batches of the key's pay groups, the latest first."""
        with snapshot.connect() as connection:
            found = store.batches(connection, groups=who.pay_groups, run=run, before=before, limit=limit)
            views = batch_views(connection, found)
        return Batches(batches=views, next=found[-1].number if len(found) == limit else None)

    @app.get("/v1/payroll/batches/{batch_id}")
    def show_batch(who: Payroll, batch_id: BatchId) -> BatchDetail:
        """A released batch: its totals, its files, and what payroll said of it."""
        with snapshot.connect() as connection:
            (view,) = batch_views(connection, [store.batch(connection, batch_id, groups=who.pay_groups)])
            return BatchDetail.with_files(view, store.files(connection, batch_id))

    @app.get("/v1/payroll/batches/{batch_id}/file", response_class=Response, responses=_UNCHANGED)
    def batch_file(
        who: Payroll,
        batch_id: BatchId,
        name: FileName = None,
        if_none_match: IfNoneMatch = None,
        if_modified_since: IfModifiedSince = None,
    ) -> Response:
        """A file of a batch: the same bytes for ever, their SHA-256 as a strong ETag. Payroll's first fetch is kept, not one by who makes runs."""
        with engine.begin() as connection:
            batch = store.batch(connection, batch_id, groups=who.pay_groups)
            files = store.files(connection, batch_id)
            file = next((each for each in files if name in (None, each.name)), None)
            if file is None:
                raise NotFound(f"batch {batch_id} has no file of that name")
            answer = unchanging(
                file.content, file.name, file.media_type, batch.released_at, if_none_match, if_modified_since
            )
            fetched = answer.status_code == HTTPStatus.OK and "runs:write" not in who.scopes
            if fetched and file is files[0]:
                store_answers.add_pull(connection, batch_id, by=who.name, at=now())
        return answer

    @app.get("/v1/payroll/batches/{batch_id}/manifest", response_class=Response, responses=_UNCHANGED)
    def batch_manifest(
        who: Payroll, batch_id: BatchId, if_none_match: IfNoneMatch = None, if_modified_since: IfModifiedSince = None
    ) -> Response:
        """What the files must add up to: counts, control totals, hash total, hashes, and the batch before."""
        with snapshot.connect() as connection:
            batch = store.batch(connection, batch_id, groups=who.pay_groups)
            content = store.manifest(connection, batch_id)
        name = f"{batch_id}.manifest.json"
        return unchanging(content, name, "application/json", batch.released_at, if_none_match, if_modified_since)


def batch_views(connection: Connection, found: list[ReleasedBatch]) -> list[BatchView]:
    """Batches with what payroll did about them."""
    ids = [batch.id for batch in found]
    pulls = store_answers.first_pulls(connection, ids)
    acknowledged = store_answers.acknowledgements(connection, ids)
    return [
        BatchView.of(batch, pulled_at=pulls.get(batch.id), acknowledged=acknowledged.get(batch.id)) for batch in found
    ]


def unchanging(
    content: bytes,
    name: str,
    media_type: str,
    since: datetime,
    if_none_match: str | None,
    if_modified_since: str | None,
) -> Response:
    """Bytes that never change, or 304 to whoever has them already."""
    tag = f'"{sha256(content).hexdigest()}"'
    modified = since.astimezone(UTC).replace(microsecond=0)
    headers = {
        "etag": tag,
        "last-modified": format_datetime(modified, usegmt=True),
        "cache-control": "private, no-cache",
    }
    if if_none_match is not None:
        known = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
        fresh = tag in known or "*" in known
    else:
        fresh = if_modified_since is not None and _instant(if_modified_since) >= modified
    if fresh:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    headers["content-disposition"] = f'attachment; filename="{name}"'
    return Response(content, headers=headers, media_type=media_type)


def _instant(header: str) -> datetime:
    """The instant of a header; one that cannot be read is as good as none, so the very first."""
    try:
        return parsedate_to_datetime(header).astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime.min.replace(tzinfo=UTC)
