"""What the API answers with. Amounts are exact decimals in major units, written as text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
from pydantic import BaseModel

from shared.contracts.earnings import ComponentEarning
from shared.explanation import Part, RuleSkipped
from shared.explanation.numbers import attainment, plain, share_percent
from shared.facts import set_by
from shared.kernel.calendar import Fiscal, name_of
from shared.kernel.tables import UNCREDITED
from shared.money import from_minor, minor_digits


class EarningView(BaseModel):
    """What one component pays in one month for one fiscal period of its plan; `rule_skipped` says why it pays nothing, where that has a reason.

    `attainment` is in percent of the quota, as in explanations; `share_percent` the share of a pool.
    """

    period: str
    fiscal_period: str | None
    component: str
    plan: str
    version: int
    amount: Decimal
    currency: str
    measure: Decimal
    quota: Decimal | None
    attainment: Decimal | None
    share_percent: Decimal | None
    rule_skipped: RuleSkipped | None

    @staticmethod
    def of(period: str, earning: ComponentEarning) -> EarningView:
        """From what was published: numbers with the decimals of the currency at least, attainments as explanations have them."""
        currency, digits = earning.currency, minor_digits(earning.currency)
        return EarningView(
            period=period,
            fiscal_period=None if earning.fiscal is None else name_of(Fiscal(earning.fiscal)),
            component=earning.component,
            plan=earning.plan,
            version=earning.version,
            amount=from_minor(earning.amount, currency),
            currency=currency,
            measure=plain(Decimal(earning.measure), digits),
            quota=None if earning.quota is None else plain(Decimal(earning.quota), digits),
            share_percent=None if earning.share is None else share_percent(earning.share),
            attainment=None if earning.attainment is None else attainment(Decimal(earning.attainment)),
            rule_skipped=RuleSkipped.where(earning.problem, earning.about),
        )


class Earnings(BaseModel):
    """A participant's earnings by period."""

    participant_id: str
    earnings: list[EarningView]


class Explanation(BaseModel):
    """How an earning came about. The amounts of all lines of all parts sum to `amount`; `sums_to_earning` is that check.

    It is checked on every answer against the earning that was published. It fails only while deals of the period are
    still on their way from credits to earnings: ask again then.
    """

    participant_id: str
    period: str
    component: str
    currency: str
    amount: Decimal
    lines_total: Decimal
    sums_to_earning: bool
    parts: list[Part]


class CreditView(BaseModel):
    """Who is credited with how much of a deal, by which rule. `level` 0 holds the deal, 1 manages a holder, and so on."""

    deal_id: str
    participant_id: str
    plan: str
    version: int
    rule: str
    period: str
    credit_date: date
    currency: str
    amount: Decimal
    share_percent: Decimal
    level: int

    @staticmethod
    def all_of(credits: pl.DataFrame) -> list[CreditView]:
        """From `CREDITS`, by date, deal, participant and rule."""
        return [
            CreditView(
                **{name: row[name] for name in CreditView.model_fields if name in row and name != "amount"},
                amount=from_minor(row["amount"], row["currency"]),
                share_percent=share_percent(row["share"]),
            )
            for row in credits.sort("credit_date", "deal_id", "participant_id", "rule").iter_rows(named=True)
        ]


class Credits(BaseModel):
    """A participant's credits in a period."""

    participant_id: str
    period: str
    credits: list[CreditView]


class FactView(BaseModel):
    """The value in force of a field of a deal, and the event that set it.

    `source` is the event's own word for who says so; `by` is the key or the webhook source it was sent with.
    """

    value: Any
    occurred_at: str
    sequence: int
    source: str
    by: str

    @staticmethod
    def of(held: Sequence[Any]) -> FactView:
        """From a fact as it is merged."""
        value, occurred_at, sequence, source, *_ = held
        return FactView(value=value, occurred_at=occurred_at, sequence=sequence, source=source, by=set_by(held))


class UncreditedView(BaseModel):
    """A won deal, or the share of a participant in it, that credits nobody, why, and in `rule_skipped` what that is about and a sentence."""

    deal_id: str
    participant_id: str | None
    reason: str
    rule_skipped: RuleSkipped

    @staticmethod
    def all_of(uncredited: pl.DataFrame) -> list[UncreditedView]:
        """From `UNCREDITED`."""
        return [
            UncreditedView(
                deal_id=deal_id,
                participant_id=who,
                reason=reason,
                rule_skipped=RuleSkipped.of(reason, about, who),
            )
            for deal_id, who, reason, about in uncredited.select(UNCREDITED.names()).iter_rows()
        ]


class SkippedView(BaseModel):
    """A component that this deal is credited for and that pays the participant nothing in the period, and why."""

    participant_id: str
    period: str
    component: str
    rule_skipped: RuleSkipped


class DealView(BaseModel):
    """A deal as it stands: every field with the event that set it, whom it credits, and whom it does not and why.

    `unpaid` are the components that its credits count for and that pay nothing for a reason.
    """

    deal_id: str
    version: int
    facts: dict[str, FactView]
    credits: list[CreditView]
    uncredited: list[UncreditedView]
    unpaid: list[SkippedView]


class Deals(BaseModel):
    """Deals as they stand, by id."""

    deals: list[DealView]


class Uncredited(BaseModel):
    """Deals that credit not everyone they should, by id. `next` continues after this page; null at the end."""

    uncredited: list[UncreditedView]
    next: str | None


class ShareView(BaseModel):
    """The share of a deal that a rule gives a participant in a month."""

    deal_id: str
    participant_id: str
    period: str
    rule: str
    share_percent: Decimal

    @staticmethod
    def all_of(shares: pl.DataFrame) -> list[ShareView]:
        """From `services.scoring.shares.SHARES`."""
        return [
            ShareView(**row, share_percent=share_percent(share))
            for row, share in zip(shares.drop("share").iter_rows(named=True), shares["share"], strict=True)
        ]


class Shares(BaseModel):
    """By deal, participant and rule."""

    shares: list[ShareView]


class PaidLess(BaseModel):
    """Ids of deals."""

    deals: list[str]


class CurrencyTotals(BaseModel):
    """Sums over all participants and periods in one currency."""

    currency: str
    credits: int
    credited: Decimal
    earned: Decimal


class Plans(BaseModel):
    """Plans by id."""

    plans: list[str]


class Summary(BaseModel):
    """How much there is of everything; `uncredited` deals and shares of deals, and `unpaid` components of a month, by reason."""

    deals: int
    participants: int
    plan_versions: int
    totals: list[CurrencyTotals]
    uncredited: dict[str, int]
    unpaid: dict[str, int]
