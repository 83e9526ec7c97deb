"""What the API of payout answers with about runs and periods. Amounts are decimal text in major units, as `"1234.50"`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Self

from pydantic import BaseModel

from services.payout.runs import Line, Run, State, Total, carried_forward, paid
from shared.money import from_minor


class LineView(BaseModel):
    """What a run pays a participant, or carries forward, in one currency."""

    participant_id: str
    currency: str
    amount: Decimal

    @classmethod
    def of(cls, line: Line) -> Self:
        """A line as it is shown."""
        amount = from_minor(line.amount, line.currency)
        return cls(participant_id=line.participant_id, currency=line.currency, amount=amount)


class TotalView(BaseModel):
    """Sums of a run in one currency: `paid` to that many `participants`; `carried_forward` is negative or zero."""

    currency: str
    paid: Decimal
    participants: int
    carried_forward: Decimal

    @classmethod
    def of(cls, total: Total) -> Self:
        """A total as it is shown."""
        return cls(
            currency=total.currency,
            paid=from_minor(total.paid, total.currency),
            participants=total.participants,
            carried_forward=from_minor(total.carried_forward, total.currency),
        )


class RunView(BaseModel):
    """A payout run. `lines_sha256` stands for exactly these lines; it is final once the run is approved."""

    id: str
    period: str
    state: State
    author: str
    calculated_at: datetime
    lines_sha256: str
    approver: str | None
    approved_at: datetime | None
    exported_by: str | None
    exported_at: datetime | None
    cancelled_at: datetime | None
    totals: list[TotalView]

    @classmethod
    def of(cls, run: Run, totals: Iterable[Total], **more: Any) -> Self:
        """A run as it is shown."""
        facts = {name: getattr(run, name) for name in RunView.model_fields if name != "totals"}
        return cls(**facts, totals=[TotalView.of(total) for total in totals], **more)


class RunDetail(RunView):
    """A run with its lines: what it pays, and what is negative and carried forward to the next run."""

    lines: list[LineView]
    carried_forward: list[LineView]

    @classmethod
    def with_lines(cls, run: Run, totals: Iterable[Total], lines: Iterable[Line]) -> Self:
        """A run with its lines as it is shown."""
        found = list(lines)
        return cls.of(
            run,
            totals,
            lines=[LineView.of(line) for line in paid(found)],
            carried_forward=[LineView.of(line) for line in carried_forward(found)],
        )


class Runs(BaseModel):
    """Runs, the latest period first."""

    runs: list[RunView]


class PeriodView(BaseModel):
    """A period; `closed_by` is the run whose approval closed it."""

    period: str
    state: Literal["open", "closed"]
    closed_by: str | None


class Periods(BaseModel):
    """Every period in which something is booked or which a run is over, the latest first."""

    periods: list[PeriodView]
