"""Slabs: tiers that begin anew with every deal. Each credit is paid by itself, at one rate or in marginal tiers of its
own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from pydantic import Field, model_validator

from shared.formatting import amount, percent, trimmed
from shared.kernel.arithmetic.exact_column import ExactColumn
from shared.kernel.components.base import EvaluationContext, Kind, Part
from shared.kernel.language.conventions import Conventions
from shared.kernel.language.findings import Finding
from shared.kernel.language.formulas import Reference
from shared.kernel.language.lookups import lies_in, rising_and_open
from shared.kernel.language.measures import Measure
from shared.kernel.language.phrases import between, spoken, table
from shared.kernel.language.plausibility import suspicious_rates
from shared.kernel.language.units import Units
from shared.kernel.language.values import Amount, Name, PlanPart, Rate


class Slab(PlanPart):
    """One row: deals up to this size (the last: no end) pay this rate, and a fixed amount beside it where there is
    one."""

    up_to: Amount | None = None
    """The size up to which deals belong to it; the last has none."""
    rate: Rate = Decimal(0)
    """What they pay of their size."""
    amount: Amount = Decimal(0)
    """What each pays besides."""


class Slabs(Kind):
    """`kind: slab` pays each deal by its own size: all of it at its slab's rate, or `marginal: true` in tiers."""

    kind: Literal["slab"]
    measure: Name
    """Whose deals are paid."""
    marginal: bool = False
    """Whether each deal is paid in parts, each at the rate of its tier."""
    tiers: tuple[Slab, ...] = Field(min_length=1)
    """The sizes, in rising order."""

    @model_validator(mode="after")
    def _rising_and_open(self) -> Slabs:
        rising_and_open([tier.up_to for tier in self.tiers])
        if self.marginal and any(tier.amount for tier in self.tiers):
            raise ValueError(
                "an amount is for deals that lie in a slab as a whole: with marginal: true there are rates only"
            )
        return self

    def pays_of(self) -> list[Reference]:
        """Its measure."""
        return [Reference("measure", self.measure)]

    def pays_by_deal(self, conventions: Conventions, measure: Measure) -> bool:
        """Always, whatever the measure makes of its credits."""
        return True

    def deal_parts(self, credited: ExactColumn, context: EvaluationContext) -> Sequence[Part]:
        """A part per tier: what of each credit lies in it; and the fixed amounts beside the rates."""
        return list(self._in_tiers(credited) if self.marginal else self._by_size(credited, context))

    def _by_size(self, credited: ExactColumn, context: EvaluationContext) -> Iterator[Part]:
        ends = [tier.up_to for tier in self.tiers]
        here = lies_in(credited, ends, boundary=context.conventions.boundary)
        for tier, reach, inside in zip(self.tiers, between(ends, "amount"), here, strict=True):
            yield Part(reach, credited * inside, Fraction(tier.rate))
            if tier.amount:
                yield Part(
                    f"fixed amount, {reach}",
                    ExactColumn.constant(Fraction(tier.amount), context.height) * inside,
                    Fraction(1),
                )

    def _in_tiers(self, credited: ExactColumn) -> Iterator[Part]:
        start: Fraction | None = None
        for tier, reach in zip(self.tiers, between([tier.up_to for tier in self.tiers], "amount"), strict=True):
            inside = credited if tier.up_to is None else credited.least(Fraction(tier.up_to))
            inside = inside if start is None else (inside - start).greatest(0)
            yield Part(reach, inside, Fraction(tier.rate))
            # The first tier reaches down without end: a refund is paid back at the first rate, as in `graduated`.
            start = None if tier.up_to is None else Fraction(tier.up_to)

    def in_words(self) -> Iterator[str]:
        """The table of rates, and that each deal climbs it anew."""
        way = "in parts, each at the rate of its tier" if self.marginal else "all of it at the rate of its size"
        yield f"Each deal of {spoken(self.measure)} is paid by itself, {way}:"
        reaches = between([tier.up_to for tier in self.tiers], "amount")
        fixed = any(tier.amount for tier in self.tiers)
        rows = [
            (reach, percent(tier.rate), *([trimmed(tier.amount)] if fixed else []))
            for reach, tier in zip(reaches, self.tiers, strict=True)
        ]
        yield table(["a deal of", "pays", *(["and in addition"] if fixed else [])], rows)

    def lint(self, units: Units) -> Iterator[Finding]:
        """Numbers that look like another unit, tiers that make no difference, and boundaries with a gap."""
        ends = [tier.up_to for tier in self.tiers]
        gives = [(tier.rate, tier.amount) for tier in self.tiers]
        yield from suspicious_rates(ends, gives, on="amount", by=self.measure, measure=self.measure, units=units)

    def leaves_open(self) -> set[str]:
        """To which size a deal on a boundary belongs, where it is paid at one rate."""
        return super().leaves_open() | ({"boundary"} if len(self.tiers) > 1 and not self.marginal else set())

    def deal_in_words(self, credited: Fraction, conventions: Conventions) -> str:
        """The product, or in marginal tiers the products, with the slab that the deal lies in."""
        ends = [tier.up_to for tier in self.tiers]
        reaches = between(ends, "amount")
        if self.marginal:
            return " + ".join(
                f"{amount(size)} × {percent(tier.rate)} ({reach})"
                for tier, reach, size in zip(self.tiers, reaches, _inside(_decimal(credited), ends), strict=True)
                if size
            )
        behind = [
            end for end in ends if end is not None and _left_behind(credited, Fraction(end), conventions=conventions)
        ]
        tier, reach = self.tiers[len(behind)], reaches[len(behind)]
        beside = f" + {amount(tier.amount)}" if tier.amount else ""
        product = f"{amount(_decimal(credited))} × {percent(tier.rate)}{beside}"
        return f"{product} ({reach})"

    def parts(self, context: EvaluationContext) -> Sequence[Part]:
        """One part: what the deals pay, each by itself."""
        assert context.per_deal is not None
        return [Part("each deal by its own size", context.per_deal(context, self.component), Fraction(1))]


def _left_behind(credited: Fraction, end: Fraction, *, conventions: Conventions) -> bool:
    return credited > end or (credited == end and conventions.boundary == "upper")


def _inside(credited: Decimal, ends: Sequence[Decimal | None]) -> list[Decimal]:
    """How much of a credit lies in each tier; the first reaches down without end."""
    inside: list[Decimal] = []
    start: Decimal | None = None
    for end in ends:
        reached = credited if end is None else min(credited, end)
        inside.append(reached if start is None else max(reached - start, Decimal(0)))
        start = end
    return inside


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)
