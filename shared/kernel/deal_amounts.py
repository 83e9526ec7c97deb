"""What a crediting rule credits, where it is not the deal's own amount: an expression over the numbers of the deal."""

from __future__ import annotations

from fractions import Fraction

import polars as pl

from shared.kernel.columns import Exact
from shared.kernel.formulas import FormulaError, number

MONEY = ("amount", "list_amount", "refunded")


def exact_number(text: str, deals: pl.DataFrame, digits: int) -> pl.Series:
    """The expression for each deal, rounded to minor units (Int64), halves away from zero.

    Money of the deal counts in major units; so does the result, whatever it measures: 5 pieces are 5.00.

    Raises:
        Overflow: one is beyond 10^18 minor units.
    """

    def column(kind: str, name: str) -> Exact:
        if kind != "measure":
            raise FormulaError(f"{kind}({name}) is not known of a deal")
        values = deals[name]
        if name in MONEY:
            return Exact.of(values, 10**digits)
        if isinstance(values.dtype, pl.Decimal):
            return Exact.of((values * pl.Series([10**6]).cast(pl.Decimal(38, 0))).cast(pl.Int128), 10**6)
        return Exact.of(values)

    exact = number(text, column, deals.height).rounded("half_up", Fraction(1, 10**digits))
    return exact.minor(digits, "the amount of a credit")
