"""Why rows are paid nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from shared.kernel.components.context import EvaluationContext
from shared.kernel.language.lookups import Lookup
from shared.kernel.language.phrases import spoken


@dataclass(frozen=True, slots=True)
class Unpaid:
    """Rows that are paid nothing for a `reason` of `shared.kernel.reasons`, and what that is about, for all of them or
    for each."""

    reason: str
    about: str | pl.Series
    there: pl.Series


def no_category(context: EvaluationContext, category: str, *, there: pl.Series) -> Unpaid:
    """Rows whose category has no row in the plan, each with what it is."""
    said = pl.concat_str(pl.lit(f"{spoken(category)} "), pl.lit(context.category(category)))
    return Unpaid("no_category", pl.select(about=said.fill_null(f"a blank {spoken(category)}"))["about"], there)


def in_no_row(formula: str, context: EvaluationContext) -> Iterator[Unpaid]:
    """Who is in no row of a `case` over categories in a formula, which does not say what everybody else has."""
    yield from (no_category(context, category, there=there) for category, there in context.uncovered(formula))


def looked_up_nowhere(by: Lookup, context: EvaluationContext) -> Iterator[Unpaid]:
    """Who is in no row of what is looked up by category."""
    yield from (no_category(context, category, there=there) for category, there in by.nobody(context))
