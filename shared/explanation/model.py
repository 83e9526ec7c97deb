"""What an explanation is made of. Amounts are in major units, exact decimals."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, localcontext
from typing import Literal

from pydantic import BaseModel

from shared.kernel.reasons import in_words, says_who

ENOUGH_DIGITS = 60
"""More than any product of a measure, a rate and a factor has."""

MeasuredIn = Literal["amounts", "numbers", "shares"]


class RuleSkipped(BaseModel):
    """Why a rule of the plan pays nothing: the `cause` (`no_quota`, `gate_closed`), what it is `about`, and a
    sentence.
    """

    cause: str
    about: str | None
    message: str

    @staticmethod
    def of(problem: str, about: str | None, *, who: str | None = None) -> RuleSkipped:
        """Of a reason of the kernel."""
        # A formula may stand on several lines of its plan.
        said = in_words(problem, None if about is None else " ".join(about.split()), who=who)
        # A sentence begins with a capital, unless it begins with an id, which is as it is.
        if not says_who(problem):
            said = said[:1].upper() + said[1:]
        return RuleSkipped(cause=problem, about=about, message=f"{said}.")

    @staticmethod
    def where(problem: str | None, about: str | None) -> RuleSkipped | None:
        """The same where there is a reason."""
        return None if problem is None else RuleSkipped.of(problem, about)


class Slice(BaseModel):
    """The part of a credit that lies in one tier, its rate, and what it pays before rounding: their product, or where
    one of them has no end and is cut, what the calculation came to.

    Where the rate itself moves there is one slice with the new rate, and one that takes back what the old rate paid.
    `factor` is what gate and multipliers make of it.
    """

    tier: int
    reach: str
    credited: Decimal
    rate: Decimal
    factor: Decimal
    pays: Decimal

    @property
    def is_exact(self) -> bool:
        """Whether the product of the numbers is what it pays: one that has no end is cut, and comes close to it."""
        with localcontext(prec=ENOUGH_DIGITS):
            return self.credited * self.rate * self.factor == self.pays


class NamedValue(BaseModel):
    """What a name in a formula came to after a line: `value` as text, exact to nine decimals, or the category (null if
    that is blank), and as sentences say it.
    """

    name: str
    value: str | None
    said: str


class Line(BaseModel):
    """What one credit of one deal added to pay; or, without a deal, what somebody's pay (`earned_by`) added to that of
    who is paid on it, or what `rule` names did: a limit, a score, a share of a pool.

    `before` and `after` are the measure without and with the credit; attainments are percent of quota
    (`shared.explanation.numbers.attainment`). `exact` is what the slices pay, `exact_so_far` the pay of the
    component's window up to here before it is rounded, with nine decimals at most (`shared.kernel.tables.LINES`).
    `paid_before` and `paid_after` are the pay of the window so far, rounded, without and with this line; `amount` is
    their difference, so that only the total is rounded. `exchange` is the rate at which a deal in another currency was
    converted, in words. `rule_skipped` says why the component pays nothing after the line. `by_itself` tells what the
    deal pays, of kinds that pay every deal alone. `values` are what the names in formulas, multipliers and tables came
    to, `named` says them beside the formula.
    """

    line: int
    deal_id: str | None
    earned_by: str | None = None
    credit_date: date | None
    rule: str
    share_percent: Decimal | None
    exchange: str = ""
    credited: Decimal
    before: Decimal
    after: Decimal
    attainment_before: Decimal | None
    attainment_after: Decimal | None
    slices: list[Slice]
    exact: Decimal
    exact_so_far: Decimal
    paid_before: Decimal
    paid_after: Decimal
    amount: Decimal
    rule_skipped: RuleSkipped | None = None
    by_itself: str = ""
    values: list[NamedValue] = []
    named: str = ""
    sentence: str = ""


class Part(BaseModel):
    """A component under one plan version. A month in which another version comes into force has a part for each, and
    where a plan counts in weeks, so has one for each fiscal period that shares days with it (`fiscal_period`,
    `FY2026 P01`).

    `window` is the time over which its pay is one sum: of `quarter`, a month pays what the quarter's pay grew by.
    `rule_skipped` says why it pays nothing, where that has a reason. `measured_in` is what its measure counts; where
    `rates_are_amounts` a slice's rate is money for each 1 of it.
    """

    plan: str
    version: int
    kind: str | None
    measure: str | None
    measured_in: MeasuredIn = "amounts"
    measured: Decimal
    quota: Decimal | None
    attainment: Decimal | None
    window: str
    fiscal_period: str | None = None
    rounding: str
    rates_are_amounts: bool = False
    rule_skipped: RuleSkipped | None
    currency: str
    amount: Decimal
    sentence: str = ""
    lines: list[Line]
