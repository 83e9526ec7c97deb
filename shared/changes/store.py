"""Changes as rows of a service's own schema: proposed, and decided once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Row, text

from shared.changes.change import Change, ChangeDecided, ChangePending, Decision, NoSuchChange, State, Verdict


def propose(
    connection: Connection,
    *,
    kind: str,
    subject: str,
    body: Mapping[str, Any],
    reason: str,
    by: Sequence[str],
    at: datetime,
) -> Change:
    """Propose a change; the same once more is the change that waits already.

    Raises:
        ChangePending: another change of it waits to be decided.
    """
    said = orjson.dumps(body, option=orjson.OPT_SORT_KEYS).decode()
    connection.execute(_LOCK, {"subject": f"earnest.change/{kind}/{subject}"})
    waits = connection.execute(_WAITING, {"kind": kind, "subject": subject, "body": said}).first()
    if waits is not None:
        pending = _change(waits)
        if waits.same and set(by) <= set(pending.proposed_by):
            return pending
        raise ChangePending(pending)
    row = {"kind": kind, "subject": subject, "body": said, "reason": reason, "by": list(by), "at": at}
    return change(connection, connection.execute(_PROPOSE, row).scalar_one())


def decide(
    connection: Connection, known: Change, *, verdict: Verdict, by: str, reason: str = "", at: datetime
) -> Change:
    """Write what became of a change; it takes effect in the transaction of the caller.

    Raises:
        ChangeDecided, TwoPeople, NotYourChange: see `Change.check_decision`.
    """
    known.check_decision(verdict, by)
    # Of two at the same moment one waits here for the other, and is told.
    row = {"change": known.id, "verdict": verdict, "by": by, "reason": reason, "at": at}
    if connection.execute(_DECIDE, row).rowcount != 1:
        raise ChangeDecided(change(connection, known.id))
    return change(connection, known.id)


def change(connection: Connection, change_id: int) -> Change:
    """A change.

    Raises:
        NoSuchChange: there is none with this id.
    """
    row = connection.execute(_CHANGE, {"id": change_id}).first()
    if row is None:
        raise NoSuchChange(change_id)
    return _change(row)


def changes(
    connection: Connection,
    *,
    state: State | None = None,
    kind: str | None = None,
    subject: str | None = None,
    before: int | None = None,
    limit: int,
) -> list[Change]:
    """Changes, the latest first."""
    asked = {"state": state, "kind": kind, "subject": subject, "before": before, "limit": limit}
    return [_change(row) for row in connection.execute(_CHANGES, asked)]


def _change(row: Row[Any]) -> Change:
    decision = None
    if row.verdict is not None:
        decision = Decision(verdict=row.verdict, by=row.decided_by, at=row.decided_at, reason=row.decision_reason)
    return Change(
        id=row.id,
        kind=row.kind,
        subject=row.subject,
        body=row.body,
        reason=row.reason,
        proposed_by=tuple(row.proposed_by),
        proposed_at=row.proposed_at,
        decision=decision,
    )


_SELECT = """
    select c.*, d.verdict, d.decided_by, d.decided_at, d.reason as decision_reason
    from change c left join change_decision d on d.change = c.id"""

_LOCK = text("select pg_advisory_xact_lock(hashtextextended(:subject, 0))")

_WAITING = text(f"""
    select found.*, found.body = cast(:body as jsonb) as same from ({_SELECT}
        where c.kind = :kind and c.subject = :subject and d.change is null) found""")

_PROPOSE = text("""
    insert into change (kind, subject, body, reason, proposed_by, proposed_at)
    values (:kind, :subject, cast(:body as jsonb), :reason, :by, :at) returning id""")

_DECIDE = text("""
    insert into change_decision (change, verdict, decided_by, decided_at, reason)
    values (:change, :verdict, :by, :at, :reason) on conflict do nothing""")

_CHANGE = text(f"{_SELECT} where c.id = :id")

_CHANGES = text(f"""{_SELECT}
    where coalesce(d.verdict, 'proposed') = coalesce(cast(:state as text), d.verdict, 'proposed')
      and c.kind = coalesce(cast(:kind as text), c.kind)
      and c.subject = coalesce(cast(:subject as text), c.subject)
      and (cast(:before as bigint) is null or c.id < :before)
    order by c.id desc limit :limit""")
