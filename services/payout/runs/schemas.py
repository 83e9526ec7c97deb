"""What the API answers about runs. Amounts are decimal text in major units, as `"1234.50"`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self

from pydantic import BaseModel, Field

from services.payout.runs.journals import lines_of
from services.payout.runs.lifecycle import Approval, Event
from services.payout.runs.reconciliation import Compared
from services.payout.runs.reconciliation import Kind as Comparison
from shared.money import from_minor
from shared.pay.run import Run, RunKind, RunPayment, RunTotal, State
from shared.pay.settlement import PayLine
from shared.pay.steps import StepName


class LineView(BaseModel):
    """What a run pays a participant in one currency, and what it leaves for the next run: below zero what has to be earned first."""

    participant_id: str
    currency: str
    paid: Decimal
    carried_forward: Decimal

    @classmethod
    def of(cls, line: RunPayment) -> Self:
        """A line as it is shown."""
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
        """A total as it is shown."""
        return cls(
            currency=total.currency,
            paid=from_minor(total.paid, total.currency),
            participants=total.participants,
            carried_forward=from_minor(total.carried_forward, total.currency),
        )


class EventView(BaseModel):
    """What somebody did to a run."""

    verb: str
    actor: str
    at: datetime
    note: str


class ApprovalView(BaseModel):
    """A step of the approval that was taken."""

    role: str
    approver: str
    at: datetime


class FindingView(BaseModel):
    """Something that an approver should look at."""

    kind: str
    participant_id: str = Field(description="Whom it is about; empty where it is about a policy that concerns nobody")
    why: str


class RunView(BaseModel):
    """A payout run. `lines_sha256` stands for exactly what it would pay; `steps` are the roles that have to approve it, in order."""

    id: str
    kind: RunKind
    pay_group: str
    pay_period: str
    month: str
    starts: date
    ends: date
    pay_date: date
    closes: str | None
    participants: list[str] | None
    state: State
    author: str
    created_at: datetime
    lines_sha256: str
    steps: list[str]
    totals: list[TotalView]

    @classmethod
    def of(cls, run: Run, totals: Iterable[RunTotal], **more: Any) -> Self:
        """A run as it is shown."""
        facts = {name: getattr(run, name) for name in RunView.model_fields if name != "totals"}
        facts |= {
            "participants": None if run.participants is None else list(run.participants),
            "steps": list(run.steps),
        }
        return cls(**facts, totals=[TotalView.of(total) for total in totals], **more)


class RunDetail(RunView):
    """A run with what it pays, what was done to it, who approved, who set what it pays on and cannot, and what stands out."""

    lines: list[LineView]
    events: list[EventView]
    approvals: list[ApprovalView]
    touched_by: dict[str, list[str]]
    findings: list[FindingView]

    @classmethod
    def whole(
        cls,
        run: Run,
        totals: Iterable[RunTotal],
        *,
        lines: Iterable[RunPayment],
        events: Iterable[Event] = (),
        approvals: Iterable[Approval] = (),
        touches: Iterable[tuple[str, str]] = (),
        findings: Iterable[tuple[str, str, str]] = (),
    ) -> Self:
        """A run with everything about it."""
        hands: dict[str, list[str]] = {}
        for who, what in sorted(touches):
            hands.setdefault(who, []).append(what)
        return cls.of(
            run,
            totals,
            lines=[LineView.of(line) for line in lines],
            events=[EventView(**event._asdict()) for event in events],
            approvals=[ApprovalView(**approval._asdict()) for approval in approvals],
            touched_by=hands,
            findings=[FindingView(kind=kind, participant_id=who, why=why) for kind, who, why in findings],
        )


class Runs(BaseModel):
    """Runs, the latest pay period first."""

    runs: list[RunView]


class StepView(BaseModel):
    """One step of a participant's pay: what it adds to it, or takes from it, and what it is about."""

    step: StepName
    amount: Decimal
    currency: str
    about: str
    component: str | None
    deal_id: str | None

    @classmethod
    def of(cls, line: PayLine, currency: str) -> Self:
        """A step as it is shown."""
        return cls(
            step=line.step,
            amount=from_minor(line.amount, currency),
            currency=currency,
            about=line.about,
            component=line.component,
            deal_id=line.deal_id,
        )


class PayView(BaseModel):
    """How a participant's pay came about: the steps sum to what is paid, what is carried forward counted with the opposite sign."""

    participant_id: str
    run: str
    lines: list[LineView]
    steps: list[StepView]

    @classmethod
    def of(cls, run: str, participant_id: str, *, pays: Iterable[tuple[RunPayment, Mapping[str, Any]]]) -> Self:
        """The pay as it is shown."""
        found = list(pays)
        return cls(
            participant_id=participant_id,
            run=run,
            lines=[LineView.of(line) for line, _ in found],
            steps=[StepView.of(step, line.currency) for line, told in found for step in lines_of(told)],
        )


class ReconciliationView(BaseModel):
    """Two figures that should be one: `agrees` if their difference is within the tolerance."""

    kind: Comparison
    currency: str
    one: Decimal
    other: Decimal
    difference: Decimal
    tolerance: Decimal
    agrees: bool
    preparer: str
    at: datetime

    @classmethod
    def of(cls, compared: Compared, preparer: str, at: datetime) -> Self:
        """A comparison as it is shown."""
        return cls(
            kind=compared.kind,
            currency=compared.currency,
            one=from_minor(compared.left, compared.currency),
            other=from_minor(compared.right, compared.currency),
            difference=from_minor(compared.difference, compared.currency),
            tolerance=from_minor(compared.tolerance, compared.currency),
            agrees=compared.agrees,
            preparer=preparer,
            at=at,
        )


class Reconciliations(BaseModel):
    """The comparisons made for a run, the latest last."""

    reconciliations: list[ReconciliationView]
