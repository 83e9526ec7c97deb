"""What of a deal its pay depends on, where deals are paid in turn: kept as text beside each of its credits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from shared.kernel.arithmetic.exact_column import ExactColumn
from shared.kernel.language.filters import MONEY, minor_units
from shared.kernel.language.formulas import FormulaError, number

CREDITED = "credited"
"""In formulas over a deal: what the participant is credited with, in the plan's currency; no column has this name."""


def hexadecimal(column: str) -> pl.Expr:
    """A column as hexadecimal digits of its text, nothing for a blank."""
    return pl.col(column).cast(pl.String).str.encode("hex").fill_null("")


def told(first: pl.Expr, columns: Sequence[str | None]) -> pl.Expr:
    """A text that comes first, and columns after it; nothing in the place of None."""
    return pl.concat_str(
        [first, *(pl.lit("") if name is None else hexadecimal(name) for name in columns)], separator=","
    )


def told_in(texts: pl.Expr, place: int) -> pl.Expr:
    """What was told in a place; null for a blank, or where so much was not told."""
    digits = texts.str.split(",").list.get(place, null_on_oob=True)
    return digits.replace("", None).str.decode("hex", strict=False).cast(pl.String)


def exact_values(values: pl.Series, name: str, *, unit: ExactColumn) -> ExactColumn:
    """A column of numbers of deals as their plan reads it: money in major units, `unit` saying how many minor units of
    each deal's currency that is."""
    if name in MONEY:
        return ExactColumn.of(values) / unit
    if isinstance(values.dtype, pl.Decimal):
        return ExactColumn.of((values * pl.Series([10**6]).cast(pl.Decimal(38, 0))).cast(pl.Int128), 10**6)
    return ExactColumn.of(values)


def unit_of(currencies: pl.Series) -> ExactColumn:
    """How many minor units one of each currency is."""
    units = minor_units(currencies)
    return ExactColumn.of(currencies.replace_strict(units, default=1, return_dtype=pl.Int64))


class DealFacts:
    """The columns of deals, a row per credit.

    Args:
        told: what `told` made of them.
        columns: their names, in that order.
        types: those of the custom ones.
    """

    def __init__(self, told: pl.Series, columns: Sequence[str], *, types: Mapping[str, pl.DataType]) -> None:
        self._told, self._columns, self._types = told, list(columns), types

    def text(self, name: str) -> pl.Series:
        """A column as people write it; null for a blank."""
        place = self._columns.index(name) + 1
        texts = pl.select(told_in(pl.lit(self._told), place)).to_series()
        if self._types.get(name) == pl.Boolean:
            return texts.replace({"true": "yes", "false": "no"})
        return texts

    def number(self, text: str, *, credited: ExactColumn) -> ExactColumn:
        """What a formula over the columns comes to; a blank is zero."""

        def column(kind: str, name: str) -> ExactColumn:
            if kind != "measure":
                raise FormulaError(f"{kind}({name}) is not known of a deal")
            if name == CREDITED:
                return credited
            values = self.text(name).cast(self._types.get(name, pl.Int64()))
            unit = unit_of(self.text("currency")) if name in MONEY else ExactColumn.constant(1, len(values))
            return exact_values(values, name, unit=unit)

        return number(text, column, len(self._told))
