"""The HTTP interface of the audit log: search it, take it out, and see who looked at one's own pay."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from services.access.audit import store
from services.access.audit.schemas import Entries, EntryView, Look, Looks
from shared.access import Principal, require
from shared.access.audit import EVERYBODY, SEEN, Action
from shared.access.require import somebody
from shared.deps import SnapshotDep
from shared.problems import NotFound

router = APIRouter(prefix="/v1/audit", tags=["audit log"])
TAGS = {"audit log": "Who was refused, who looked at whose pay, who took what out, who did what."}

PAGE: Final = 1000
Auditor = Annotated[Principal, Depends(require("audit:read", about="nothing"))]
Name = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]
Before = Annotated[int | None, Query(ge=1, lt=2**63, description="Entries before this number")]
Limit = Annotated[int, Query(ge=1, le=500)]


@router.get("", summary="Search the audit log")
def search_audit_log(
    _: Auditor,
    snapshot: SnapshotDep,
    *,
    actor: Name = None,
    action: Action | None = None,
    operation: Name = None,
    participant: Name = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    before: Before = None,
    limit: Limit = 100,
) -> Entries:
    """Entries of which all that is asked for holds, the newest first."""
    with snapshot.connect() as connection:
        rows = store.find(
            connection,
            before=before,
            actor=actor,
            action=action,
            operation=operation,
            participant=participant,
            since=since,
            until=until,
            limit=limit,
        )
    entries = [EntryView.model_validate(dict(row)) for row in rows]
    return Entries(entries=entries, next=entries[-1].number if len(entries) == limit else None)


@router.get("/export", summary="Take out the audit log", response_class=StreamingResponse)
def export_audit_log(
    _: Auditor, snapshot: SnapshotDep, since: AwareDatetime | None = None, until: AwareDatetime | None = None
) -> StreamingResponse:
    """All entries of a time as JSON, one in a line, the newest first."""
    headers = {"content-disposition": 'attachment; filename="audit.jsonl"', "cache-control": "no-store"}
    return StreamingResponse(
        _lines(snapshot, since=since, until=until), media_type="application/jsonl", headers=headers
    )


@router.get("/mine", summary="Who looked at my pay")
def list_looks_at_me(
    who: Annotated[Principal, Depends(somebody)],
    snapshot: SnapshotDep,
    before: Before = None,
    limit: Limit = 100,
) -> Looks:
    """Who looked at the caller's pay, the newest first. Lists of everybody whom somebody may see count, too.

    Whoever is not on the roster has no pay to look at.
    """
    if who.participant is None:
        raise NotFound("nobody of the roster goes by your name")
    with snapshot.connect() as connection:
        rows = store.find(connection, participant=who.participant, before=before, limit=limit)
    looks = [
        Look(
            at=row["at"],
            who=row["actor"],
            what=row["operation"],
            everybody=EVERYBODY in row["participants"],
            exported=row["action"] == "exported",
        )
        for row in rows
        if row["action"] in SEEN
    ]
    return Looks(looks=looks, next=rows[-1]["number"] if len(rows) == limit else None)


def _lines(snapshot: SnapshotDep, *, since: datetime | None, until: datetime | None) -> Iterator[bytes]:
    with snapshot.connect() as connection:
        for row in store.every(connection, page=PAGE, since=since, until=until):
            yield orjson.dumps(dict(row)) + b"\n"
