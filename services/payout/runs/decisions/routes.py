"""The HTTP interface of what people decide about pay: holds, manual adjustments, dismissed clawbacks. Each names a reason and its author."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from http import HTTPStatus
from typing import Annotated
from uuid import UUID, uuid5

import structlog
from fastapi import Depends, FastAPI, Path, Query, Response
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from services.payout.deps import Dependencies
from services.payout.errors import AlreadyDecided, NoSuchDecision, NothingToKeep, PeriodNotEnded, ReleasedAfterRun
from services.payout.ledger import store as books
from services.payout.ledger import store_closings as closings
from services.payout.ledger.booking import Place, place_of
from services.payout.ledger.journal import NAMES, Journal, Posting
from services.payout.periods import checked
from services.payout.policies.references import check
from services.payout.policies.referents import referents
from services.payout.policies.store_pay_groups import pay_group, pay_groups
from services.payout.roster.store import people
from services.payout.runs import store as runs
from services.payout.runs import store_balances as positions
from services.payout.runs.decisions import store as holds
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
from services.payout.runs.decisions.store import Adjustment, Held
from shared.auth import Principal, require
from shared.contracts.base import Identifier
from shared.money import MoneyError, to_minor
from shared.pay.calendars.pay_periods import pay_period_at
from shared.pay.calendars.timeline import ruling
from shared.pay.references import Reference
from shared.pay.run import DONE_STATES
from shared.pay.terms.words.release import Hold
from shared.periods import period_of
from shared.problems import NotFound, Unprocessable

Decider = Annotated[Principal, Depends(require("terms:write"))]
Approver = Annotated[Principal, Depends(require("runs:approve"))]
Reader = Annotated[Principal, Depends(require("earnings:read"))]
_logger = structlog.get_logger(__name__)


def add_decisions(app: FastAPI, deps: Dependencies) -> None:
    """Add the routes of holds, adjustments and dismissed clawbacks."""

    @app.post("/v1/holds", status_code=HTTPStatus.CREATED)
    def put_on_hold(who: Decider, body: NewHold) -> HoldView:
        """Put a participant, a deal or a plan on hold that there is; or that is said to be expected later."""
        since = checked(body.since) if body.since else None
        if not body.expected:
            subject = Reference("subject", body.scope, body.subject)
            with (
                deps.snapshot.connect() as connection
            ):  # scoring knows plans and deals: it is asked before anything changes
                check([subject], referents(connection, deps.deals, roles=app.state.keys.roles))
        with deps.engine.begin() as connection:
            since = since or _first_open(connection, deps, body=body)
            hold = Hold(
                id=body.id,
                scope=body.scope,
                subject=body.subject,
                since=since,
                reason=body.reason,
                until=body.until,
                until_collected=body.until_collected,
            )
            try:
                holds.add(connection, hold, dispute=body.dispute, actor=who.name, at=deps.now())
            except IntegrityError:
                raise AlreadyDecided("hold", body.id) from None
            _logger.info("hold.put_on", hold=body.id, actor=who.name)
            return HoldView.of(
                Held(
                    hold=hold,
                    dispute=body.dispute,
                    actor=who.name,
                    at=deps.now(),
                    released_by=None,
                    release_reason=None,
                )
            )

    @app.get("/v1/holds")
    def list_holds(
        _: Reader, open_only: Annotated[bool, Query(description="Those that are not released")] = False
    ) -> Holds:
        """Holds, and who put them on and released them."""
        with deps.snapshot.connect() as connection:
            found = holds.told(connection)
        return Holds(holds=[HoldView.of(each) for each in found if not (open_only and each.hold.released_on)])

    @app.post("/v1/holds/{hold_id:path}/release")
    def release(who: Decider, hold_id: Annotated[Identifier, Path()], body: Release) -> HoldView:
        """Release a hold, with a reason."""
        with deps.engine.begin() as connection:
            known = {each.hold.id: each for each in holds.told(connection)}
            if hold_id not in known:
                raise NoSuchDecision("hold", hold_id)
            today, ends = deps.today(), _next_run_ends(connection, deps, hold=known[hold_id].hold)
            on = body.on or min(today, ends or today)
            if ends is not None and on > ends and not body.scheduled:
                raise ReleasedAfterRun(hold_id, on, ends=ends)
            try:
                with connection.begin_nested():
                    holds.release(connection, hold_id, on=on, reason=body.reason, actor=who.name, at=deps.now())
            except IntegrityError:
                raise AlreadyDecided("release of hold", hold_id) from None
            _logger.info("hold.released", hold=hold_id, actor=who.name)
            return HoldView.of(next(each for each in holds.told(connection) if each.hold.id == hold_id))

    @app.post("/v1/adjustments", status_code=HTTPStatus.CREATED)
    def adjust(who: Decider, body: NewAdjustment) -> AdjustmentView:
        """Book a manual adjustment, which the next run of the participant pays. Its author cannot approve that run."""
        try:
            amount = to_minor(body.amount, body.currency)
        except MoneyError as error:
            raise Unprocessable(f"amount: {error}") from None
        digest = hashlib.sha256(body.attachment).hexdigest()
        told = (body.reason, body.attachment_name, digest, who.name, deps.now())
        made = Adjustment(body.id, body.participant_id, body.currency, amount, checked(body.month), *told)
        with deps.engine.begin() as connection:
            person = people(connection, [body.participant_id])[body.participant_id]
            if not person.facts and not books.heads(connection, [body.participant_id]):
                raise NotFound(
                    f"nobody called {body.participant_id} is known: neither the roster nor the ledger has them"
                )
            closings.hold_open(connection, person.pay_groups())
            place = place_of(person, body.month, open_from=closings.unclosed_from(connection))
            if place.period > period_of(deps.today()):
                raise PeriodNotEnded(place.period, deps.today())
            try:
                with connection.begin_nested():
                    holds.add_adjustment(connection, made, attachment=body.attachment)
            except IntegrityError:
                raise AlreadyDecided("adjustment", str(body.id)) from None
            books.post(connection, [_journal(made, place)], now=deps.now())
        _logger.info("adjustment.booked", adjustment=str(body.id), actor=who.name)
        return AdjustmentView.of(made)

    @app.get("/v1/adjustments")
    def list_adjustments(_: Reader, participant_id: Annotated[Identifier | None, Query()] = None) -> Adjustments:
        """Manual adjustments, of everybody or of one participant."""
        with deps.snapshot.connect() as connection:
            found = holds.adjustments(connection, participant_id)
        return Adjustments(adjustments=[AdjustmentView.of(each) for each in found])

    @app.get("/v1/adjustments/{adjustment_id}/attachment", response_class=Response)
    def attachment(_: Reader, adjustment_id: UUID) -> Response:
        """The document that an adjustment rests on."""
        with deps.snapshot.connect() as connection:
            found = holds.attachment(connection, adjustment_id)
        if found is None:
            raise NoSuchDecision("adjustment", str(adjustment_id))
        headers = {"content-disposition": "attachment", "x-content-type-options": "nosniff"}
        return Response(found[1], media_type="application/octet-stream", headers=headers)

    @app.post("/v1/clawbacks/{deal_id:path}/dismissal", status_code=HTTPStatus.CREATED)
    def dismiss(who: Approver, deal_id: Annotated[Identifier, Path()], body: Dismissal) -> Dismissal:
        """Let a participant keep what a lost deal earned, whatever its age, also where a run took it back. Whoever decides that does not
        approve the run.
        """
        if not _may_be_kept(deps, body.participant_id, deal_id=deal_id):
            raise NothingToKeep(body.participant_id, deal_id)
        with deps.engine.begin() as connection:
            if not holds.excuse(
                connection, body.participant_id, deal_id=deal_id, reason=body.reason, actor=who.name, at=deps.now()
            ):
                raise AlreadyDecided("dismissal of the clawback of", deal_id)
        _logger.info("clawback.dismissed", deal=deal_id, actor=who.name)
        return body


def _next_run_ends(connection: Connection, deps: Dependencies, *, hold: Hold) -> date | None:
    """The last day that the next run which a hold stops will look at: of a pay group's first pay period that is not submitted yet. None where
    no such group has had a run.
    """
    if hold.scope == "participant":
        groups = {people(connection, [hold.subject])[hold.subject].at(deps.today()).pay_group}
    else:
        groups = set(pay_groups(connection))
    submitted = {
        run.pay_group: run.ends
        for run in reversed(runs.runs(connection))  # the latest is the last
        if run.kind == "regular" and run.pay_group in groups and run.state in DONE_STATES | {"submitted"}
    }
    following = ((pay_group(connection, group), ends + timedelta(days=1)) for group, ends in submitted.items())
    return min((pay_period_at(ruling(versions, day), day).end for versions, day in following), default=None)


def _may_be_kept(deps: Dependencies, participant_id: str, *, deal_id: str) -> bool:
    """Whether a run may look at something that a deal lost a participant: it lost something that was not dismissed, the participant earned by
    it when a run last looked, or there is such a deal and earnings that no run has looked at.
    """
    with deps.snapshot.connect() as connection:
        left = positions.left(connection, [participant_id])
        remembered = [(line, each) for standing in left.values() for line, each in standing.dismissed.items()]
        if any(line[0] == deal_id and each.dismissed < each.lost for line, each in remembered):
            return True
        if runs.earned_by(connection, participant_id, deal_id=deal_id):
            return True
        fresh = positions.fresh(connection, [participant_id], month=period_of(deps.today()))
    waits = any(each.kind == "earning" for mine in fresh.values() for each in mine)
    return waits and bool(deps.deals.known([deal_id]))


def _first_open(connection: Connection, deps: Dependencies, *, body: NewHold) -> str:
    """The first month that a hold stops where nobody said: what was released before stays so."""
    unclosed = closings.unclosed_from(connection)
    today = period_of(deps.today())
    if body.scope == "participant":
        person = people(connection, [body.subject])[body.subject]
        return unclosed.get(person.at(deps.today()).pay_group, min(unclosed.values(), default=today))
    return min(unclosed.values(), default=today)


def _journal(made: Adjustment, place: Place) -> Journal:
    """The journal of an adjustment; its id follows from the adjustment's, so that it is booked once."""
    return Journal(
        uuid5(NAMES, f"adjustment/{made.id}"),
        "adjustment",
        made.participant_id,
        place.period,
        made.month,
        {"adjustment": str(made.id)},
        made.actor,
        (Posting("adjusted", made.currency, made.amount), Posting("payable", made.currency, -made.amount)),
        *place[1:],
    )
