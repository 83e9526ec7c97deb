"""The HTTP interface of what people decide about pay: holds, manual adjustments, dismissed clawbacks. Each names a
reason and its author.
"""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Path, Query, Response

from services.payout.deps import CallersDep, Deps, EarningsReader, RunsApprover, TermsWriter
from services.payout.errors import NoSuchDecision
from services.payout.periods import checked
from services.payout.roster import store as roster
from services.payout.runs.decisions import service, store
from services.payout.runs.decisions.model import Adjustment
from services.payout.runs.decisions.schemas import (
    Adjustments,
    AdjustmentView,
    Dismissal,
    Holds,
    HoldView,
    NewAdjustment,
    NewHold,
    Release,
)
from shared.changes.routes import ChangeView
from shared.contracts.base import Identifier
from shared.deps import SnapshotDep
from shared.money import MoneyError, to_minor
from shared.pay.terms.words.release import Hold
from shared.problems import Unprocessable

router = APIRouter(tags=["decisions"])

HoldId = Annotated[Identifier, Path(examples=["hold-2026-117"])]
DealId = Annotated[Identifier, Path(examples=["D-1042"])]

_logger = structlog.get_logger(__name__)


@router.post("/v1/holds", status_code=HTTPStatus.CREATED, summary="Put pay on hold")
def put_on_hold(who: TermsWriter, deps: Deps, callers: CallersDep, body: NewHold) -> HoldView:
    """Put a participant, a deal or a plan on hold that there is; or that is said to be expected later."""
    since = checked(body.since) if body.since else None
    if not body.expected:
        service.check_subject(deps, callers.approval_roles, scope=body.scope, subject=body.subject)
    with deps.snapshot.connect() as connection:
        first = since or service.first_open_month(connection, deps.today(), scope=body.scope, subject=body.subject)
    hold = Hold(
        id=body.id,
        scope=body.scope,
        subject=body.subject,
        since=first,
        reason=body.reason,
        until=body.until,
        until_collected=body.until_collected,
    )
    decision = service.put_on(deps, hold, dispute=body.dispute, actor=who.name)
    _logger.info("hold.put_on", hold=body.id, actor=who.name)
    return HoldView.of(decision)


@router.get("/v1/holds", summary="Holds")
def list_holds(
    _: EarningsReader,
    snapshot: SnapshotDep,
    open_only: Annotated[bool, Query(description="Those that are not released")] = False,
) -> Holds:
    """Holds, and who put them on and released them."""
    with snapshot.connect() as connection:
        decisions = store.hold_decisions(connection)
    return Holds(
        holds=[HoldView.of(decision) for decision in decisions if not (open_only and decision.hold.released_on)]
    )


@router.post("/v1/holds/{hold_id:path}/release", summary="Release a hold")
def release_hold(who: TermsWriter, deps: Deps, hold_id: HoldId, body: Release) -> HoldView:
    """Release a hold, with a reason."""
    with deps.engine.begin() as connection:
        decision = service.release(
            connection,
            deps,
            hold_id=hold_id,
            on=body.on,
            reason=body.reason,
            scheduled=body.scheduled,
            actor=who.name,
        )
    _logger.info("hold.released", hold=hold_id, actor=who.name)
    return HoldView.of(decision)


@router.post("/v1/adjustments", status_code=HTTPStatus.ACCEPTED, summary="Propose to adjust pay by hand")
def adjust_pay(who: TermsWriter, deps: Deps, body: NewAdjustment) -> ChangeView:
    """Propose a manual adjustment. It is booked when somebody else approves the change that the answer names, and the
    next run of the participant pays it. Its author cannot approve that run.
    """
    try:
        amount = to_minor(body.amount, body.currency)
    except MoneyError as error:
        raise Unprocessable(f"amount: {error}") from None
    adjustment = Adjustment(
        id=body.id,
        participant_id=body.participant_id,
        currency=body.currency,
        amount=amount,
        month=checked(body.month),
        reason=body.reason,
        attachment_name=body.attachment_name,
        attachment_sha256=hashlib.sha256(body.attachment).hexdigest(),
        actor=who.name,
        at=deps.now(),
    )
    with deps.engine.begin() as connection:
        change = service.propose_adjustment(connection, deps, adjustment=adjustment, attachment=body.attachment)
    _logger.info("adjustment.proposed", adjustment=str(body.id), actor=who.name)
    return ChangeView.of(change)


@router.get("/v1/adjustments", summary="Manual adjustments")
def list_adjustments(
    _: EarningsReader, snapshot: SnapshotDep, participant_id: Annotated[Identifier | None, Query()] = None
) -> Adjustments:
    """Manual adjustments, of everybody or of one participant."""
    with snapshot.connect() as connection:
        adjustments = store.adjustments(connection, participant_id)
        if participant_id is not None:
            roster.check_known(connection, participant_id, found=adjustments)
    return Adjustments(adjustments=[AdjustmentView.of(adjustment) for adjustment in adjustments])


@router.get(
    "/v1/adjustments/{adjustment_id}/attachment", response_class=Response, summary="What an adjustment rests on"
)
def show_attachment(_: EarningsReader, snapshot: SnapshotDep, adjustment_id: UUID) -> Response:
    """The document that an adjustment rests on."""
    with snapshot.connect() as connection:
        document = store.attachment(connection, adjustment_id)
    if document is None:
        raise NoSuchDecision("adjustment", str(adjustment_id))
    # Whatever somebody uploaded is never shown by a browser under the service's own address.
    headers = {"content-disposition": "attachment", "x-content-type-options": "nosniff"}
    return Response(document, media_type="application/octet-stream", headers=headers)


@router.post("/v1/clawbacks/{deal_id:path}/dismissal", status_code=HTTPStatus.CREATED, summary="Dismiss a clawback")
def dismiss_clawback(who: RunsApprover, deps: Deps, deal_id: DealId, body: Dismissal) -> Dismissal:
    """Let a participant keep what a lost deal earned, whatever its age, also where a run took it back. Whoever decides
    that does not approve the run.
    """
    service.dismiss(deps, participant_id=body.participant_id, deal_id=deal_id, reason=body.reason, actor=who.name)
    _logger.info("clawback.dismissed", deal=deal_id, actor=who.name)
    return body
