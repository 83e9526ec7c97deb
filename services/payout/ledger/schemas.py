"""What the API of payout answers with about the ledger. Amounts are decimal text in major units, as `"1234.50"`."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.payout.ledger.balances import Balance, By, PeriodState, TrialBalanceRow
from services.payout.ledger.journal import POSTING_COLUMNS, BookedJournal, Posting
from shared.money import from_minor
from shared.pay.accounts import LedgerAccount
from shared.pay.steps import JournalKind
from shared.periods import Month


class BalanceView(BaseModel):
    """The accounts in one currency, signed as people read them: costs, what is owed, and what is owed back are
    positive.

    Always earned + adjusted + guaranteed = paid + held + payable - draw - clawback.
    """

    currency: str
    earned: Decimal
    adjusted: Decimal
    guaranteed: Decimal
    held: Decimal
    payable: Decimal
    draw: Decimal
    clawback: Decimal
    paid: Decimal

    @classmethod
    def of(cls, balance: Balance, **more: Any) -> Self:
        """The balance in major units; `more` are the fields of a subclass."""
        accounts = {name: from_minor(amount, balance.currency) for name, amount in balance.accounts().items()}
        return cls(currency=balance.currency, **accounts, **more)


class Balances(BaseModel):
    """What a participant has earned, was paid and is owed; nothing where nothing is booked."""

    participant_id: str
    balances: list[BalanceView]


class Summary(BaseModel):
    """The whole ledger in a few figures; `positions` says, per partition of topic `earnings`, what is booked next,
    `open_from` the first month that is open, per pay group that has closed one.
    """

    totals: list[BalanceView]
    positions: dict[int, int]
    open_from: dict[str, Month]


class SumView(BalanceView):
    """The accounts of one cost centre, entity, pay group or participant, in one currency; `key` is empty where none was
    named.
    """

    key: str


class Sums(BaseModel):
    """Sums by what was asked for, in its order; `next` as `after` gives the following page, null on the last."""

    by: By
    balances: list[SumView]
    next: str | None


class TrialLine(BaseModel):
    """An account in one currency: what stood on it before the month, what the month debited and credited, and what
    stands after.

    Debits are positive in `opening` and `closing`.
    """

    account: LedgerAccount
    currency: str
    opening: Decimal
    debits: Decimal
    credits: Decimal
    closing: Decimal

    @classmethod
    def of(cls, row: TrialBalanceRow) -> Self:
        """The row in major units."""
        amounts = {name: getattr(row, name) for name in ("opening", "debits", "credits", "closing")}
        shown = {name: from_minor(amount, row.currency) for name, amount in amounts.items()}
        return cls(account=row.account, currency=row.currency, **shown)


class TrialBalance(BaseModel):
    """The accounts of a month. In each currency openings, and closings, sum to zero, and debits are as much as
    credits.
    """

    period: Month
    entity: str | None
    accounts: list[TrialLine]


class PostingView(BaseModel):
    """An amount on an account: debits are positive. `earned` and `held` name component and plan version, `held` may
    name a deal.
    """

    account: LedgerAccount
    currency: str
    amount: Decimal
    component: str | None
    plan: str | None
    version: int | None
    deal: str | None

    @classmethod
    def of(cls, posting: Posting) -> Self:
        """The posting in major units, its component spread out."""
        columns = dict(zip(POSTING_COLUMNS, posting.columns(), strict=True))
        return cls(**columns | {"amount": from_minor(posting.amount, posting.currency)})


class JournalView(BaseModel):
    """One entry of the ledger: booked in `period`, about `origin_period`, because of `cause`.

    `number` counts the participant's journals from 1; each is chained to the one before by its hash.
    """

    number: int
    id: UUID
    kind: JournalKind
    period: Month
    origin_period: Month
    pay_group: str
    entity: str
    cost_center: str
    cause: dict[str, Any]
    actor: str
    recorded_at: datetime
    previous_sha256: str
    sha256: str
    postings: list[PostingView]

    @classmethod
    def of(cls, journal: BookedJournal) -> Self:
        """The journal with its postings in major units."""
        facts = {name: getattr(journal, name) for name in cls.model_fields if name != "postings"}
        return cls(**facts, postings=[PostingView.of(posting) for posting in journal.postings])


class Journals(BaseModel):
    """A participant's journals, the latest first; `next` as `before` gives the following page, null on the last."""

    participant_id: str
    journals: list[JournalView]
    next: int | None


class PeriodView(BaseModel):
    """A month of a pay group. Soft-closed: the stream books into the month after it, and finance may still adjust
    it.
    """

    model_config = ConfigDict(from_attributes=True)

    pay_group: str
    period: Month
    state: PeriodState
    closed_by: str | None


class Periods(BaseModel):
    """Every month in which something is booked, by pay group, the latest first."""

    periods: list[PeriodView]
