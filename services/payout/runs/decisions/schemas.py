"""What the API takes and answers about decisions: holds, manual adjustments, dismissed clawbacks. Amounts are decimal
text.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, field_validator

from services.payout.runs.decisions.model import AdjustmentDecision, HoldDecision
from shared.changes import State
from shared.contracts.base import BusinessDate, CurrencyCode, ExactDecimal, Identifier, PeriodName, Text
from shared.money import from_minor
from shared.pay.terms.words.release import Hold
from shared.periods import Month

Why = Annotated[Text, Field(min_length=3, examples=["the customer disputes the invoice"])]
# In base64 it is a third more, which is below what the app takes as a body.
LARGEST = 5_000_000
"""Bytes of an attachment."""


class HoldSaid(BaseModel):
    """A hold: pay of the subject's lines of month `since` and later is not released until somebody, a date or the
    customer's money does it.

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


class NewHold(HoldSaid):
    """A hold that somebody puts on."""

    expected: bool = Field(default=False, description="Whether it is known that the subject comes later")


class HoldView(HoldSaid):
    """A hold with who put it on, and who released it."""

    actor: str
    at: datetime
    released_on: date | None
    released_by: str | None
    release_reason: str | None

    @classmethod
    def of(cls, decision: HoldDecision) -> HoldView:
        """The hold's own facts beside those of the decision, as one flat object."""
        facts = {name: getattr(decision.hold, name) for name in Hold.__slots__}
        facts |= {name: value for name, value in decision._asdict().items() if name != "hold"}
        return cls(**facts)


class Holds(BaseModel):
    """Holds, the first one first."""

    holds: list[HoldView]


class Release(BaseModel):
    """Why a hold is released, and from which day on: where nothing is said, so that the next run pays.

    A day that the next run does not reach is refused, unless `scheduled` says that only a later run is meant to pay.
    """

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "the customer paid", "on": "2026-06-30"}]}
    )

    reason: Why
    on: BusinessDate | None = None
    scheduled: bool = False


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

    @field_validator("amount")
    @classmethod
    def _is_some(cls, amount: Decimal) -> Decimal:
        if not amount:
            raise ValueError("an adjustment of nothing is none: say how much more is paid, or how much less")
        return amount


class AdjustmentView(BaseModel):
    """A manual adjustment, and whether it is booked: it is once another person has approved it."""

    id: UUID
    participant_id: str
    amount: Decimal
    currency: str
    month: Month
    reason: str
    attachment_name: str
    attachment_sha256: str
    actor: str
    at: datetime
    change: int | None = Field(description="By which it was proposed")
    state: State
    decided_by: str | None

    @classmethod
    def of(cls, decision: AdjustmentDecision) -> AdjustmentView:
        """In major units."""
        adjustment, change, state, decided_by = decision
        facts = {**adjustment._asdict(), "amount": from_minor(adjustment.amount, adjustment.currency)}
        return cls(**facts, change=change, state=state, decided_by=decided_by)


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
