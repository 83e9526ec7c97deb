"""Slabs: tiers that begin anew with every deal. Each credit is paid by itself, at one rate or in marginal tiers of its
own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from pydantic import Field, model_validator

from shared.formatting import amount, percent
from shared.kernel.arithmetic.exact_column import ExactColumn, where
from shared.kernel.components.base import DealsInTurn, EvaluationContext, Kind, Part
from shared.kernel.language.conventions import Conventions
from shared.kernel.language.findings import Finding
from shared.kernel.language.formulas import Reference
from shared.kernel.language.lookups import PaidTier, ends_of, lies_in, rising_and_open
from shared.kernel.language.measures import Measure
from shared.kernel.language.phrases import WHOLE_TO_EACH, between, figure_in_words, spoken, table
from shared.kernel.language.plausibility import suspicious_rates
from shared.kernel.language.units import Units
from shared.kernel.language.values import Figure, Name, OfMeasure, Term, parts_in


class Slab(PaidTier):
    """One row: deals up to this size (the last: no end) pay this rate, and a fixed amount beside it where there is
    one. A figure may be `{term: name}`, the participant's own on the deal's day."""


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

    @property
    def pays_amounts_for_deals(self) -> bool:
        """Where a slab has an amount."""
        return any(tier.amount for tier in self.tiers)

    def pays_of(self) -> list[Reference]:
        """Its measure."""
        return [Reference("measure", self.measure)]

    @property
    def in_turn(self) -> bool:
        """Where a figure is the participant's own, or a deal pays a least or a most, too: both are of its day."""
        own = (Term, OfMeasure)
        return super().in_turn or any(True for kind in own for tier in self.tiers for _ in parts_in(tier, kind))

    def parts_in_turn(self, deals: DealsInTurn) -> Sequence[Part]:
        """The same as of every deal by itself; of a deal that credits nothing, such as one refunded wholly, none."""
        nothing = deals.credited.equals(0)
        parts = self.deal_parts(deals.credited, deals.standing)
        return [Part(part.reach, where(nothing, 0, otherwise=part.base), part.rate) for part in parts]

    def pays_by_deal(self, conventions: Conventions, measure: Measure) -> bool:
        """Always, whatever the measure makes of its credits."""
        return True

    def deal_parts(self, credited: ExactColumn, context: EvaluationContext) -> Sequence[Part]:
        """A part per tier: what of each credit lies in it; and the fixed amounts beside the rates."""
        return list(self._in_tiers(credited, context) if self.marginal else self._by_size(credited, context))

    def _by_size(self, credited: ExactColumn, context: EvaluationContext) -> Iterator[Part]:
        boundary = context.conventions.boundary
        here = lies_in(credited, ends_of(self.tiers, context.rate), boundary=boundary)
        reaches = between([tier.up_to for tier in self.tiers], "amount", boundary=boundary)
        for tier, reach, inside in zip(self.tiers, reaches, here, strict=True):
            yield Part(reach, credited * inside, context.rate(tier.rate))
            if tier.amount:
                yield Part(f"fixed amount, {reach}", context.figure(tier.amount) * inside, Fraction(1))

    def _in_tiers(self, credited: ExactColumn, context: EvaluationContext) -> Iterator[Part]:
        start: ExactColumn | Fraction | None = None
        reaches = between([tier.up_to for tier in self.tiers], "amount")
        for tier, reach, end in zip(self.tiers, reaches, ends_of(self.tiers, context.rate), strict=True):
            inside = credited if end is None else credited.least(end)
            inside = inside if start is None else (inside - start).greatest(0)
            yield Part(reach, inside, context.rate(tier.rate))
            # The first tier reaches down without end: a refund is paid back at the first rate, as in `graduated`.
            start = end

    def in_words(self, conventions: Conventions) -> Iterator[str]:
        """The table of rates, and that each deal climbs it anew."""
        way = "in parts, each at the rate of its tier" if self.marginal else "all of it at the rate of its size"
        yield f"Each deal of {spoken(self.measure)} is paid by itself, {way}:"
        boundary = "lower" if self.marginal else conventions.boundary
        reaches = between([tier.up_to for tier in self.tiers], "amount", boundary=boundary)
        fixed = any(tier.amount for tier in self.tiers)
        rows = [
            (
                reach,
                percent(tier.rate) if isinstance(tier.rate, Decimal) else figure_in_words(tier.rate),
                *([figure_in_words(tier.amount)] if fixed else []),
            )
            for reach, tier in zip(reaches, self.tiers, strict=True)
        ]
        yield table(["a deal of", "pays", *(["and in addition"] if fixed else [])], rows)
        if fixed:
            yield WHOLE_TO_EACH

    def lint(self, units: Units) -> Iterator[Finding]:
        """Numbers that look like another unit, tiers that make no difference, and boundaries with a gap."""
        ends = [tier.up_to for tier in self.tiers]
        gives = [(tier.rate, tier.amount) for tier in self.tiers]
        yield from suspicious_rates(ends, gives, on="amount", by=self.measure, measure=self.measure, units=units)

    def leaves_open(self) -> set[str]:
        """To which size a deal on a boundary belongs, where it is paid at one rate."""
        return super().leaves_open() | ({"boundary"} if len(self.tiers) > 1 and not self.marginal else set())

    def deal_in_words(self, credited: Fraction, conventions: Conventions) -> str | None:
        """The product, or in marginal tiers the products, with the slab that the deal lies in."""
        if self.in_turn:
            return None
        reaches = between([tier.up_to for tier in self.tiers], "amount")
        tiers = [(_number(tier.rate), _number(tier.amount)) for tier in self.tiers]
        ends = [None if tier.up_to is None else _number(tier.up_to) for tier in self.tiers]
        if self.marginal:
            return " + ".join(
                f"{amount(size)} × {percent(rate)} ({reach})"
                for (rate, _), reach, size in zip(tiers, reaches, _inside(_decimal(credited), ends), strict=True)
                if size
            )
        reaches = between([tier.up_to for tier in self.tiers], "amount", boundary=conventions.boundary)
        behind = [
            end for end in ends if end is not None and _left_behind(credited, Fraction(end), conventions=conventions)
        ]
        (rate, fixed), reach = tiers[len(behind)], reaches[len(behind)]
        beside = f" + {amount(fixed)}" if fixed else ""
        product = f"{amount(_decimal(credited))} × {percent(rate)}{beside}"
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


def _number(figure: Figure) -> Decimal:
    """A figure of the plan itself, which all are where deals are not paid in turn."""
    assert isinstance(figure, Decimal)
    return figure


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)
