"""Multipliers: factors by which the pay of a component is multiplied, whatever its kind."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Literal

from pydantic import Field, model_validator

from shared.formatting import trimmed
from shared.kernel.arithmetic.exact_column import ExactColumn
from shared.kernel.components.context import EvaluationContext
from shared.kernel.components.lookup import Points, Step, by_category, lookup, rising_and_open
from shared.kernel.components.unpaid import Unpaid, no_category
from shared.kernel.language.category_texts import CATEGORY, CategoryText
from shared.kernel.language.formulas import FormulaText, Reference, on_scale
from shared.kernel.language.phrases import between, mark, scale, spoken, table
from shared.kernel.language.sql_in_words import formula_in_words
from shared.kernel.language.values import Name, PlanPart, Rate


class Multiplier(PlanPart):
    """Scales a component: by a formula, or by a factor looked up by a measure (its attainment, unless `on: amount`) or
    by a category of the participant."""

    by: FormulaText | None = None
    """A factor: a number, or an SQL expression over measures."""
    measure: Name | None = None
    """The measure by which the factor is looked up in `steps` or `points`."""
    on: Literal["attainment", "amount"] = "attainment"
    """Whether by its attainment or by its amount."""
    steps: tuple[Step, ...] = ()
    """The factor of the tier in which the measure lies."""
    points: Points = ()
    """The factor between points, on a straight line."""
    category: Name | None = None
    """The category of the participant by which the factor is looked up in `of`: position, territory, manager,
    participant_id, or one of the company's own."""
    of: dict[CategoryText, Rate] = Field(default_factory=dict)
    """The factor of each category by name."""
    others: Rate | None = None
    """The factor of everybody whose category is none of `of`, or blank. Without it they are not paid, and named."""

    @model_validator(mode="after")
    def _in_one_way(self) -> Multiplier:
        ways = (self.by is not None, bool(self.steps), bool(self.points), bool(self.of))
        looks = (self.by is not None, self.measure is not None, self.category is not None)
        if sum(ways) != 1 or sum(looks) != 1 or bool(self.of) != (self.category is not None):
            raise ValueError(
                "a multiplier has either `by`, or a `measure` with `steps` or `points`, or a `category` with `of`"
            )
        if self.others is not None and not self.of:
            raise ValueError("others is for a category: it says what everybody else is multiplied by")
        if self.steps:
            rising_and_open([step.up_to for step in self.steps], "steps")
        return self

    def in_words(self) -> Iterator[str]:
        """The factor in words: Markdown paragraphs and tables."""
        if self.by is not None:
            yield f"The result is multiplied by {formula_in_words(self.by)}."
            return
        if self.category is not None:
            yield f"The result is multiplied by a factor, by {spoken(self.category)}:"
            others = [] if self.others is None else [("everybody else", trimmed(self.others))]
            yield table(
                [spoken(self.category), "factor"], [*((name, trimmed(f)) for name, f in self.of.items()), *others]
            )
            return
        of = scale(self.measure or "", self.on)
        if self.points:
            yield f"The result is multiplied by a factor, by the {of}, on straight lines between these points:"
            rows = [(mark(point.at, self.on), trimmed(point.gives)) for point in self.points]
        else:
            yield f"The result is multiplied by a factor, by the {of}:"
            reaches = between([step.up_to for step in self.steps], self.on)
            rows = [(reach, trimmed(step.gives)) for reach, step in zip(reaches, self.steps, strict=True)]
        yield table([of, "factor"], rows)

    def factor(self, context: EvaluationContext) -> ExactColumn:
        """The factor row by row."""
        if self.by is not None:
            return context.number(self.by)
        if self.category is not None:
            named, others = context.category(self.category), Fraction(self.others or 0)
            return by_category(named, {name: Fraction(factor) for name, factor in self.of.items()}, others=others)
        assert self.measure is not None
        value = context.scale(self.measure, self.on)
        return lookup(value, self.steps, points=self.points, boundary=context.conventions.boundary)

    def looks_at(self) -> list[Reference]:
        """By what it looks the factor up, unless it is a formula."""
        if self.category is not None:
            return [Reference(CATEGORY, self.category)]
        return [] if self.measure is None else [Reference(on_scale(self.on), self.measure)]

    def in_no_row(self, context: EvaluationContext) -> Iterator[Unpaid]:
        """Who is in no row of it."""
        if self.category is not None and self.others is None:
            known = context.category(self.category).is_in(list(self.of)).fill_null(value=False)
            yield no_category(context, self.category, ~known)
