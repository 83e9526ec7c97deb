"""The HTTP interface of what people decide about pay: holds, manual adjustments, dismissed clawbacks. Each names a reason and its author."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID, uuid5

import structlog
from fastapi import Depends, FastAPI, Path, Query, Response
from pydantic import Base64Bytes, BaseModel, ConfigDict, Field
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from services.payout.booking import Place, place_of
from services.payout.ledger import NAMES, Journal, Posting
from services.payout.office import Office
from services.payout.periods import checked
from services.payout.refusals import AlreadyDecided, NoSuchDecision, PeriodNotEnded
from services.payout.store import books, closings, holds
from services.payout.store.holds import Adjustment, Held
from services.payout.store.people import people
from services.payout.terms.release import Hold
from shared.auth import Principal, require
from shared.contracts.base import BusinessDate, CurrencyCode, ExactDecimal, Identifier, PeriodName, Text
from shared.money import from_minor, to_minor
from shared.periods import period_of

Decider = Annotated[Principal, Depends(require("terms:write"))]
Approver = Annotated[Principal, Depends(require("runs:approve"))]
Reader = Annotated[Principal, Depends(require("earnings:read"))]
Why = Annotated[Text, Field(min_length=3, examples=["the customer disputes the invoice"])]
LARGEST = 5_000_000
"""Bytes of an attachment."""

_logger = structlog.get_logger(__name__)


class NewHold(BaseModel):
    """A hold: pay of the subject's lines of month `since` and later is not released until somebody, a date or the customer's money does it.

    Without `since`, from the first open month on: what was released before stays so.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "id": "hold-2026-117",
                    "scope": "deal",
                    "subject": "D-1042",
                    "reason": "the customer disputes the invoice",
                    "dispute": True,
                    "until_collected": True,
                }
            ]
        },
    )

    id: Identifier = Field(examples=["hold-2026-117"])
    scope: Literal["participant", "deal", "plan"]
    subject: Identifier = Field(examples=["D-1042"])
    since: PeriodName | None = None
    reason: Why
    dispute: bool = False
    until: BusinessDate | None = None
    until_collected: bool = False


class HoldView(NewHold):
    """A hold with who put it on, and who released it."""

    actor: str
    at: datetime
    released_on: date | None
    released_by: str | None
    release_reason: str | None

    @classmethod
    def of(cls, held: Held) -> HoldView:
        """A hold as it is shown."""
        hold = {name: getattr(held.hold, name) for name in Hold.__slots__}
        rest = held._asdict()
        del rest["hold"]
        return cls(**hold, **rest)


class Holds(BaseModel):
    """Holds, the first one first."""

    holds: list[HoldView]


class Release(BaseModel):
    """Why a hold is released; from which day on, today where nothing is said."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "the customer paid", "on": "2026-06-30"}]}
    )

    reason: Why
    on: BusinessDate | None = None


class NewAdjustment(BaseModel):
    """A manual adjustment: what is paid more (or less) about a month, why, and the document that it rests on."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "id": "0b6f3c0e-8f6e-4d5e-9a5e-2f6f7c1d9a10",
                    "participant_id": "ada.brandt",
                    "amount": "-120.00",
                    "currency": "USD",
                    "month": "2026-06",
                    "reason": "paid twice in May",
                    "attachment_name": "mail.txt",
                    "attachment": "c2VlIHRoZSBsaXN0IG9mIE1heQ==",
                }
            ]
        },
    )

    id: UUID
    participant_id: Identifier = Field(examples=["ada.brandt"])
    amount: ExactDecimal = Field(examples=["-120.00"])
    currency: CurrencyCode = Field(examples=["USD"])
    month: PeriodName = Field(examples=["2026-06"])
    reason: Why
    attachment_name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^/\\\x00-\x1f]+$")]
    attachment: Annotated[Base64Bytes, Field(min_length=1, max_length=LARGEST)]


class AdjustmentView(BaseModel):
    """A manual adjustment as it is booked."""

    id: UUID
    participant_id: str
    amount: Decimal
    currency: str
    month: str
    reason: str
    attachment_name: str
    attachment_sha256: str
    actor: str
    at: datetime

    @classmethod
    def of(cls, adjustment: Adjustment) -> AdjustmentView:
        """An adjustment as it is shown."""
        amount = from_minor(adjustment.amount, adjustment.currency)
        return cls(**{**adjustment._asdict(), "amount": amount})


class Adjustments(BaseModel):
    """Manual adjustments, the first one first."""

    adjustments: list[AdjustmentView]


class Dismissal(BaseModel):
    """Why a participant keeps what a lost deal earned."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"participant_id": "ada.brandt", "reason": "the company ended the contract itself"}]
        },
    )

    participant_id: Identifier
    reason: Why


def add_decisions(app: FastAPI, office: Office) -> None:
    """Add the routes of holds, adjustments and dismissed clawbacks."""

    @app.post("/v1/holds", status_code=HTTPStatus.CREATED)
    def put_on_hold(who: Decider, body: NewHold) -> HoldView:
        """Put a participant, a deal or a plan on hold."""
        with office.engine.begin() as connection:
            since = checked(body.since) if body.since else _first_open(connection, office, body)
            hold = Hold(body.id, body.scope, body.subject, since, body.reason, body.until, body.until_collected)
            try:
                holds.add(connection, hold, body.dispute, who.name, office.now())
            except IntegrityError:
                raise AlreadyDecided("hold", body.id) from None
            _logger.info("hold.put_on", hold=body.id, actor=who.name)
            return HoldView.of(Held(hold, body.dispute, who.name, office.now(), None, None))

    @app.get("/v1/holds")
    def list_holds(
        _: Reader, open_only: Annotated[bool, Query(description="Those that are not released")] = False
    ) -> Holds:
        """Holds, and who put them on and released them."""
        with office.snapshot.connect() as connection:
            found = holds.told(connection)
        return Holds(holds=[HoldView.of(each) for each in found if not (open_only and each.hold.released_on)])

    @app.post("/v1/holds/{hold_id:path}/release")
    def release(who: Decider, hold_id: Annotated[Identifier, Path()], body: Release) -> HoldView:
        """Release a hold, with a reason."""
        with office.engine.begin() as connection:
            known = {each.hold.id: each for each in holds.told(connection)}
            if hold_id not in known:
                raise NoSuchDecision("hold", hold_id)
            try:
                with connection.begin_nested():
                    holds.release(connection, hold_id, body.on or office.today(), body.reason, who.name, office.now())
            except IntegrityError:
                raise AlreadyDecided("release of hold", hold_id) from None
            _logger.info("hold.released", hold=hold_id, actor=who.name)
            return HoldView.of(next(each for each in holds.told(connection) if each.hold.id == hold_id))

    @app.post("/v1/adjustments", status_code=HTTPStatus.CREATED)
    def adjust(who: Decider, body: NewAdjustment) -> AdjustmentView:
        """Book a manual adjustment, which the next run of the participant pays. Its author cannot approve that run."""
        amount = to_minor(body.amount, body.currency)
        digest = hashlib.sha256(body.attachment).hexdigest()
        told = (body.reason, body.attachment_name, digest, who.name, office.now())
        made = Adjustment(body.id, body.participant_id, body.currency, amount, checked(body.month), *told)
        with office.engine.begin() as connection:
            person = people(connection, [body.participant_id])[body.participant_id]
            closings.hold_open(connection, person.pay_groups())
            place = place_of(person, body.month, closings.unclosed_from(connection))
            if place.period > period_of(office.today()):
                raise PeriodNotEnded(place.period, office.today())
            try:
                with connection.begin_nested():
                    holds.add_adjustment(connection, made, body.attachment)
            except IntegrityError:
                raise AlreadyDecided("adjustment", str(body.id)) from None
            books.post(connection, [_journal(made, place)], office.now())
        _logger.info("adjustment.booked", adjustment=str(body.id), actor=who.name)
        return AdjustmentView.of(made)

    @app.get("/v1/adjustments")
    def list_adjustments(_: Reader, participant_id: Annotated[Identifier | None, Query()] = None) -> Adjustments:
        """Manual adjustments, of everybody or of one participant."""
        with office.snapshot.connect() as connection:
            found = holds.adjustments(connection, participant_id)
        return Adjustments(adjustments=[AdjustmentView.of(each) for each in found])

    @app.get("/v1/adjustments/{adjustment_id}/attachment", response_class=Response)
    def attachment(_: Reader, adjustment_id: UUID) -> Response:
        """The document that an adjustment rests on."""
        with office.snapshot.connect() as connection:
            found = holds.attachment(connection, adjustment_id)
        if found is None:
            raise NoSuchDecision("adjustment", str(adjustment_id))
        headers = {"content-disposition": "attachment", "x-content-type-options": "nosniff"}
        return Response(found[1], media_type="application/octet-stream", headers=headers)

    @app.post("/v1/clawbacks/{deal_id:path}/dismissal", status_code=HTTPStatus.CREATED)
    def dismiss(who: Approver, deal_id: Annotated[Identifier, Path()], body: Dismissal) -> Dismissal:
        """Let a participant keep what a lost deal earned, whatever its age. Whoever decides that does not approve the run."""
        with office.engine.begin() as connection:
            if not holds.excuse(connection, body.participant_id, deal_id, body.reason, who.name, office.now()):
                raise AlreadyDecided("dismissal of the clawback of", deal_id)
        _logger.info("clawback.dismissed", deal=deal_id, actor=who.name)
        return body


def _first_open(connection: Connection, office: Office, body: NewHold) -> str:
    """The first month that a hold stops where nobody said: what was released before stays so."""
    unclosed = closings.unclosed_from(connection)
    today = period_of(office.today())
    if body.scope == "participant":
        person = people(connection, [body.subject])[body.subject]
        return unclosed.get(person.at(office.today()).pay_group, min(unclosed.values(), default=today))
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
