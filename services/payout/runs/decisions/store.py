"""What people decide about pay: holds and releases, dismissed clawbacks, manual adjustments. Only added to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, insert, text

from services.payout.runs import tables
from services.payout.runs.decisions.model import Adjustment, AdjustmentDecision, Contribution, HoldDecision
from shared.changes import State
from shared.pay.terms.words.release import Hold


def hold_decisions(connection: Connection) -> list[HoldDecision]:
    """All holds, also those that were released, with who did what, in the order in which they were put on."""
    return [
        HoldDecision(
            hold=Hold(**{name: getattr(row, name) for name in Hold.__slots__}),
            dispute=row.dispute,
            actor=row.actor,
            at=row.at,
            released_by=row.released_by,
            release_reason=row.release_reason,
        )
        for row in connection.execute(_HOLDS)
    ]


def add_hold(connection: Connection, hold: Hold, *, dispute: bool, actor: str, at: datetime) -> None:
    """Put on a hold.

    Raises:
        sqlalchemy.exc.IntegrityError: there is one of this id.
    """
    # Its release is a row of another table: holds are only ever added to.
    facts = {name: getattr(hold, name) for name in Hold.__slots__ if name != "released_on"}
    connection.execute(insert(tables.hold).values(**facts, dispute=dispute, actor=actor, at=at))


def release_hold(connection: Connection, hold_id: str, *, on: date, reason: str, actor: str, at: datetime) -> None:
    """Release a hold.

    Raises:
        sqlalchemy.exc.IntegrityError: there is no such hold, or it is released.
    """
    connection.execute(
        insert(tables.hold_release).values(hold=hold_id, released_on=on, reason=reason, actor=actor, at=at)
    )


def dismissed_clawbacks(connection: Connection) -> frozenset[tuple[str, str]]:
    """Participants and deals whose clawback an approver dismissed."""
    return frozenset(
        tuple(row) for row in connection.execute(text("select participant_id, deal_id from clawback_dismissal"))
    )


def dismiss_clawback(
    connection: Connection, *, participant_id: str, deal_id: str, reason: str, actor: str, at: datetime
) -> bool:
    """Dismiss the clawback of a deal; False where it is dismissed already."""
    row = {"participant_id": participant_id, "deal_id": deal_id, "reason": reason, "actor": actor, "at": at}
    return connection.execute(_DISMISS, row).rowcount == 1


def add_adjustment(connection: Connection, adjustment: Adjustment, *, attachment: bytes, change: int) -> None:
    """Write an adjustment that is proposed by a change, with its attachment."""
    row = {**adjustment._asdict(), "attachment": attachment, "change": change}
    connection.execute(insert(tables.adjustment).values(row))


def adjustments(connection: Connection, participant_id: str | None = None) -> Sequence[AdjustmentDecision]:
    """Adjustments, of one participant or of all, in order."""
    rows = connection.execute(_ADJUSTMENTS, {"participant": participant_id, "change": None})
    return [_adjustment(row) for row in rows]


def adjustment_of(connection: Connection, change: int) -> Adjustment:
    """The adjustment that a change proposes."""
    rows = connection.execute(_ADJUSTMENTS, {"participant": None, "change": change})
    return _adjustment(rows.one()).adjustment


def _adjustment(row: Row[Any]) -> AdjustmentDecision:
    facts = {name: getattr(row, name) for name in Adjustment._fields}
    state: State = "approved" if row.change is None else row.verdict or "proposed"
    return AdjustmentDecision(Adjustment(**facts), row.change, state, row.decided_by)


def attachment(connection: Connection, adjustment: UUID) -> bytes | None:
    """What an adjustment rests on; None where there is no such adjustment."""
    content = connection.execute(_ATTACHMENT, {"id": adjustment}).scalar()
    return None if content is None else bytes(content)


def contributions(connection: Connection) -> list[Contribution]:
    """Who put on holds, released them and dismissed clawbacks."""
    return [Contribution(*row) for row in connection.execute(_CONTRIBUTIONS)]


_HOLDS = text("""
    select h.id, scope, subject, since, h.reason, until, until_collected, r.released_on, dispute, h.actor, h.at,
        r.actor as released_by, r.reason as release_reason
    from hold h left join hold_release r on r.hold = h.id order by h.number""")

_DISMISS = text("""
    insert into clawback_dismissal (participant_id, deal_id, reason, actor, at)
    values (:participant_id, :deal_id, :reason, :actor, :at) on conflict do nothing""")

_ADJUSTMENTS = text("""
    select id, participant_id, currency, amount, month, a.reason, attachment_name, attachment_sha256, actor, at,
        a.change, d.verdict, d.decided_by
    from adjustment a left join change_decision d on d.change = a.change
    where (cast(:participant as text) is null or participant_id = :participant)
      and (cast(:change as bigint) is null or a.change = :change)
    order by number""")

_ATTACHMENT = text("select attachment from adjustment where id = :id")

# Who put on a hold contributes as long as it may hold, and again when it was released: `at` is the later of the two.
# Who released it contributes by what is paid since.
_CONTRIBUTIONS = text("""
    select h.actor, 'hold', scope, subject, null, greatest(h.at, r.at), r.released_on
    from hold h left join hold_release r on r.hold = h.id
    union all
    select r.actor, 'hold', scope, subject, null, r.at, r.released_on from hold_release r join hold h on h.id = r.hold
    union all
    select actor, 'clawback', 'participant', participant_id, deal_id, at, null from clawback_dismissal""")
