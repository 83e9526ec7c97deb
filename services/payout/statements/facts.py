"""What a statement is made of: frozen with the run, one document per participant, so that it says the same for ever.

Amounts are whole minor units of their currency. Everything that a statement shows comes from here: names, the company's
locale and the words that people gave as reasons are as they were when the run was calculated.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.contracts.base import CurrencyCode, Identifier, PeriodName
from shared.pay.steps import BESIDE, STEPS

if TYPE_CHECKING:
    PayKind = str
else:
    PayKind = Literal[(*(step.name for step in STEPS.values() if step.on_statement), "payment")]
"""Why a line changes the pay: a step, by its name in `shared.pay.steps`; or the payment that the steps sum to."""

Account = Literal["payable", "held", "draw", "clawback"]
"""Balances that go on from run to run: owed to the participant, not released yet, draws and clawbacks they still
owe."""


class _Facts(BaseModel):
    # A field that is not known is refused and not dropped: it would be in the hash, and on no page.
    model_config = ConfigDict(extra="forbid", frozen=True)


class Company(_Facts):
    """Who pays. `locale` says how amounts and dates are written, as `en_US`."""

    name: str = ""
    # A fact and no setting: were it read when a page is made, changing it would change statements of years ago.
    locale: str = "en_US"


class RunFacts(_Facts):
    """The run: `name` is that of its pay period, `starts` to `ends` its days. Its state is not a fact of it: that goes
    on.
    """

    id: str
    name: str
    starts: date
    ends: date
    pay_date: date | None = None
    pay_group: str | None = None
    kind: str = "regular"


class Person(_Facts):
    """Somebody by id and name."""

    id: Identifier
    name: str = ""


class ParticipantFacts(Person):
    """Who is paid, as of the end of the pay period."""

    position: str | None = None
    plan: str | None = None
    manager: Person | None = None
    entity: str | None = None
    cost_center: str | None = None
    payroll_id: str | None = None


class PayLine(_Facts):
    """One step from what was earned to what is paid.

    `amount` is what it adds to the payment, negative for what it takes from it; the lines of a currency sum to the one
    that is `payment`, those left out that change nothing payable (`shared.pay.steps.BESIDE`). `origin_period` is the
    month it is about; `reason` is a person's or a rule's words.
    """

    kind: PayKind
    currency: CurrencyCode
    amount: int
    origin_period: PeriodName | None = None
    component: str | None = None
    deal_id: str | None = None
    reason: str = ""


class BalanceFacts(_Facts):
    """A balance before and after the run, positive as its account is meant: owed to the participant, held, or owed by
    them.
    """

    account: Account
    currency: CurrencyCode
    before: int
    after: int


class HeldFacts(_Facts):
    """What is earned and not released after the run, why, and what will release it, in words."""

    currency: CurrencyCode
    amount: int
    component: str | None = None
    deal_id: str | None = None
    origin_period: PeriodName | None = None
    reason: str = ""
    released_by: str = ""


class YearFacts(_Facts):
    """Sums since the first day of the year, this run included. All positive where the usual happened.

    `recovered` and `clawed_back` lowered pay; everything else raised it or is what was paid. Top-ups to a minimum,
    draws that are kept or were forgiven and balances written off are `guaranteed`.
    """

    currency: CurrencyCode
    since: date
    earned: int = 0
    adjusted: int = 0
    guaranteed: int = 0
    drawn: int = 0
    recovered: int = 0
    clawed_back: int = 0
    paid: int = 0


class StatementFacts(_Facts):
    """The frozen document of a participant and run.

    `details` is, per month in the run, the detail of scoring that `shared.explanation` tells in words. `accounts` names
    the customer of a deal, where one is known.
    """

    form: Literal[1] = 1
    company: Company = Field(default_factory=Company)
    run: RunFacts
    participant: ParticipantFacts
    details: dict[PeriodName, Any] = Field(default_factory=dict)
    accounts: dict[str, str] = Field(default_factory=dict)
    pay_lines: list[PayLine] = Field(default_factory=list)
    balances: list[BalanceFacts] = Field(default_factory=list)
    held: list[HeldFacts] = Field(default_factory=list)
    year_to_date: list[YearFacts] = Field(default_factory=list)

    @model_validator(mode="after")
    def _lines_sum_to_the_payment(self) -> Self:
        # Here, where a run freezes them: a statement that does not come to what is paid must never be approved, and
        # once it is frozen nobody can mend it.
        left: Counter[str] = Counter()
        for line in self.pay_lines:
            if line.kind in BESIDE:  # a forgiven draw is told, and moves no money in this run
                continue
            left[line.currency] += -line.amount if line.kind == "payment" else line.amount
        if wrong := sorted(currency for currency, rest in left.items() if rest):
            raise ValueError(f"the pay lines do not sum to the payment in {', '.join(wrong)}")
        return self


def frozen(facts: StatementFacts) -> bytes:
    """The bytes to keep: the same facts are always the same bytes, as fields go in the order in which they are
    declared.
    """
    return facts.model_dump_json().encode()


def sha256(document: bytes) -> str:
    """What stands for these facts and no others."""
    return hashlib.sha256(document).hexdigest()
