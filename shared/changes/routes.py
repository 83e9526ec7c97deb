"""The HTTP interface of changes, the same in every service that has some: which wait, and deciding one.

What a change does when it is approved is said by kind in `Changes`, and done in the transaction of the decision: either
both are, or neither.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Self, TypeAlias

import structlog
from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from shared.access import Principal, Scope, fresh, require
from shared.changes import store
from shared.changes.change import Change, State, Verdict
from shared.deps import ClockDep, EngineDep, SnapshotDep, provided
from shared.http import next_page

Apply: TypeAlias = Callable[[Connection, Change], object]

LARGEST_ID = 2**63 - 1

_logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Changes:
    """What an approved change does, by its kind; in the transaction of the decision, which is written already."""

    kinds: Mapping[str, Apply]


class ChangeView(BaseModel):
    """A change, who proposed it and why, and what became of it."""

    id: int = Field(examples=[17])
    kind: str = Field(examples=["policy"])
    subject: str = Field(examples=["approval/two-steps"])
    state: State
    body: dict[str, Any] = Field(description="What it will be")
    reason: str
    proposed_by: list[str] = Field(examples=[["dana"]])
    proposed_at: datetime
    decided_by: str | None = Field(default=None, examples=["frank"])
    decided_at: datetime | None = None
    decision_reason: str | None = None

    @classmethod
    def of(cls, change: Change, **more: Any) -> Self:
        """A change as it is told, and `more` fields of what is made of it."""
        decision = change.decision
        return cls(
            id=change.id,
            kind=change.kind,
            subject=change.subject,
            state=change.state,
            body=dict(change.body),
            reason=change.reason,
            proposed_by=list(change.proposed_by),
            proposed_at=change.proposed_at,
            decided_by=decision.by if decision else None,
            decided_at=decision.at if decision else None,
            decision_reason=decision.reason if decision else None,
            **more,
        )


class ChangePage(BaseModel):
    """Changes, the latest first."""

    changes: list[ChangeView]
    next: int | None = Field(description="`before` of the page after this one; absent after the last")


class Consent(BaseModel):
    """Words of whoever approves, where there are some."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(default="", max_length=1000, pattern=r"^[^\x00]*$")


class Objection(BaseModel):
    """Why a change is not to be."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=1000, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")


Decider = Annotated[Principal, Depends(fresh(require("changes:approve", about="nothing")))]
ChangesDep = Annotated[Changes, Depends(provided(Changes))]
ChangeId = Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[17])]


def changes_router(*, proposers: tuple[Scope, ...], readers: tuple[Scope, ...] = ()) -> APIRouter:
    """The routes: `proposers` are the scopes of whoever proposes changes here, `readers` those of others who see
    them.
    """
    router = APIRouter(tags=["changes"])
    # Given as defaults: annotations are read where the names of this function are not known.
    proposer, reader = (
        Depends(require(*proposers, about="nothing")),
        Depends(require("changes:approve", *proposers, *readers, about="nothing")),
    )

    @router.get("/v1/changes", summary="Changes that wait or were decided")
    def list_changes(
        snapshot: SnapshotDep,
        state: Annotated[State | None, Query(description="Those of this state; `proposed` wait")] = None,
        kind: Annotated[str | None, Query(max_length=63, pattern=r"^[a-z_]+$")] = None,
        subject: Annotated[str | None, Query(max_length=500, examples=["pay_group/us-sales"])] = None,
        before: Annotated[int | None, Query(ge=1, le=LARGEST_ID, description="Those before this one")] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        _: Principal = reader,
    ) -> ChangePage:
        """Changes, the latest first, a page at a time."""
        with snapshot.connect() as connection:
            found = store.changes(connection, state=state, kind=kind, subject=subject, before=before, limit=limit)
        following = next_page(found, limit, cursor=lambda change: change.id)
        return ChangePage(changes=[ChangeView.of(change) for change in found], next=following)

    @router.get("/v1/changes/{change_id}", summary="A change")
    def show_change(snapshot: SnapshotDep, change_id: ChangeId, _: Principal = reader) -> ChangeView:
        """A change, with all it says."""
        with snapshot.connect() as connection:
            return ChangeView.of(store.change(connection, change_id))

    @router.post("/v1/changes/{change_id}/approve", summary="Approve a change")
    def approve_change(
        who: Decider, engine: EngineDep, clock: ClockDep, changes: ChangesDep, change_id: ChangeId, body: Consent
    ) -> ChangeView:
        """Approve a change that somebody else proposed: it takes effect at once. Where it no longer can, nothing is
        decided, and the answer says why.
        """
        return _decided(engine, clock, changes, change_id=change_id, verdict="approved", who=who, reason=body.reason)

    @router.post("/v1/changes/{change_id}/reject", summary="Reject a change")
    def reject_change(
        who: Decider, engine: EngineDep, clock: ClockDep, changes: ChangesDep, change_id: ChangeId, body: Objection
    ) -> ChangeView:
        """Reject a change that somebody else proposed, with a reason."""
        return _decided(engine, clock, changes, change_id=change_id, verdict="rejected", who=who, reason=body.reason)

    @router.post("/v1/changes/{change_id}/withdraw", summary="Withdraw a change")
    def withdraw_change(
        engine: EngineDep,
        clock: ClockDep,
        changes: ChangesDep,
        change_id: ChangeId,
        body: Objection,
        who: Principal = proposer,
    ) -> ChangeView:
        """Take back a change of one's own that is not decided."""
        return _decided(engine, clock, changes, change_id=change_id, verdict="withdrawn", who=who, reason=body.reason)

    return router


def _decided(
    engine: EngineDep,
    clock: ClockDep,
    changes: Changes,
    *,
    change_id: int,
    verdict: Verdict,
    who: Principal,
    reason: str,
) -> ChangeView:
    with engine.begin() as connection:
        waits = store.change(connection, change_id)
        decided = store.decide(connection, waits, verdict=verdict, by=who.name, reason=reason, at=clock())
        if verdict == "approved":
            changes.kinds[decided.kind](connection, decided)
    _logger.info("change.decided", change=change_id, kind=decided.kind, verdict=verdict, actor=who.name)
    return ChangeView.of(decided)
