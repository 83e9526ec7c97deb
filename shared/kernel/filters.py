"""Filters in plans: SQL expressions over declared columns, compiled once and refused when they are anything else."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from shared.kernel.filter_types import unlike
from shared.kernel.nearest import did_you_mean
from shared.money import minor_digits

ColumnTypes: dict[str, pl.DataType] = {
    "text": pl.String(),
    "number": pl.Int64(),
    "decimal": pl.Decimal(38, 6),
    "yes_no": pl.Boolean(),
    "date": pl.Date(),
    "participant": pl.String(),
}
"""The types that a plan may declare for its custom deal columns."""

_MONEY = ("amount", "list_amount", "refunded")
_PLAIN = ("stage", "currency", "open_date", "close_date", "owner", "product", "account", "territory")


_ACROSS_ROWS = frozenset({"Over", "Agg", "Rank"})
_ACROSS_ROWS_FUNCTIONS = ("Shift",)


class FilterError(ValueError):
    """A filter that is not a yes/no expression over one deal's declared columns. `mend` says what to write instead."""

    def __init__(self, message: str, mend: str = "a filter is a yes/no condition over columns of one deal") -> None:
        super().__init__(message)
        self.mend = mend


def filter_schema(custom: dict[str, pl.DataType]) -> pl.Schema:
    """What a filter may name: a deal's plain columns, its amounts in major units, and the plan's custom columns."""
    dates: dict[str, pl.DataType] = {name: pl.Date() for name in ("open_date", "close_date")}
    plain: dict[str, pl.DataType] = {name: dates.get(name, pl.String()) for name in _PLAIN}
    money: dict[str, pl.DataType] = {name: pl.Decimal(38, 6) for name in _MONEY}
    return pl.Schema({**plain, **money, **custom})


def compile_filter(sql: str, custom: dict[str, pl.DataType]) -> pl.Expr:
    """The expression of a filter, to be evaluated on the frame of `filter_frame`.

    Raises:
        FilterError: it does not parse, names an undeclared column, is no yes/no expression, or looks at other rows.
    """
    schema = filter_schema(custom)
    try:
        expression = pl.sql_expr(sql)
        names = set(expression.meta.root_names())
    except (pl.exceptions.PolarsError, pl.exceptions.SQLInterfaceError, TypeError, ValueError) as error:
        raise FilterError(f"{sql!r} is not a filter: {_first_line(error)}") from None
    if unknown := sorted(names - set(schema)):
        raise FilterError(
            f"{sql!r} names unknown columns {', '.join(unknown)}; known are {', '.join(schema)}",
            did_you_mean(unknown[0], list(schema), "columns"),
        )
    if found := unlike(sql, schema):
        raise FilterError(f"{sql!r} compares what cannot be compared: {found[0]}", found[1])
    if not names:
        raise FilterError(f"{sql!r} names no column of the deal")
    try:
        result = pl.DataFrame(schema=schema).select(expression)
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        raise FilterError(f"{sql!r} cannot be evaluated: {_first_line(error)}") from None
    if result.width != 1 or result.dtypes[0] != pl.Boolean:
        raise FilterError(f"{sql!r} must be a yes/no expression")
    if _looks_at_other_rows(json.loads(expression.meta.serialize(format="json"))):
        raise FilterError(f"{sql!r} must look at one deal only, not at sums, ranks or windows")
    return expression


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _looks_at_other_rows(node: Any) -> bool:
    """Whether an expression tree aggregates, ranks or shifts anywhere."""
    if isinstance(node, list):
        return any(_looks_at_other_rows(part) for part in node)
    if not isinstance(node, dict):
        return False
    return (
        not _ACROSS_ROWS.isdisjoint(node)
        or node.get("function") in _ACROSS_ROWS_FUNCTIONS
        or any(_looks_at_other_rows(part) for part in node.values())
    )


def filter_frame(deals: pl.DataFrame, names: set[str]) -> pl.DataFrame:
    """The deals with the named amounts in major units of each deal's currency, as filters and people read them."""
    sizes = {currency: 10 ** minor_digits(currency) for currency in deals["currency"].unique().drop_nulls()}
    unit = pl.col("currency").replace_strict(sizes, default=1, return_dtype=pl.Int64).cast(pl.Decimal(38, 6))
    money = [(pl.col(name).cast(pl.Decimal(38, 6)) / unit).alias(name) for name in _MONEY if name in names]
    return deals.with_columns(money) if money else deals
