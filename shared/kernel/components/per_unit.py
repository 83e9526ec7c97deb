"""An amount of money for every unit of the measure: for each deal, each new account, each piece sold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Literal

from shared.kernel.components.base import DealsInTurn, EvaluationContext, Kind, Part
from shared.kernel.language.conventions import Conventions
from shared.kernel.language.formulas import Reference
from shared.kernel.language.phrases import figure_in_words, spoken
from shared.kernel.language.values import Figure, Name


class PerUnit(Kind):
    """`kind: per_unit` pays `amount` for each 1 of the measure."""

    kind: Literal["per_unit"]
    each: Literal["deal"] | None = None
    """Whether it pays each deal by itself, at the amount of the deal's day."""
    measure: Name
    """What is counted."""
    amount: Figure
    """What each 1 of it pays."""

    def pays_of(self) -> list[Reference]:
        """Its measure."""
        return [Reference("measure", self.measure)]

    def in_words(self, conventions: Conventions) -> Iterator[str]:
        """So much for each."""
        of = f"each deal of {spoken(self.measure)}" if self.in_turn else spoken(self.measure)
        yield f"Pays {figure_in_words(self.amount)} for each 1 of {of}."

    @property
    def rates_are_amounts(self) -> bool:
        """So much money for each."""
        return True

    def parts(self, context: EvaluationContext) -> Sequence[Part]:
        """One part: so many at so much."""
        if self.in_turn:
            assert context.per_deal is not None
            return [Part("each deal by itself", context.per_deal(context, self.component), Fraction(1))]
        return [Part("each", context.value(self.measure), context.rate(self.amount))]

    @property
    def in_turn(self) -> bool:
        """With `each: deal`, too."""
        return self.each is not None or super().in_turn

    def parts_in_turn(self, deals: DealsInTurn) -> Sequence[Part]:
        """One part: so many of each deal at the amount of its day."""
        return [Part("each", deals.credited, deals.standing.rate(self.amount))]
