"""Pools: an amount for everyone on the plan together, divided among those who qualify."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar, Literal, NamedTuple

import polars as pl
from pydantic import model_validator

from shared.formatting import money, percent, trimmed
from shared.kernel.arithmetic.exact_column import ExactColumn
from shared.kernel.arithmetic.expressions import NUMBER_SCALE
from shared.kernel.components.base import EvaluationContext, Kind, Part, Unpaid
from shared.kernel.components.groups import divided, grouped, together
from shared.kernel.language.category_texts import Among, Compared, told_apart_by
from shared.kernel.language.conventions import Conventions
from shared.kernel.language.findings import Finding, Path
from shared.kernel.language.formulas import Reference
from shared.kernel.language.phrases import spoken
from shared.kernel.language.units import Units
from shared.kernel.language.values import Amount, Name, Rate
from shared.money import minor_digits


class Pool(Kind):
    """`kind: pool` divides `amount`, or `rate` of the sum of `funded_by` over all, among those whom `when` lets share.

    They share equally, or in proportion to the measure `by`, in which who has nothing or less has no share. The pool is
    rounded to the currency's smallest unit, and the shares sum to it. Or a measure says each one's `shares` of it,
    which sum to exactly 100%; then the share of who does not take part is paid to nobody.
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
    """The measure in proportion to which it is divided; with neither this nor `shares`, in equal parts."""
    shares: Name | None = None
    """The measure that is each one's share of it: together exactly 100%, or nobody is paid."""
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
        if self.by is not None and self.shares is not None:
            raise ValueError(
                "a pool is divided in proportion to a measure (by), or by shares that sum to 100% (shares)"
            )
        return self

    def main_measure(self) -> str | None:
        """What divides it, or what funds it."""
        return self.by or self.shares or self.funded_by

    def paid_measure(self) -> str | None:
        """What funds it; the measure that divides it is only looked at."""
        return self.funded_by

    @property
    def pays_without_credits(self) -> bool:
        """Equal shares, and shares that were said, are everyone's on the plan."""
        return self.by is None or super().pays_without_credits

    def refers_to(self) -> list[Reference]:
        """What funds it and what divides it."""
        return [Reference("amount", name) for name in (self.funded_by, self.by, self.shares) if name is not None]

    def pays_of(self) -> list[Reference]:
        """What funds it."""
        return [Reference("measure", self.funded_by)] if self.funded_by is not None else []

    def categories(self) -> Iterator[tuple[Path, Compared]]:
        """That by which groups are told apart, too."""
        yield from told_apart_by(self.among)
        yield from super().categories()

    def in_words(self, conventions: Conventions) -> Iterator[str]:
        """What is in the pool, and how it is divided."""
        if self.rate is not None:
            over = f" above {trimmed(self.above)}" if self.above else ""
            funds = f"{percent(self.rate)} of the {spoken(self.funded_by or '')} of {together(self.among)}{over}"
        else:
            funds = trimmed(self.amount or Decimal(0))
        if self.shares:
            yield f"Of a pool of {funds} each has the share that {spoken(self.shares)} says; together they are 100%."
            yield (
                "The share of who does not take part is paid to nobody. Unless they sum to exactly 100%, nobody is"
                " paid."
            )
        else:
            how = f"in proportion to {spoken(self.by)}" if self.by else "in equal parts"
            yield f"A pool of {funds} is divided {how} among those who take part."
        if self.multiply:
            yield "Each part is then multiplied as said below, and what is not given stays with the company."
        if self.among != "plan":
            yield f"Each {self.among} has a pool of its own."

    def lint(self, units: Units) -> Iterator[Finding]:
        """Factors above 1, by which more than the pool is paid."""
        for place, multiplier in enumerate(self.multiply):
            most = max(multiplier.numbers, default=Decimal(0))
            if most > 1:
                yield Finding.warning(
                    "P310",
                    ("multiply", place),
                    message=f"each part of the pool is multiplied by up to {trimmed(most)}: more than the pool may be"
                    " paid",
                    mend="let no factor be above 1, or divide the pool in proportion to a measure (by)",
                )

    def standing_in_words(self, everyone: pl.DataFrame, own: Mapping[str, Any], *, currency: str) -> str:
        """What is divided, and by what."""
        sharing = everyone.filter(pl.col("amount") != 0)
        paid = money(sum(sharing["amount"]), currency)
        if own["amount"] == 0 or sharing.height < 2:
            return f" of {paid}, divided among {sharing.height}" if sharing.height else ""
        if self.multiply:
            how = f"by {self.by or self.shares}" if self.by or self.shares else "in equal parts"
            return f" of a pool of which {paid} is paid, divided {how}, each part times its factor; the rest is kept"
        if self.shares is not None:
            return f" of a pool of which {paid} is paid, by {self.shares}"
        if self.by is None:
            return f" of {paid}, divided equally among {sharing.height}"
        mine, whole = (
            trimmed(value, minor_digits(currency)) for value in (own["measure"], Decimal(sum(sharing["measure"])))
        )
        return f" of {paid}, by {self.by}: {mine} of {whole} that {sharing.height} have together"

    def parts(self, context: EvaluationContext) -> Sequence[Part]:
        """One part: the share of the pool."""
        shared = self._shared(context)
        funds = context.value(self.funded_by).to_fractions() if self.funded_by else []
        given = [Fraction(0)] * context.height
        for members in grouped(context, self.among, component=self.component):
            pool = Fraction(self.amount or 0)
            if self.rate is not None:
                funding = sum((funds[row] for row in members), Fraction(0))
                over = max(funding - Fraction(self.above), Fraction(0)) if self.above else funding
                pool = over * Fraction(self.rate)
            parts = divided(
                pool, [shared.weights[row] for row in members], digits=context.digits, mode=context.conventions.rounding
            )
            for row, part in zip(members, parts, strict=True):
                # With `shares` those who do not take part keep their share, and it is paid to nobody: one who is left
                # out makes nobody else richer.
                given[row] = part if shared.takes_part[row] else Fraction(0)
        return [Part("share of the pool", ExactColumn.fractions(given), Fraction(1))]

    def share(self, context: EvaluationContext) -> ExactColumn:
        """Each one's share of the pool, times their factor; zero for who has none."""
        shared = self._shared(context)
        rows = zip(shared.weights, shared.sums, shared.takes_part, strict=True)
        part = ExactColumn.fractions(
            [weight / whole if whole and takes else Fraction(0) for weight, whole, takes in rows]
        )
        factor = self.factor(context)
        return part if factor is None else part * factor

    def unpaid(self, context: EvaluationContext) -> Iterator[Unpaid]:
        """Shares that are not the whole of the pool, no part in what divides it, or nothing to divide, too."""
        yield from super().unpaid(context)
        if self.shares is not None:
            sums = ExactColumn.fractions(self._shared(context).sums)
            about = sums.shown(NUMBER_SCALE, "a sum of shares").to_list()
            words = [percent(Decimal(share) / NUMBER_SCALE) for share in about]
            yield Unpaid("shares_not_whole", pl.Series(words, dtype=pl.String), ~sums.equals(1))
        if (name := self.by or self.shares) is not None:
            yield Unpaid("no_share", name, context.value(name) <= 0)
        yield Unpaid("pool_empty", "", context.everywhere)

    def _shared(self, context: EvaluationContext) -> _Shared:
        return context.cached("shared", self.component, make=lambda: self._weighed(context))

    def _weighed(self, context: EvaluationContext) -> _Shared:
        takes_part = context.condition(self.when).to_list() if self.when is not None else [True] * context.height
        name = self.by or self.shares
        said = context.value(name).to_fractions() if name else [Fraction(1)] * context.height
        # Who does not take part still has the share that was said, which nobody else is given.
        weights = [
            max(weight, Fraction(0)) if takes or self.shares is not None else Fraction(0)
            for weight, takes in zip(said, takes_part, strict=True)
        ]
        sums = [Fraction(0)] * context.height
        for members in grouped(context, self.among, component=self.component):
            whole = sum((weights[row] for row in members), Fraction(0))
            for row in members:
                sums[row] = whole
        if self.shares is not None:
            weights = [weight if whole == 1 else Fraction(0) for weight, whole in zip(weights, sums, strict=True)]
        return _Shared(weights, takes_part, sums)


class _Shared(NamedTuple):
    """Who shares pools, row by row: with which weight, whether they take part, and what the weights of their pool sum
    to."""

    weights: list[Fraction]
    takes_part: list[bool]
    sums: list[Fraction]
