"""Entries of the audit log in the database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, text

from shared.access.audit import EVERYBODY

_FIND: Final = text("""
    select number, at, service, action, actor, key, operation, subject, participants, status, request, detail
    from audit_entry
    where (cast(:before as bigint) is null or number < :before)
      and (cast(:actor as text) is null or actor = :actor)
      and (cast(:action as text) is null or action = :action)
      and (cast(:operation as text) is null or operation = :operation)
      and (cast(:participants as text[]) is null or participants && :participants)
      and (cast(:since as timestamptz) is null or at >= :since)
      and (cast(:until as timestamptz) is null or at < :until)
    order by number desc limit :limit""")


def find(
    connection: Connection,
    *,
    before: int | None = None,
    actor: str | None = None,
    action: str | None = None,
    operation: str | None = None,
    participant: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int,
) -> list[RowMapping]:
    """Entries of which all that is said holds, the newest first; those about everybody are about a participant, too."""
    values: dict[str, Any] = {
        "before": before,
        "actor": actor,
        "action": action,
        "operation": operation,
        "participants": None if participant is None else [participant, EVERYBODY],
        "since": since,
        "until": until,
        "limit": limit,
    }
    return list(connection.execute(_FIND, values).mappings())


def every(connection: Connection, *, page: int, **asked: Any) -> Iterator[RowMapping]:
    """The same without an end, page by page."""
    before: int | None = None
    while rows := find(connection, before=before, limit=page, **asked):
        yield from rows
        before = rows[-1]["number"]
