"""What a crediting rule credits, where it is not the deal's own amount: an expression over the numbers of the deal."""

from __future__ import annotations

import polars as pl

from shared.kernel.arithmetic.exact_column import ExactColumn, where
from shared.kernel.arithmetic.expressions import MOST_SUM
from shared.kernel.language.deal_facts import exact_values, unit_of
from shared.kernel.language.formulas import FormulaError, number, references


def exact_number(text: str, deals: pl.DataFrame) -> pl.Series:
    """The expression for each deal, rounded to minor units of its currency (Int64), halves away from zero.

    Money of the deal counts in major units; so does the result, whatever it measures: 5 pieces are 5.00. It is null of
    a deal that lacks one of the columns, or where it is beyond 10^18 minor units.
    """

    unit = unit_of(deals["currency"])

    def column(kind: str, name: str) -> ExactColumn:
        if kind != "measure":
            raise FormulaError(f"{kind}({name}) is not known of a deal")
        return exact_values(deals[name], name, unit=unit)

    # In minor units of the deal's own currency, before any exchange: that is where the deal's amount is rounded as
    # well.
    exact = (number(text, column, deals.height) * unit).rounded("half_up")
    fits = (exact < MOST_SUM) & (exact * -1 < MOST_SUM)
    amounts = where(fits, exact, otherwise=0).minor(0, "the amount of a credit")
    lacks = deals.select(pl.any_horizontal(pl.lit(value=False), *(pl.col(name).is_null() for name in named(text))))
    return amounts.zip_with(fits & ~lacks.to_series(), pl.Series([None], dtype=pl.Int64))


def named(text: str) -> list[str]:
    """The columns of a deal that an amount is calculated from."""
    return list(dict.fromkeys(reference.name for reference in references(text)))
