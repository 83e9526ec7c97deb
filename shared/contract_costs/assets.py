"""Which costs become an asset and over how many months; everything else is expensed at once, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal

from shared.contract_costs.facts import CostLine
from shared.contract_costs.months import plus
from shared.contract_costs.policy import ContractCosts
from shared.periods import month_number

Reason = Literal["not_incremental", "practical_expedient", "on_cost", "after_the_asset"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A capitalised cost of one contract: its amount, and the months over which it becomes expense."""

    line: CostLine
    policy: ContractCosts
    commission: int
    on_cost: int
    start: date
    months: int
    why: str
    """How the months came about, in words."""

    @property
    def id(self) -> str:
        """The asset's id: one line of pay is one asset, so that a clawback of a deal finds what the deal cost."""
        return f"asset:{self.line.earning_line_id}"

    @property
    def total(self) -> int:
        """What is capitalised."""
        return self.commission + self.on_cost

    @property
    def recognised(self) -> int:
        """The month in which it is capitalised."""
        return month_number(self.line.recognised)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expense:
    """A cost expensed in its month without an asset; negative for what a clawback takes back beyond the asset."""

    line_id: str
    contract_id: str
    month: int
    amount: int
    on_cost: int
    currency: str
    entity: str
    component: str
    reason: Reason
    why: str
    claim: bool = False
    """Taken back by a claim on the participant rather than through payroll."""
    booked: bool = False
    """Payout's accrual has booked it already: there is nothing to post."""

    @property
    def total(self) -> int:
        """Both parts."""
        return self.amount + self.on_cost


class NoPeriod(ValueError):
    """Nothing says over how many months a cost is expensed."""


def on_cost_of(amount: int, entity: str, *, policy: ContractCosts) -> int:
    """The employer's contributions on a pay of zero or more, in minor units: computed exactly, rounded once."""
    exact = amount * Fraction(policy.on_cost.by_entity.get(entity, policy.on_cost.percent)) / 100
    whole, rest = divmod(exact.numerator, exact.denominator)
    half = Fraction(rest, exact.denominator) - Fraction(1, 2)
    up = half > 0 or (half == 0 and (policy.rounding == "half_up" or whole % 2 == 1))
    return whole + up


def on_cost_of_line(line: CostLine, policy: ContractCosts) -> int:
    """The employer's contributions on a cost that is pay, negative where it takes pay back; none on other costs."""
    if line.cost not in policy.incremental.costs:
        return 0
    # Rounded on the size and not on the amount, so that taking back all of a pay takes back all that was added to it.
    on_cost = on_cost_of(abs(line.amount), line.entity, policy=policy)
    return on_cost if line.amount > 0 else -on_cost


def is_incremental(line: CostLine, policy: ContractCosts) -> bool:
    """Whether the cost would not have been incurred without the contract."""
    if line.incremental is not None:
        return line.incremental
    return line.cost in policy.incremental.costs and line.component not in policy.incremental.not_components


def classify(line: CostLine, policy: ContractCosts, *, earlier: Sequence[Asset]) -> tuple[Asset | None, list[Expense]]:
    """What a cost of a positive amount becomes: an asset, or expense. `earlier` are the contract's assets before it.

    Raises:
        NoPeriod: nothing says over how many months it is expensed.
    """
    on_cost = on_cost_of_line(line, policy)
    if not is_incremental(line, policy):
        which = f"component {line.component}" if line.component in policy.incremental.not_components else line.cost
        return None, [
            expense(line, policy, on_cost=on_cost, reason="not_incremental", why=f"{which} is not incremental")
        ]
    start = line.signed if policy.start == "signing" else line.service_start or line.signed
    months, why = benefit_period(line, policy, earlier=earlier, start=start)
    # ASC 340-40-25-4, IFRS 15.94. Not where renewals to come are obtained, too: then the asset would have lasted
    # longer.
    if policy.practical_expedient and months <= policy.expedient_months and not awaits_renewals(line, policy):
        text = f"its period is {months} months, {policy.expedient_months} at most: the practical expedient"
        return None, [expense(line, policy, on_cost=on_cost, reason="practical_expedient", why=text)]
    capitalised = policy.on_cost.treatment == "capitalise"
    asset = Asset(
        line=line,
        policy=policy,
        commission=line.amount,
        on_cost=on_cost if capitalised else 0,
        start=start,
        months=months,
        why=why,
    )
    if capitalised or not on_cost:
        return asset, []
    return asset, [expense(line, policy, on_cost=on_cost, reason="on_cost", why="on-costs are expensed")]


def expense(line: CostLine, policy: ContractCosts, *, on_cost: int, reason: Reason, why: str) -> Expense:
    """A line, or only its on-cost, that is expensed in the month in which it is incurred."""
    return Expense(
        line_id=line.earning_line_id,
        contract_id=line.contract_id,
        month=month_number(line.recognised),
        amount=0 if reason == "on_cost" else line.amount,
        on_cost=on_cost,
        currency=line.currency,
        entity=line.entity,
        component=line.component,
        reason=reason,
        why=why,
        booked=policy.credit == "commission_expense",
    )


def commensurate(line: CostLine, policy: ContractCosts) -> bool:
    """Whether renewals of this contract pay a commission commensurate with the first one."""
    of_line = line.renewal_commensurate
    return policy.benefit_period.renewals_commensurate if of_line is None else of_line


def renewals(line: CostLine, policy: ContractCosts) -> int:
    """The months of renewals that are anticipated."""
    of_line = line.renewal_months
    return policy.benefit_period.renewal_months if of_line is None else of_line


def awaits_renewals(line: CostLine, policy: ContractCosts) -> bool:
    """Whether this cost also obtains renewals to come: they are anticipated, and pay no commensurate commission."""
    return line.occasion == "new" and renewals(line, policy) > 0 and not commensurate(line, policy)


def benefit_period(line: CostLine, policy: ContractCosts, *, earlier: Sequence[Asset], start: date) -> tuple[int, str]:
    """Over how many months a cost is expensed, and why.

    Raises:
        NoPeriod: nothing says.
    """
    if line.months is not None:
        return line.months, "given with the line"
    if line.occasion == "renewal":
        return _term(line), "the renewal term: a renewal commission belongs to the renewal only"
    # An asset of its own, beside the old schedule, which goes on; without a term of its own it ends with the contract.
    if line.occasion == "modification" and line.term_months is None and earlier:
        first = min(earlier, key=lambda asset: asset.start)
        left = month_number(plus(first.start, first.months)) - month_number(start)
        if left > 0:
            return left, "what is left of the contract's benefit period: a modification is an asset of its own"
    method, product = policy.benefit_period.method, policy.benefit_period.by_product.get(line.product)
    fixed = product if product is not None else policy.benefit_period.months
    of = f" of product {line.product}" if product is not None else ""
    if method == "fixed":
        return _given(fixed, line, what="fixed period"), f"the fixed period{of}"
    # A renewal that pays a commensurate commission has an asset of its own: the first one then obtains its term only
    # (TRG, November 2016), however long the customer stays.
    if method == "customer_life" and not commensurate(line, policy):
        return _given(fixed, line, what="customer life"), f"the expected customer life{of}"
    if method == "term_and_renewals" and awaits_renewals(line, policy):
        term, more = _term(line), renewals(line, policy)
        return term + more, f"the term of {term} months and {more} of renewals without commensurate commission"
    return _term(line), "the contract term"


def _term(line: CostLine) -> int:
    if line.term_months is None:
        raise NoPeriod("term_months: the contract's term in months is needed, or months, the benefit period itself")
    return line.term_months


def _given(months: int | None, line: CostLine, *, what: str) -> int:
    if months is None:
        raise NoPeriod(f"product: the policy has no {what} for product {line.product!r}")
    return months
