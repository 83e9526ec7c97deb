"""A flat rate: every unit of the measure pays the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from shared.formatting import amount, percent
from shared.kernel.arithmetic.exact_column import ExactColumn
from shared.kernel.components.base import DealsInTurn, EvaluationContext, Kind, Part
from shared.kernel.language.conventions import Conventions
from shared.kernel.language.findings import Finding
from shared.kernel.language.formulas import Reference
from shared.kernel.language.measures import Measure
from shared.kernel.language.phrases import figure_in_words, spoken
from shared.kernel.language.plausibility import looks_like_percent
from shared.kernel.language.units import Units
from shared.kernel.language.values import Name, OfMeasure, RateFigure, Term


class Flat(Kind):
    """`kind: flat` pays `rate` of the measure; the rate may be each participant's own term."""

    kind: Literal["flat"]
    each: Literal["deal"] | None = None
    """Whether it pays each deal by itself, at the rate of the deal's day."""
    measure: Name
    """What is paid."""
    rate: RateFigure
    """How much of it, such as 5%; or `{term: name}`, the participant's own."""

    def pays_of(self) -> list[Reference]:
        """Its measure."""
        return [Reference("measure", self.measure)]

    @property
    def own_rate(self) -> Term | None:
        """The term that is its rate."""
        return self.rate if isinstance(self.rate, Term) else None

    @property
    def in_turn(self) -> bool:
        """With `each: deal`, too."""
        return self.each is not None or super().in_turn

    def pays_by_deal(self, conventions: Conventions, measure: Measure) -> bool:
        """With `round_on: deal`, where all have the same rate and the measure is a sum: the rate of a count or a ratio
        is no deal's."""
        return self.in_turn or (self._rounds_deals(conventions) and measure.sum_of is not None)

    def _rounds_deals(self, conventions: Conventions) -> bool:
        return conventions.round_on == "deal" and isinstance(self.rate, Decimal)

    def deal_parts(self, credited: ExactColumn, context: EvaluationContext) -> Sequence[Part]:
        """One part: the rate of each credit."""
        assert isinstance(self.rate, Decimal)
        return [Part("all of it", credited, Fraction(self.rate))]

    def deal_in_words(self, credited: Fraction, conventions: Conventions) -> str | None:
        """The product that is rounded, where every deal is paid by itself."""
        if self.in_turn or not isinstance(self.rate, Decimal) or not self._rounds_deals(conventions):
            return None
        return f"{amount(Decimal(credited.numerator) / credited.denominator)} × {percent(self.rate)}, rounded"

    def in_words(self, conventions: Conventions) -> Iterator[str]:
        """Such a part of it."""
        of = f"each deal of {spoken(self.measure)}" if self.in_turn else spoken(self.measure)
        if isinstance(self.rate, OfMeasure):
            yield f"Pays {of} times {figure_in_words(self.rate)}."
        else:
            rate = percent(self.rate) if isinstance(self.rate, Decimal) else figure_in_words(self.rate)
            yield f"Pays {rate} of {of}."

    def lint(self, units: Units) -> Iterator[Finding]:
        """A rate of which the percent sign may have been forgotten."""
        if isinstance(self.rate, Decimal):
            yield from looks_like_percent(self.rate, units.of(self.measure), "rate")

    def parts(self, context: EvaluationContext) -> Sequence[Part]:
        """One part: all of it."""
        # The columns of a version's deals are there for the versions that go on with it, too; whether this one pays
        # deals follows from its own convention and measure.
        if context.per_deal is not None and self.component in context.by_deal:
            return [Part("each deal by itself", context.per_deal(context, self.component), Fraction(1))]
        return [Part("all of it", context.value(self.measure), context.rate(self.rate))]

    def parts_in_turn(self, deals: DealsInTurn) -> Sequence[Part]:
        """One part: the rate of each credit, as it is on its day."""
        return [Part("all of it", deals.credited, deals.standing.rate(self.rate))]
