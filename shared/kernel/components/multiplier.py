"""Multipliers: factors by which the pay of a component is multiplied, whatever its kind."""

from __future__ import annotations

from collections.abc import Iterator

from shared.kernel.arithmetic.exact_column import ExactColumn
from shared.kernel.components.context import EvaluationContext
from shared.kernel.language.axes import Boundary
from shared.kernel.language.formulas import FormulaText
from shared.kernel.language.lookups import Lookup
from shared.kernel.language.phrases import table
from shared.kernel.language.sql_in_words import formula_in_words


class Multiplier(Lookup):
    """Scales a component: by a formula, or by a factor looked up by a measure (its attainment, unless `on: amount`) or
    by a category of the participant."""

    by: FormulaText | None = None
    """A factor: a number, or an SQL expression over measures."""

    def _ways(self) -> int:
        return super()._ways() + (self.by is not None)

    def _looks(self) -> int:
        return super()._looks() + (self.by is not None)

    def _said_how(self) -> str:
        return (
            "a multiplier has either `by`, or a `measure` with `steps` or `points`, or a `category` with `of`, or"
            " `axes` with `values`"
        )

    def told(self, boundary: Boundary) -> Iterator[str]:
        """The factor in words: Markdown paragraphs and tables."""
        if self.by is not None:
            yield f"The result is multiplied by {formula_in_words(self.by)}."
        else:
            by, how, rows = self.in_words(boundary)
            the = "" if self.category is not None else "the "
            yield f"The result is multiplied by a factor, by {the}{by}{how}:"
            yield table([by, "factor"], rows)

    def factor(self, context: EvaluationContext) -> ExactColumn:
        """The factor row by row."""
        return self.given(context) if self.by is None else context.number(self.by)
