"""Filters in plans: SQL expressions over declared columns, compiled once and refused when they are anything else."""

from __future__ import annotations

import polars as pl

from shared.kernel.language.deal_fields import DECLARED_FIELDS
from shared.kernel.language.filter_types import YES_NO, FilterError, typed
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

MONEY = ("amount", "list_amount", "refunded")
"""The columns of a deal that are minor units in the table of deals, and major units to whoever writes a plan."""
_PLAIN = ("stage", "currency", "open_date", "close_date", "owner", "product", "account", "territory")


def minor_units(currencies: pl.Series) -> dict[str, int]:
    """How many of its smallest units one of each currency has."""
    return {currency: 10 ** minor_digits(currency) for currency in currencies.unique().drop_nulls()}


def filter_schema(custom: dict[str, pl.DataType]) -> pl.Schema:
    """What a filter may name: a deal's plain columns, its amounts in major units, and the plan's custom columns."""
    dates: dict[str, pl.DataType] = {name: pl.Date() for name in ("open_date", "close_date")}
    plain: dict[str, pl.DataType] = {name: dates.get(name, pl.String()) for name in _PLAIN}
    money: dict[str, pl.DataType] = {name: pl.Decimal(38, 6) for name in MONEY}
    return pl.Schema({**plain, **money, **custom})


def field_types() -> dict[str, pl.DataType]:
    """The fields that every deal has, as a plan may name them, with their types."""
    declared = {name: ColumnTypes[kind] for name, kind in DECLARED_FIELDS.items()}
    return {"deal_id": pl.String(), **filter_schema({}), **declared}


def compile_filter(text: str, custom: dict[str, pl.DataType]) -> pl.Expr:
    """The expression of a filter, to be evaluated on the frame of `filter_frame`.

    Raises:
        FilterError: it does not parse, names an undeclared column, compares what cannot be compared, or looks at other
            rows.
    """
    schema = filter_schema(custom)
    kind, written = typed(text, schema)
    if kind != YES_NO:
        raise FilterError(f"{text!r} must be a yes/no expression")
    try:
        expression = pl.sql_expr(written)
        result = pl.DataFrame(schema=schema).select(expression)
    except (pl.exceptions.PolarsError, pl.exceptions.SQLInterfaceError, TypeError, ValueError) as error:
        raise FilterError(f"{text!r} cannot be evaluated: {_first_line(error)}") from None
    if result.dtypes != [pl.Boolean()]:
        raise FilterError(f"{text!r} must be a yes/no expression")
    return expression


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def filter_frame(deals: pl.DataFrame, names: set[str]) -> pl.DataFrame:
    """The deals with the named amounts in major units of each deal's currency, as filters and people read them."""
    units = minor_units(deals["currency"])
    unit = pl.col("currency").replace_strict(units, default=1, return_dtype=pl.Int64).cast(pl.Decimal(38, 6))
    money = [(pl.col(name).cast(pl.Decimal(38, 6)) / unit).alias(name) for name in MONEY if name in names]
    return deals.with_columns(money) if money else deals


__all__ = [
    "MONEY",
    "ColumnTypes",
    "FilterError",
    "compile_filter",
    "field_types",
    "filter_frame",
    "filter_schema",
    "minor_units",
]
