"""Whatever can be written as a formula over measures, quotas, terms and what other components pay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Literal

from pydantic import model_validator

from shared.kernel.components.base import EvaluationContext, Kind, Part
from shared.kernel.language.conventions import Conventions
from shared.kernel.language.findings import Finding, Path
from shared.kernel.language.formula_growth import multiplies_growth
from shared.kernel.language.formulas import FormulaText, Reference, is_condition, references
from shared.kernel.language.sql_in_words import formula_in_words
from shared.kernel.language.units import Units
from shared.kernel.language.values import Name


class Formula(Kind):
    """`kind: formula` pays what the SQL expression `amount` comes to; `measure` is what statements show beside it."""

    kind: Literal["formula"]
    amount: FormulaText
    """What it pays: an SQL expression over measures, `attainment(m)`, `quota(m)`, `term(t)` and `pay(c)`."""
    measure: Name | None = None
    """The measure that statements show beside it."""

    @model_validator(mode="after")
    def _a_number(self) -> Formula:
        if is_condition(self.amount):
            raise ValueError(f"amount: {self.amount!r} says yes or no, not how much")
        return self

    @property
    def rates_are_amounts(self) -> bool:
        """The formula comes to an amount."""
        return True

    @property
    def pays_without_credits(self) -> bool:
        """It may come to something where all measures are zero."""
        return True

    def refers_to(self) -> list[Reference]:
        """The names in the formula."""
        return references(self.amount) + ([Reference("amount", self.measure)] if self.measure else [])

    def formulas(self) -> Iterator[tuple[Path, FormulaText]]:
        """What it pays, too."""
        yield from super().formulas()
        yield ("amount",), self.amount

    @property
    def is_fixed(self) -> bool:
        """Where it may be prorated at all, it pays no part of a sum (`plan.consistency`)."""
        return True

    def pays_of(self) -> list[FormulaText]:
        """The formula."""
        return [self.amount]

    def in_words(self, conventions: Conventions) -> Iterator[str]:
        """The formula, said and as it stands."""
        yield f"Pays {formula_in_words(self.amount)}."
        yield f"As a formula: `{self.amount}`"

    def lint(self, units: Units) -> Iterator[Finding]:
        """A product of two things that grow without end."""
        if self.maximum is None and multiplies_growth(self.amount, units.bounded):
            yield Finding.warning(
                "P403",
                ("amount",),
                message=f"{self.amount} multiplies two things that have no bound, and the component has no maximum",
                mend="give the component a maximum, or bound one factor: least(…, 1.5)",
            )

    def parts(self, context: EvaluationContext) -> Sequence[Part]:
        """One part: what the formula comes to."""
        return [Part(self.amount, context.number(self.amount), Fraction(1))]
