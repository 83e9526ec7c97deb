"""The policy `contract_costs`: which costs are capitalised, over how long, from when, and under which framework."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from shared.contracts.base import ExactDecimal
from shared.pay.policy import Policy, PolicyPart, Reference

Months = Annotated[int, Field(ge=1, le=600)]
Percent = Annotated[ExactDecimal, Field(ge=0, le=100)]
Method = Literal["term", "term_and_renewals", "customer_life", "fixed"]
Convention = Literal["full", "next", "half", "mid_month", "days"]


class Incremental(PolicyPart):
    """Which costs would not have been incurred without the contract (ASC 340-40-25-2, IFRS 15.92)."""

    costs: tuple[str, ...] = ("commission", "spif", "override", "bonus")
    """Kinds of costs that are incremental; legal, travel and everything else is expensed. A line's own yes or no goes
    first."""
    not_components: tuple[str, ...] = ()
    """Plan components whose pay is not incremental although it is of such a kind, such as a bonus on customer
    satisfaction."""


class BenefitPeriod(PolicyPart):
    """Over how many months the asset is expensed (ASC 340-40-35-1, IFRS 15.99)."""

    method: Method = "term_and_renewals"
    """`term`: the contract term. `term_and_renewals`: the term, and the anticipated renewals unless their commission is
    commensurate. `customer_life`: `months` or the product's, unless renewal commissions are commensurate, which leaves
    the term. `fixed`: `months` or the product's, always."""
    months: Months | None = None
    """Expected customer life, or the fixed period; needed by these two methods for products not in `by_product`."""
    by_product: dict[str, Months] = Field(default_factory=dict)
    """The same by product."""
    renewal_months: Annotated[int, Field(ge=0, le=600)] = 0
    """Months of renewals that are anticipated where a line does not say."""
    renewals_commensurate: bool = False
    """Whether the commission on a renewal is commensurate with the first one, where a line does not say."""


class OnCost(PolicyPart):
    """Employer's contributions on the pay, such as payroll tax."""

    percent: Percent = Decimal(0)
    """Percent of the pay, as text: "7.65"."""
    by_entity: dict[str, Percent] = Field(default_factory=dict)
    """The same by legal entity."""
    treatment: Literal["capitalise", "expense"] = "capitalise"
    """Whether it becomes part of the asset."""
    recovered_on_clawback: bool = False
    """Whether a clawback brings it back in proportion. A negative commission, which goes through payroll, always
    does."""


class ContractCosts(Policy):
    """How the costs of obtaining contracts are accounted for."""

    rules_pay = False
    kind: Literal["contract_costs"]
    """What is set."""
    framework: Literal["us_gaap", "ifrs"] = "us_gaap"
    """An impairment is reversed under IFRS only (IFRS 15.104; ASC 340-40-35-6)."""
    incremental: Incremental = Incremental()
    """Which costs are capitalised."""
    benefit_period: BenefitPeriod = BenefitPeriod()
    """Over how long."""
    practical_expedient: bool = True
    """Expense at once what would be expensed over `expedient_months` at most (ASC 340-40-25-4, IFRS 15.94). It is never
    used where renewals are anticipated whose commission is not commensurate, whatever the method."""
    expedient_months: Annotated[int, Field(ge=1, le=12)] = 12
    """A year; less for a company that uses the expedient for shorter contracts only."""
    start: Literal["service_start", "signing"] = "service_start"
    """From when on the asset is expensed."""
    first_month: Convention = "full"
    """`full`: the month of the start counts whole. `next`: the month after is the first. `half`: the first and the last
    month count half. `mid_month`: `full` up to the 15th, `next` after. `days`: every month by its days."""
    late_cost: Literal["catch_up", "remaining"] = "catch_up"
    """A cost earned after the start: `catch_up` expenses the months gone by at once, `remaining` spreads it over the
    months left."""
    on_cost: OnCost = OnCost()
    """Employer's contributions."""
    clawback: Literal["asset_first", "proportional"] = "asset_first"
    """`asset_first`: a clawback reduces the asset, and what is above it the expense. `proportional`: it reduces the
    asset by the part that is not yet expensed, and the expense by the other part."""
    rounding: Literal["half_up", "half_even"] = "half_up"
    """How the cumulative amount is rounded to minor units; a month is the difference of two cumulative amounts."""
    credit: Literal["accrued_commissions", "commission_expense"] = "accrued_commissions"
    """The account that capitalising credits: `commission_expense` where payout's accrual has already expensed all
    pay."""

    def names(self) -> Iterable[Reference]:
        """The legal entities with on-costs of their own."""
        return [Reference(f"on_cost.by_entity.{name}", "legal entity", name) for name in self.on_cost.by_entity]

    @model_validator(mode="after")
    def _months_are_given(self) -> ContractCosts:
        period = self.benefit_period
        if period.method in {"customer_life", "fixed"} and period.months is None and not period.by_product:
            raise ValueError(f"benefit_period: the method {period.method} needs months, or by_product")
        return self
