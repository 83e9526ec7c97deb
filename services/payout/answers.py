"""What the API of payout answers with. Amounts are decimal text in major units, as `"1234.50"`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel

from services.payout.ledger import Account, Posting
from services.payout.runs import Line, Run, State, Total, carried_forward, paid
from services.payout.store.views import Balance, Booked
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


class BalanceView(BaseModel):
    """Sums in one currency: earned = payable + paid."""

    currency: str
    earned: Decimal
    payable: Decimal
    paid: Decimal

    @classmethod
    def of(cls, balance: Balance) -> Self:
        """A balance as it is shown."""
        return cls(
            currency=balance.currency,
            earned=from_minor(balance.earned, balance.currency),
            payable=from_minor(balance.payable, balance.currency),
            paid=from_minor(balance.paid, balance.currency),
        )


class Balances(BaseModel):
    """What a participant has earned, was paid and is owed; nothing where nothing is booked."""

    participant_id: str
    balances: list[BalanceView]


class Summary(BaseModel):
    """The whole ledger in a few figures; `positions` says, per partition of topic `earnings`, what is booked next."""

    totals: list[BalanceView]
    positions: dict[int, int]


class PostingView(BaseModel):
    """An amount on an account: debits are positive. Postings on `earned` name the component and plan version."""

    account: Account
    currency: str
    amount: Decimal
    component: str | None
    plan: str | None
    version: int | None

    @classmethod
    def of(cls, posting: Posting) -> Self:
        """A posting as it is shown."""
        return cls(
            account=posting.account,
            currency=posting.currency,
            amount=from_minor(posting.amount, posting.currency),
            component=posting.part.component if posting.part else None,
            plan=posting.part.plan if posting.part else None,
            version=posting.part.version if posting.part else None,
        )


class JournalView(BaseModel):
    """One entry of the ledger: booked in `period`, about `origin_period`, because of `cause`."""

    number: int
    id: UUID
    kind: Literal["earning", "payment"]
    period: str
    origin_period: str
    cause: dict[str, Any]
    actor: str
    recorded_at: datetime
    postings: list[PostingView]

    @classmethod
    def of(cls, booked: Booked) -> Self:
        """A journal as it is shown."""
        facts = {name: getattr(booked, name) for name in cls.model_fields if name != "postings"}
        return cls(**facts, postings=[PostingView.of(posting) for posting in booked.postings])


class Journals(BaseModel):
    """A participant's journals, the latest first; `next` as `before` gives the following page, null on the last."""

    participant_id: str
    journals: list[JournalView]
    next: int | None
