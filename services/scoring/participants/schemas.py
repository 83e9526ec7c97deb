"""What the routes of participants give. Amounts are exact decimals in major units, written as text."""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel

from services.scoring.deals.schemas import CreditView
from shared.contracts.earnings import ComponentEarning
from shared.explanation import Part, RuleSkipped
from shared.explanation.numbers import attainment, plain, share_percent
from shared.kernel.calendar import Fiscal, name_of
from shared.money import from_minor, minor_digits
from shared.periods import Month


class EarningView(BaseModel):
    """What one component pays in one month for one fiscal period of its plan; `rule_skipped` says why it pays nothing,
    where that has a reason.

    `attainment` is in percent of the quota, as in explanations; `share_percent` the share of a pool.
    """

    period: Month
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
    def of(period: Month, earning: ComponentEarning) -> EarningView:
        """From what was published: numbers with the decimals of the currency at least, attainments as explanations
        have them.
        """
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
    """How an earning came about. The amounts of all lines of all parts sum to `amount`; `sums_to_earning` is that
    check.

    It is checked on every answer against the earning that was published. It fails only while deals of the period are
    still on their way from credits to earnings: ask again then.
    """

    participant_id: str
    period: Month
    component: str
    currency: str
    amount: Decimal
    lines_total: Decimal
    sums_to_earning: bool
    parts: list[Part]


class Credits(BaseModel):
    """A participant's credits in a period."""

    participant_id: str
    period: Month
    credits: list[CreditView]
