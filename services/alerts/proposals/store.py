"""The SQL of proposals."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select
from sqlalchemy.dialects.postgresql import insert

from services.alerts.proposals.proposal import EFFECT, Candidate, Decision, Proposal
from services.alerts.proposals.tables import PROPOSAL

_CANDIDATE = [name for name in Candidate.__dataclass_fields__ if name not in ("words", "effect")]
_DECIDED = ("decision", "reason", "decided_by", "decided_at")


def of_alert(connection: Connection, alert_id: str, *, lock: bool = False) -> list[Proposal]:
    """The proposals for an alert, in their order; locked where they are to be changed."""
    wanted = select(PROPOSAL).where(PROPOSAL.c.alert_id == alert_id).order_by(PROPOSAL.c.number)
    if lock:
        # An alert without proposals has no row to lock yet: two who propose at once wait for each other here.
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"proposals/{alert_id}", 0))))
    return [_proposal(row) for row in connection.execute(wanted).mappings()]


def named(connection: Connection, proposal_id: str, *, lock: bool = False) -> Proposal | None:
    """The proposal of an id."""
    alert_id, _, _ = proposal_id.rpartition(".p")
    found = of_alert(connection, alert_id, lock=lock)
    return next((each for each in found if each.proposal_id == proposal_id), None)


def page(connection: Connection, *, alert_id: str | None, decision: Decision | None, limit: int) -> list[Proposal]:
    """Proposals for an alert, or all, the latest proposed first."""
    wanted = select(PROPOSAL).order_by(PROPOSAL.c.proposed_at.desc(), PROPOSAL.c.alert_id, PROPOSAL.c.number)
    if alert_id is not None:
        wanted = wanted.where(PROPOSAL.c.alert_id == alert_id)
    if decision is not None:
        wanted = wanted.where(PROPOSAL.c.decision == decision)
    return [_proposal(row) for row in connection.execute(wanted.limit(limit)).mappings()]


def save(connection: Connection, proposal: Proposal) -> None:
    """Write a proposal in the place of the one of its number."""
    row = _row(proposal)
    changes = {name: value for name, value in row.items() if not PROPOSAL.c[name].primary_key}
    written = insert(PROPOSAL).values(row)
    connection.execute(written.on_conflict_do_update(index_elements=PROPOSAL.primary_key.columns, set_=changes))


def _proposal(row: RowMapping) -> Proposal:
    candidate = Candidate(
        **{name: row[name] for name in _CANDIDATE},
        words=tuple(row["words"]),
        effect=EFFECT.validate_python(row["effect"]),
    )
    decided = {name: row[name] for name in (*_DECIDED, "proposed_by", "proposed_at", "alert_id", "number")}
    return Proposal(candidate=candidate, **decided)


def _row(proposal: Proposal) -> dict[str, Any]:
    fields: dict[str, Any] = asdict(proposal)
    candidate: dict[str, Any] = fields.pop("candidate")
    return (
        fields
        | candidate
        | {
            "words": list(proposal.candidate.words),
            "effect": EFFECT.dump_python(proposal.candidate.effect, mode="json"),
        }
    )
