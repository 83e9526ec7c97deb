"""An amount of money for every unit of the measure: for each deal, each new account, each piece sold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from shared.kernel.components.base import EvaluationContext, Kind, Part
from shared.kernel.language.formulas import Reference
from shared.kernel.language.phrases import figure_in_words, spoken
from shared.kernel.language.values import Figure, Name


class PerUnit(Kind):
    """`kind: per_unit` pays `amount` for each 1 of the measure."""

    kind: Literal["per_unit"]
    measure: Name
    """What is counted."""
    amount: Figure
    """What each 1 of it pays."""

    def pays_of(self) -> list[Reference]:
        """Its measure."""
        return [Reference("measure", self.measure)]

    def in_words(self) -> Iterator[str]:
        """So much for each."""
        yield f"Pays {figure_in_words(self.amount)} for each 1 of {spoken(self.measure)}."

    @property
    def rates_are_amounts(self) -> bool:
        """So much money for each."""
        return True

    def parts(self, context: EvaluationContext) -> Sequence[Part]:
        """One part: so many at so much."""
        amount = Fraction(self.amount) if isinstance(self.amount, Decimal) else context.figure(self.amount)
        return [Part("each", context.value(self.measure), amount)]
