"""An axis of a rate table: what it looks at, and its places."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

import polars as pl
from pydantic import model_validator

from shared.kernel.arithmetic.exact_column import ExactColumn
from shared.kernel.components.base import DealsInTurn, EvaluationContext, Unpaid
from shared.kernel.components.unpaid import no_category
from shared.kernel.language.category_texts import CATEGORY, is_one_of
from shared.kernel.language.formulas import FormulaText, Reference, references
from shared.kernel.language.lookups import Boundary
from shared.kernel.language.phrases import between, marks, scale, spoken
from shared.kernel.language.sql_in_words import formula_in_words
from shared.kernel.language.values import Amount, Name, PlanPart


class Axis(PlanPart):
    """One dimension. It looks at a measure's `attainment` or `amount`, at a `formula`, at a `category` of the
    participant, or at the `deal` that is paid.

    `up_to`: bands, one more than there are bounds. `at`: points, with straight lines between. `of`: categories by name,
    and with `others: true` one place more, the last, for everybody else.
    """

    attainment: Name | None = None
    """A measure whose attainment it looks at."""
    amount: Name | None = None
    """A measure whose amount it looks at."""
    formula: FormulaText | None = None
    """An SQL expression that it looks at."""
    category: Name | None = None
    """A category of the participant that it looks at: position, territory, manager, participant_id, or one of the
    company's own."""
    deal: FormulaText | None = None
    """With `each: deal`, a column of the deal that it looks at, or an SQL expression over its numbers."""
    up_to: tuple[Amount, ...] = ()
    """Bands: their bounds; the table has one value more."""
    at: tuple[Amount, ...] = ()
    """Points, between which is interpolated."""
    of: tuple[str, ...] = ()
    """The names of the category."""
    others: bool = False
    """Whether the table has one value more, the last, for everybody whose category is none of the names, or blank."""

    @model_validator(mode="after")
    def _in_one_way(self) -> Axis:
        looks = [self.attainment, self.amount, self.formula, self.category, self.deal]
        if sum(look is not None for look in looks) != 1:
            raise ValueError("an axis looks at one of attainment, amount, formula, category or deal")
        by_name = bool(self.of) and self.deal is not None
        if sum(map(bool, (self.up_to, self.at, self.of))) != 1 or (
            not by_name and bool(self.of) != (self.category is not None)
        ):
            raise ValueError("an axis has up_to (bands) or at (points), and a category has of (names)")
        if by_name and not self.others:
            # Of a person without a place the earning says so; a deal without one would be paid nothing in silence.
            raise ValueError("of names some values of a deal's column: say others: true, and what all other deals give")
        if len(set(self.of)) < len(self.of):
            twice = next(name for name in self.of if self.of.count(name) > 1)
            raise ValueError(f"of names {twice} twice: a category has one place on the axis")
        if "" in self.of:
            raise ValueError("of names a blank: who has no category belongs to everybody else, others: true")
        if self.others and not self.of:
            raise ValueError("others is for a category: it says what everybody else is given")
        for given in (self.up_to, self.at):
            if any(low >= high for low, high in pairwise(given)):
                raise ValueError("the marks of an axis must rise")
        if len(self.at) == 1:
            raise ValueError("an axis of points has at least two")
        return self

    @property
    def size(self) -> int:
        """How many values the table has along it."""
        return len(self.up_to) + 1 if self.up_to else len(self.at or self.of) + self.others

    @property
    def title(self) -> str:
        """What it looks at, in words."""
        if self.attainment is not None:
            return scale(self.attainment, "attainment")
        if self.amount is not None:
            return scale(self.amount, "amount")
        if self.deal is not None:
            return f"{formula_in_words(self.deal)} of the deal"
        return formula_in_words(self.formula) if self.formula is not None else spoken(self.category or "")

    def places(self) -> list[str]:
        """Its places in words."""
        on = "attainment" if self.attainment is not None else "amount"
        if self.up_to:
            return between([*self.up_to, None], on)
        return marks(self.at, on) or [*self.of, *([self._else] if self.others else [])]

    @property
    def _else(self) -> str:
        return "everybody else" if self.deal is None else "everything else"

    @property
    def looks_at(self) -> Reference:
        """What it looks at."""
        looks = {
            "attainment": self.attainment,
            "measure": self.amount,
            CATEGORY: self.category,
            "formula": self.formula,
            "deal": self.deal,
        }
        return next(Reference(kind, name) for kind, name in looks.items() if name is not None)

    def refers_to(self) -> list[Reference]:
        """The measures and categories of the participant at which it looks."""
        if self.formula is not None:
            return references(self.formula)
        return [] if self.deal is not None else [self.looks_at]

    def place_of(self, value: str | None, *, boundary: Boundary) -> str:
        """Where a value, a number as text or a name, lies on it in words; empty where that is the value itself."""
        if self.of:
            return "" if value in self.of else self._else
        number, on = Decimal(value or 0), "attainment" if self.attainment is not None else "amount"
        if self.up_to:
            ends = [end for end in self.up_to if (number > end if boundary == "lower" else number >= end)]
            return self.places()[len(ends)]
        written = dict(zip(self.at, marks(self.at, on), strict=True))
        if number in written:
            return ""
        below, above = [at for at in self.at if at < number], [at for at in self.at if at > number]
        if not below or not above:
            return f"as at {written[self.at[-1 if below else 0]]}"
        return f"between {written[below[-1]]} and {written[above[0]]}"

    def in_no_row(self, context: EvaluationContext) -> Iterator[Unpaid]:
        """The rows whose category has no place on it."""
        if self.category is not None and not self.others:
            yield no_category(context, self.category, there=~is_one_of(context.category(self.category), self.of))

    def named(self, context: EvaluationContext, deals: DealsInTurn | None) -> pl.Series:
        """The category that it looks at, row by row."""
        if deals is not None and self.deal is not None:
            return deals.text(self.deal)
        return context.category(self.category or "")

    def value(self, context: EvaluationContext, deals: DealsInTurn | None) -> ExactColumn:
        """What it looks at, row by row."""
        if self.deal is not None:
            assert deals is not None
            return deals.number(self.deal)
        if self.attainment is not None:
            return context.attainment(self.attainment)
        return context.value(self.amount) if self.amount is not None else context.number(self.formula or "0")
