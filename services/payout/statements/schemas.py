"""A statement as data: what the API answers with, and all that a page or a PDF shows. Amounts are in major units, as
text.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, Field

from services.payout.statements.facts import Account, Company, ParticipantFacts, PayKind, Person
from shared.explanation import Part
from shared.periods import Month
from shared.proof.head import Head

State = Literal["draft", "final"]


class RunHead(BaseModel):
    """The run a statement belongs to; `period` is the name of its pay period, `starts` to `ends` its days."""

    id: str = Field(examples=["run-2026-06-1"])
    period: str = Field(examples=["2026-06"])
    starts: date
    ends: date
    pay_date: date | None
    pay_group: str | None
    kind: str


class Summary(BaseModel):
    """The figures of a currency that come first.

    `earned` by the months of the run, `prior_period` by changes of earlier ones, `held_or_released` (less than nothing
    where more is held than released) and `other` (carried, adjusted, topped up, drawn, recovered, limited) sum to
    `paid`. The rest are balances after the run: what is owed is to be recovered from later pay.
    """

    currency: str
    earned: Decimal
    prior_period: Decimal
    held_or_released: Decimal
    other: Decimal
    paid: Decimal
    carried_forward: Decimal
    held: Decimal
    draw_balance: Decimal
    clawback_balance: Decimal


class Earned(BaseModel):
    """A component in a month, deal by deal. The amounts of its parts sum to its own, and so do the lines of a part.

    `earlier`: runs before this one paid the month; it is shown as it is now, and only its changes are part of this run.
    """

    month: Month = Field(examples=["2026-06"])
    earlier: bool
    component: str
    title: str
    currency: str
    amount: Decimal
    parts: list[Part]


class PayStep(BaseModel):
    """A line between what was earned and what is paid: what it adds to the payment, and why, in words."""

    kind: PayKind
    amount: Decimal
    origin_period: Month | None
    component: str | None
    deal_id: str | None
    reason: str
    words: str


class Pay(BaseModel):
    """How the payment of a currency comes about: the amounts of `steps` but forgivenesses sum to `payment`."""

    currency: str
    steps: list[PayStep]
    payment: Decimal


class Balance(BaseModel):
    """A balance before and after the run."""

    account: Account
    currency: str
    before: Decimal
    change: Decimal
    after: Decimal


class Held(BaseModel):
    """What is earned and waits to be released."""

    currency: str
    amount: Decimal
    component: str | None
    deal_id: str | None
    origin_period: Month | None
    reason: str
    released_by: str


class YearToDate(BaseModel):
    """Sums since `since`, this run included."""

    currency: str
    since: date
    earned: Decimal
    adjusted: Decimal
    guaranteed: Decimal
    drawn: Decimal
    recovered: Decimal
    clawed_back: Decimal
    paid: Decimal


class Statement(BaseModel):
    """What a participant earned and is paid in a run. `facts_sha256` stands for the frozen facts it was made of,
    `chain` is the head of the books' chain when it was made of an approved run.
    """

    form: Literal[1] = 1
    state: State
    facts_sha256: str
    chain: Head | None = None
    company: Company
    run: RunHead
    participant: ParticipantFacts
    accounts: dict[str, str] = Field(description="the customers of deals, where they are known")
    summary: list[Summary]
    pay: list[Pay]
    earned: list[Earned]
    held: list[Held]
    balances: list[Balance]
    year_to_date: list[YearToDate]


class Attained(BaseModel):
    """How far a component got: percent of its quota."""

    component: str
    title: str
    month: Month
    attainment: Decimal


class Member(BaseModel):
    """A participant of a team: `level` 1 reports to the manager, level 2 to somebody of level 1."""

    participant: Person
    manager: Person
    level: int
    position: str | None
    plan: str | None
    attained: list[Attained]
    summary: list[Summary]
    statement: str = Field(description="where the participant's own statement is")


class TeamTotal(BaseModel):
    """Sums of the team in a currency, of so many `people` with anything in it; by the names of `Summary`, whose sums
    hold here, too.
    """

    currency: str
    people: int
    earned: Decimal
    prior_period: Decimal
    held_or_released: Decimal
    other: Decimal
    paid: Decimal
    carried_forward: Decimal
    held: Decimal


class TeamStatement(BaseModel):
    """What the people below a manager earned and are paid in a run, themselves left out.

    `facts_sha256` stands for the frozen facts of everybody in it, `chain` is the head of the books' chain when it was
    made of an approved run.
    """

    form: Literal[1] = 1
    state: State
    facts_sha256: str
    chain: Head | None = None
    company: Company
    run: RunHead
    manager: Person
    totals: list[TeamTotal]
    members: list[Member]


class StatementEntry(BaseModel):
    """A statement and where it is."""

    run: str = Field(examples=["run-2026-06-1"])
    state: str = Field(examples=["final"])
    participant_id: str = Field(examples=["ada.brandt"])
    name: str | None = Field(default=None, examples=["Ada Brandt"])
    manager: str | None = Field(default=None, examples=["mia.okafor"])
    statement: str = Field(examples=["/v1/statements/run-2026-06-1/ada.brandt"])


class StatementList(BaseModel):
    """Statements of a run, by name, or of a participant, the latest run first."""

    statements: list[StatementEntry]
