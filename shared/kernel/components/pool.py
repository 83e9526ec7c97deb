"""Pools: an amount for everyone on the plan together, divided among those who qualify."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar, Literal

from pydantic import model_validator

from shared.kernel.columns import Exact
from shared.kernel.components.base import At, Kind, Part
from shared.kernel.formulas import Reference
from shared.kernel.groups import Among, divided, grouped, together
from shared.kernel.language import Amount, Name, Rate
from shared.kernel.words import percent, plain, spoken


class Pool(Kind):
    """`kind: pool` divides `amount`, or `rate` of the sum of `funded_by` over all, among those whom `when` lets share.

    They share equally, or in proportion to the measure `by`, in which who has nothing or less has no share. The pool is rounded to
    the currency's smallest unit, and the shares sum to it.
    """

    kind: Literal["pool"]
    amount: Amount | None = None
    """What is in the pool."""
    rate: Rate | None = None
    """Or which part of `funded_by`."""
    funded_by: Name | None = None
    """The measure of everyone together that funds it."""
    above: Amount = Decimal(0)
    """Only what the sum of `funded_by` has above it funds the pool."""
    by: Name | None = None
    """The measure in proportion to which it is divided; without it, in equal parts."""
    among: Among = "plan"
    """Who shares a pool: everyone on the plan, or each team, territory or position a pool of its own."""

    walks: ClassVar[bool] = False
    needs_group: ClassVar[bool] = True
    result: ClassVar[str] = "The share of the pool"

    @model_validator(mode="after")
    def _funded(self) -> Pool:
        if (self.amount is None) == (self.rate is None) or (self.rate is None) != (self.funded_by is None):
            raise ValueError("a pool has either an amount, or a rate and what it is funded_by")
        if self.above and self.rate is None:
            raise ValueError("above needs funded_by: it says from which sum on the pool is funded")
        return self

    def main_measure(self) -> str | None:
        """What divides it, or what funds it."""
        return self.by or self.funded_by

    @property
    def looks_at_categories(self) -> bool:
        """Where each group has a pool of its own."""
        return self.among != "plan"

    @property
    def pays_without_credits(self) -> bool:
        """Equal shares are everyone's on the plan."""
        return self.by is None or super().pays_without_credits

    def refers_to(self) -> list[Reference]:
        """What funds it and what divides it."""
        return [Reference("amount", name) for name in (self.funded_by, self.by) if name is not None]

    def pays_of(self) -> list[Reference]:
        """What funds it."""
        return [Reference("measure", self.funded_by)] if self.funded_by is not None else []

    def in_words(self) -> Iterator[str]:
        """What is in the pool, and how it is divided."""
        if self.rate is not None:
            over = f" above {plain(self.above)}" if self.above else ""
            funds = f"{percent(self.rate)} of the {spoken(self.funded_by or '')} of {together(self.among)}{over}"
        else:
            funds = plain(self.amount or Decimal(0))
        how = f"in proportion to {spoken(self.by)}" if self.by else "in equal parts"
        yield f"A pool of {funds} is divided {how} among those who take part."
        if self.among != "plan":
            yield f"Each {self.among} has a pool of its own."

    def parts(self, at: At) -> Sequence[Part]:
        """One part: the share of the pool."""
        takes_part = at.condition(self.when).to_list() if self.when is not None else [True] * at.height
        funds = at.value(self.funded_by).to_fractions() if self.funded_by else []
        weights = at.value(self.by).to_fractions() if self.by else [Fraction(1)] * at.height
        shares = [Fraction(0)] * at.height
        for members in grouped(at, self.among):
            pool = Fraction(self.amount or 0)
            if self.rate is not None:
                funding = sum((funds[row] for row in members), Fraction(0))
                over = max(funding - Fraction(self.above), Fraction(0)) if self.above else funding
                pool = over * Fraction(self.rate)
            sharing = [row for row in members if takes_part[row] and weights[row] > 0]
            given = divided(pool, [weights[row] for row in sharing], at.digits, at.conventions.rounding)
            for row, share in zip(sharing, given, strict=True):
                shares[row] = share
        return [Part("share of the pool", Exact.fractions(shares), Fraction(1))]
