"""What the API takes and answers about runs. Amounts are decimal text in major units, as `"1234.50"`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.payout.runs.lifecycle import Approval, RunEvent
from services.payout.runs.reconciliation import Comparison, ComparisonKind
from services.payout.runs.record import Contributor, PayRecord
from services.payout.runs.service.drafts import RunRequest
from shared.contracts.base import PAY_PERIOD, BusinessDate, Identifier, Text
from shared.money import from_minor
from shared.pay.review_rules import ReviewFinding
from shared.pay.run import Run, RunKind, RunPayment, RunTotal, State
from shared.pay.settlement import PayLine
from shared.pay.steps import StepName
from shared.periods import Month

FROM_ATTRIBUTES = ConfigDict(from_attributes=True)


class Draft(BaseModel):
    """A run to be drafted: over a pay period that has ended, or off-cycle, for some participants as of a day."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"period": "2026-06", "pay_group": "monthly"},
                {"off_cycle": "2026-07-08", "pay_group": "monthly", "participants": ["ada.brandt"]},
            ]
        },
    )

    period: Annotated[str, Field(pattern=PAY_PERIOD)] | None = Field(default=None, examples=["2025-03"])
    pay_group: Identifier = Field(default="default", examples=["default"])
    participants: list[Identifier] | None = Field(default=None, min_length=1, max_length=10_000)
    off_cycle: BusinessDate | None = None
    pay_date: BusinessDate | None = Field(
        default=None,
        description="Of an off-cycle run: when it is paid; the first business day from today on unless said",
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Draft:
        if self.pay_date is not None and (self.off_cycle is None or self.pay_date < self.off_cycle):
            raise ValueError(
                "pay_date is that of an off-cycle run, on or after the day it is as of; the pay group says when a pay "
                "period is paid"
            )
        if (self.period is None) == (self.off_cycle is None):
            raise ValueError("say either period, or off_cycle with the day it is as of")
        if self.off_cycle is not None and not self.participants:
            raise ValueError("an off-cycle run names its participants")
        return self

    def request(self) -> RunRequest:
        """The run that is asked for."""
        # Sorted and once each: the same people are the same run, in whatever order they were named.
        some = None if self.participants is None else tuple(sorted(set(self.participants)))
        return RunRequest(
            pay_period=self.period or "",
            pay_group=self.pay_group,
            participants=some,
            off_cycle=self.off_cycle,
            pay_date=self.pay_date,
        )


class Approved(BaseModel):
    """What the approver looked at: with `lines_sha256`, something else than that is not approved."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"lines_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}]
        },
    )

    lines_sha256: str | None = None


class Reason(BaseModel):
    """Why a run is returned, for its author."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Text, Field(min_length=3)] = Field(examples=["the quota of ada.brandt is last year's"])


class Tolerance(BaseModel):
    """By how much figures may differ, in major units of their currency."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"tolerance": "0.05"}]})

    tolerance: Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=4)] = Decimal(0)


class LineView(BaseModel):
    """What a run pays a participant in one currency, and what it leaves for the next run: below zero what has to be
    earned first.
    """

    participant_id: str
    currency: str
    paid: Decimal
    carried_forward: Decimal

    @classmethod
    def of(cls, line: RunPayment) -> Self:
        """In major units."""
        return cls(
            participant_id=line.participant_id,
            currency=line.currency,
            paid=from_minor(line.paid, line.currency),
            carried_forward=from_minor(line.carried, line.currency),
        )


class TotalView(BaseModel):
    """Sums of a run in one currency: `paid` to that many `participants`, and what is carried forward."""

    currency: str
    paid: Decimal
    participants: int
    carried_forward: Decimal

    @classmethod
    def of(cls, total: RunTotal) -> Self:
        """In major units."""
        amounts = {name: from_minor(getattr(total, name), total.currency) for name in ("paid", "carried_forward")}
        return cls(**total._asdict() | amounts)


class EventView(BaseModel):
    """What somebody did to a run."""

    model_config = FROM_ATTRIBUTES

    verb: str
    actor: str
    at: datetime
    note: str


class ApprovalView(BaseModel):
    """A step of the approval that was taken."""

    model_config = FROM_ATTRIBUTES

    role: str
    approver: str
    at: datetime


class FindingView(BaseModel):
    """Something that an approver should look at."""

    model_config = FROM_ATTRIBUTES

    kind: str
    participant_id: str = Field(description="Whom it is about; empty where it is about a policy that concerns nobody")
    why: str


class RunView(BaseModel):
    """A payout run. `lines_sha256` stands for exactly what it would pay; `steps` are the roles that have to approve it,
    in order.
    """

    id: str
    kind: RunKind
    pay_group: str
    pay_period: str
    month: Month
    starts: date
    ends: date
    pay_date: date
    closes: Month | None
    participants: list[str] | None
    state: State
    author: str
    created_at: datetime
    lines_sha256: str
    steps: list[str]
    totals: list[TotalView]

    @classmethod
    def of(cls, run: Run, totals: Iterable[RunTotal], **more: Any) -> Self:
        """`more` are the fields of a subclass."""
        facts = {name: getattr(run, name) for name in RunView.model_fields if name != "totals"}
        return cls(**facts, totals=[TotalView.of(total) for total in totals], **more)


class RunDetail(RunView):
    """A run with what it pays, what was done to it, who approved, who set what it pays on and cannot, and what stands
    out.
    """

    lines: list[LineView]
    events: list[EventView]
    approvals: list[ApprovalView]
    touched_by: dict[str, list[str]]
    findings: list[FindingView]

    @classmethod
    def whole(
        cls,
        run: Run,
        *,
        totals: Iterable[RunTotal],
        payments: Iterable[RunPayment],
        events: Iterable[RunEvent] = (),
        approvals: Iterable[Approval] = (),
        contributors: Iterable[Contributor] = (),
        findings: Iterable[ReviewFinding] = (),
    ) -> Self:
        """Contributors come as pairs of who and what, and are shown by person."""
        touched_by: dict[str, list[str]] = {}
        for who, what in sorted(contributors):
            touched_by.setdefault(who, []).append(what)
        return cls.of(
            run,
            totals,
            lines=[LineView.of(payment) for payment in payments],
            events=[EventView.model_validate(event) for event in events],
            approvals=[ApprovalView.model_validate(approval) for approval in approvals],
            touched_by=touched_by,
            findings=[FindingView.model_validate(finding) for finding in findings],
        )


class Runs(BaseModel):
    """Runs, the latest pay period first."""

    runs: list[RunView]


class StepView(BaseModel):
    """One step of a participant's pay: what it adds to it, or takes from it, and what it is about."""

    step: StepName
    amount: Decimal
    currency: str
    about: Month
    component: str | None
    deal_id: str | None

    @classmethod
    def of(cls, line: PayLine, currency: str) -> Self:
        """In major units of the currency in which the participant is paid."""
        return cls(
            step=line.step,
            amount=from_minor(line.amount, currency),
            currency=currency,
            about=line.about,
            component=line.component,
            deal_id=line.deal_id,
        )


class PayView(BaseModel):
    """How a participant's pay came about: the steps sum to what is paid, what is carried forward counted with the
    opposite sign.
    """

    participant_id: str
    run: str
    lines: list[LineView]
    steps: list[StepView]

    @classmethod
    def of(cls, run: str, participant_id: str, *, pays: Iterable[PayRecord]) -> Self:
        """All currencies in which the participant is paid."""
        of_currencies = list(pays)
        return cls(
            participant_id=participant_id,
            run=run,
            lines=[LineView.of(pay.payment) for pay in of_currencies],
            steps=[StepView.of(step, pay.currency) for pay in of_currencies for step in pay.settlement.lines],
        )


class ReconciliationView(BaseModel):
    """Two figures that should be one: `agrees` if their difference is within the tolerance."""

    kind: ComparisonKind
    currency: str
    one: Decimal
    other: Decimal
    difference: Decimal
    tolerance: Decimal
    agrees: bool
    preparer: str
    at: datetime

    @classmethod
    def of(cls, comparison: Comparison, preparer: str, *, at: datetime) -> Self:
        """In major units."""
        currency = comparison.currency
        amounts = {name: getattr(comparison, name) for name in ("one", "other", "difference", "tolerance")}
        shown = {name: from_minor(amount, currency) for name, amount in amounts.items()}
        return cls(kind=comparison.kind, currency=currency, agrees=comparison.agrees, preparer=preparer, at=at, **shown)


class Reconciliations(BaseModel):
    """The comparisons made for a run, the latest last."""

    reconciliations: list[ReconciliationView]
