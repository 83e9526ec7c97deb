"""The HTTP interface of payees: which wait for a second person, and confirming one."""

from __future__ import annotations

from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Path, Query

from services.payout.deps import ChangesApprover, Deps
from services.payout.payees import service
from services.payout.payees.schemas import Confirmation, PayeeFacts, WaitingPayee, WaitingPayees
from shared.access import Principal, require
from shared.changes.routes import ChangeView
from shared.contracts.base import BusinessDate, Identifier
from shared.deps import EngineDep, SnapshotDep
from shared.http import next_page

router = APIRouter(tags=["payees"])

Reader = Annotated[Principal, Depends(require("changes:approve", "runs:write", about="many"))]
ParticipantId = Annotated[Identifier, Path(examples=["ada.brandt"])]

_logger = structlog.get_logger(__name__)


@router.get("/v1/payees/waiting", summary="Payees that wait to be confirmed")
def list_waiting_payees(
    _: Reader,
    snapshot: SnapshotDep,
    deps: Deps,
    on: Annotated[BusinessDate | None, Query(description="As of this day; today unless said")] = None,
    after: Annotated[str, Query(max_length=200, description="Those after this participant")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> WaitingPayees:
    """Payees of whom the roster says something else than was confirmed, a page at a time: runs pay them as before."""
    with snapshot.connect() as connection:
        found = service.waiting(connection, on or deps.today(), after=after, limit=limit)
    payees = [
        WaitingPayee(
            participant_id=who,
            confirmed=PayeeFacts(**confirmed.facts),
            payee=PayeeFacts(**said.facts),
            set_by=list(said.set_by),
        )
        for who, confirmed, said in found
    ]
    return WaitingPayees(payees=payees, next=next_page(found, limit, cursor=lambda one: one.participant_id))


@router.post("/v1/payees/{participant_id:path}/confirm", summary="Confirm a payee")
def confirm_payee(
    who: ChangesApprover, engine: EngineDep, deps: Deps, participant_id: ParticipantId, body: Confirmation
) -> ChangeView:
    """Confirm where somebody's pay goes as the roster has it: the next run pays so. Whoever said any of it cannot."""
    with engine.begin() as connection:
        change = service.confirm(
            connection,
            participant_id,
            day=body.on or deps.today(),
            seen=body.payee.said,
            by=who.name,
            reason=body.reason,
            at=deps.now(),
        )
    _logger.info("payee.confirmed", participant=participant_id, change=change.id, actor=who.name)
    return ChangeView.of(change)
