"""The SQL of proposals."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from services.alerts.proposals.proposal import EFFECT, FILES, Candidate, Decision, Proposal
from services.alerts.proposals.published import Quotas, Versions
from services.alerts.proposals.tables import PROPOSAL, PUBLISHED, QUOTA
from shared.columns import arrays, insert_rows, is_any

_CANDIDATE = [name for name in Candidate.__dataclass_fields__ if name not in ("plans", "words", "files", "effect")]
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


def accepted(connection: Connection) -> list[Proposal]:
    """Every proposal that was accepted, the first one first."""
    wanted = select(PROPOSAL).where(PROPOSAL.c.decision == "accepted").order_by(PROPOSAL.c.decided_at)
    return [_proposal(row) for row in connection.execute(wanted).mappings()]


def remove(connection: Connection, proposal: Proposal) -> None:
    """Remove a proposal, in the place of which another one is offered."""
    mine = (PROPOSAL.c.alert_id == proposal.alert_id) & (PROPOSAL.c.number == proposal.number)
    connection.execute(delete(PROPOSAL).where(mine))


def note_versions(connection: Connection, versions: Versions) -> None:
    """Keep plan versions that were published; one that is known stays as it is."""
    rows = [(*version, day) for version, day in sorted(versions.items())]
    if rows:
        connection.execute(_NOTE_VERSIONS, arrays(PUBLISHED.c.keys(), rows))


def note_quotas(connection: Connection, quotas: Iterable[tuple[str, str]]) -> None:
    """Keep of whom the roster says a quota, and from when on."""
    rows = sorted(quotas)
    if rows:
        connection.execute(_NOTE_QUOTAS, arrays(QUOTA.c.keys(), rows))


def versions(connection: Connection) -> dict[tuple[str, int], date]:
    """Every published plan version, with the day from which it holds."""
    return {(plan, version): day for plan, version, day in connection.execute(select(PUBLISHED)).all()}


def quotas(connection: Connection, participants: Collection[str]) -> Quotas:
    """The dated quotas that the roster says of participants."""
    if not participants:
        return set()
    found = connection.execute(
        select(QUOTA).where(is_any(QUOTA.c.participant_id, "ids")), {"ids": sorted(participants)}
    )
    return {(who, path) for who, path in found.all()}


def _proposal(row: RowMapping) -> Proposal:
    candidate = Candidate(
        **{name: row[name] for name in _CANDIDATE},
        plans=tuple(row["plans"]),
        words=tuple(row["words"]),
        files=FILES.validate_python(row["files"]),
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
            "plans": list(proposal.candidate.plans),
            "words": list(proposal.candidate.words),
            "files": FILES.dump_python(proposal.candidate.files, mode="json"),
            "effect": EFFECT.dump_python(proposal.candidate.effect, mode="json"),
        }
    )


_NOTE_VERSIONS = insert_rows(PUBLISHED, PUBLISHED.c.keys()).on_conflict_do_nothing()
_NOTE_QUOTAS = insert_rows(QUOTA, QUOTA.c.keys()).on_conflict_do_nothing()
