"""A filter as the engine that evaluates it has to be told, so that it computes what was written.

Left to itself the engine divides whole numbers as floats and multiplies them around the end of 64 bits, fails at a
division by zero, counts days in microseconds, takes what `is not true` for blank where it is blank, and cuts texts that
are short enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import polars as pl
from sqlglot import expressions as sql

DIVIDING: Final = (sql.Div, sql.IntDiv, sql.Mod)
_CALCULATED: Final = (sql.Add, sql.Sub, sql.Mul, *DIVIDING)
_COUNTED: Final = (sql.Length, sql.StrPosition, sql.Year, sql.Quarter, sql.Month, sql.Day, sql.Extract)
"""What gives whole numbers of the engine's own sizes."""
_DECIMALS: Final = 6
"""Of what is divided; its quotient has as many again."""


def for_engine(tree: Any, schema: pl.Schema, *, days: Sequence[Any]) -> str:
    """The filter in the engine's SQL. The tree is changed; `days` are its parts that count the days between two
    dates."""
    # By identity, because equal parts may stand in one filter several times.
    between_dates = {id(node) for node in days}
    # Whole numbers become decimals before they are calculated with: Int64 wraps around its end, and a quotient of Int64
    # would be a float.
    decimals = _DECIMALS if tree.find(sql.Div) is not None else 0
    for node in reversed(list(tree.bfs())):  # what is within a part before the part
        written = _days(node) if id(node) in between_dates else _written(node)
        whole = id(node) in between_dates or isinstance(node, _COUNTED) or _whole(node, schema, decimals=decimals)
        if whole and node.find_ancestor(*_CALCULATED):
            written = sql.cast(written.copy(), f"decimal(38, {decimals})")
        if node is tree:
            tree = written
        elif written is not node:
            node.replace(written)
    return str(tree.sql(dialect="duckdb", comments=False, identify=True))


def _written(node: Any) -> Any:
    match node:
        case sql.Is(expression=sql.Boolean()):
            yes = bool(node.expression.this)
            asked = sql.Coalesce(this=node.this.copy(), expressions=[sql.Boolean(this=not yes)])
            return sql.Paren(this=asked if yes else sql.Not(this=asked))
        case sql.Right():
            short = sql.LTE(this=sql.Length(this=node.this.copy()), expression=node.expression.copy())
            return sql.Case(ifs=[sql.If(this=short, true=node.this.copy())], default=node.copy())
        case sql.StrPosition():
            texts = (node.this, node.args["substr"])
            blank = sql.or_(*(sql.Is(this=text.copy(), expression=sql.Null()) for text in texts))
            return sql.Case(ifs=[sql.If(this=blank, true=sql.Null())], default=_large(node))
    if isinstance(node, _COUNTED):
        return _large(node)
    if _says_how_many(node) and not isinstance(node, sql.Literal):
        least = sql.Literal.number(1 if node.arg_key == "start" else 0)
        return _large(sql.Greatest(this=node, expressions=[least]))
    if isinstance(node, DIVIDING) and not isinstance(node.expression.unnest(), sql.Literal):
        node.set("expression", sql.Nullif(this=node.expression.copy(), expression=sql.Literal.number(0)))
    return node


def _days(node: Any) -> Any:
    """Dates as numbers of days, one less the other."""
    return sql.Paren(this=sql.Sub(this=_large(node.this), expression=_large(node.expression)))


def _large(node: Any) -> Any:
    return sql.cast(node.copy(), "bigint")


def _whole(node: Any, schema: pl.Schema, *, decimals: int) -> bool:
    """Whether it is a whole number to the engine, or one written with fewer decimals than a quotient is to have."""
    if isinstance(node, sql.Literal):
        return not node.is_string and not _says_how_many(node) and len(node.name.partition(".")[2]) <= decimals
    return isinstance(node, sql.Column) and schema[node.name] == pl.Int64()


def _says_how_many(node: Any) -> bool:
    """Whether it is a number of characters or decimals."""
    return isinstance(node.parent, sql.Left | sql.Right | sql.Substring | sql.Round) and node.arg_key != "this"
