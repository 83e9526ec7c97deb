"""What the overview answers with. Amounts are exact decimals in major units, written as text."""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel

from shared.kernel.remarks.remark import RemarkKind
from shared.money import from_minor
from shared.periods import Month


class CurrencyTotals(BaseModel):
    """Sums over all participants and periods in one currency."""

    currency: str
    credits: int
    credited: Decimal
    earned: Decimal

    @staticmethod
    def of(currency: str, credits: int, *, credited: int, earned: int) -> CurrencyTotals:
        """From sums in minor units."""
        return CurrencyTotals(
            currency=currency,
            credits=credits,
            credited=from_minor(credited, currency),
            earned=from_minor(earned, currency),
        )


class Plans(BaseModel):
    """Plans by id."""

    plans: list[str]


class PlanReach(BaseModel):
    """How many participants a plan version reaches, and the months in which something is summed for one of them."""

    participants: int
    months: list[Month]


class Summary(BaseModel):
    """How much there is of everything; the plan versions (`rep@2`) that are `quarantined`; `uncredited` deals and
    shares of deals, and `unpaid` components of a month, by reason.
    """

    deals: int
    participants: int
    plan_versions: int
    quarantined: list[str]
    totals: list[CurrencyTotals]
    uncredited: dict[str, int]
    unpaid: dict[str, int]


class RemarkView(BaseModel):
    """One remark; `participant_id` is empty where it is about nobody. The message has quotas, rates and dates, and no
    pay.
    """

    kind: RemarkKind
    participant_id: str
    message: str


class Remarks(BaseModel):
    """All of a month."""

    remarks: list[RemarkView]
