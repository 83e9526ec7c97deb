"""Whether a filter compares like with like. The engine would compare `amount > '100'` as text, in which 9 is more than 100."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
import sqlglot
from sqlglot import expressions as sql
from sqlglot.errors import SqlglotError

TEXT, NUMBER, DATE, YES_NO = "text", "a number", "a date", "yes or no"
_AS = {
    TEXT: "write it in single quotes",
    NUMBER: "write it without quotes",
    DATE: "write DATE '2025-03-31'",
    YES_NO: "write true or false without quotes, or the column alone",
}
_COMPARED = (sql.EQ, sql.NEQ, sql.LT, sql.LTE, sql.GT, sql.GTE)


def unlike(text: str, schema: pl.Schema) -> tuple[str, str] | None:
    """What is compared with what it cannot be compared with, and how to write it; None where all is well."""
    try:
        tree = sqlglot.parse_one(text, into=sql.Condition, read="duckdb")
    except (SqlglotError, RecursionError):
        return None
    for one, two in _pairs(tree):
        first, second = _kind(one, schema), _kind(two, schema)
        if first and second and first != second:
            return f"{one.sql()} is {first}, {two.sql()} is {second}", _AS[first]
    return None


def _pairs(tree: Any) -> Iterator[tuple[Any, Any]]:
    for node in tree.walk():
        if isinstance(node, _COMPARED):
            sides = (node.this, node.expression)
            yield sides if not isinstance(sides[0].unnest(), sql.Literal) else sides[::-1]
        elif isinstance(node, sql.In):
            yield from ((node.this, each) for each in node.expressions)
        elif isinstance(node, sql.Between):
            yield node.this, node.args["low"]
            yield node.this, node.args["high"]


def _kind(node: Any, schema: pl.Schema) -> str | None:
    bare = node.unnest()
    match bare:
        case sql.Column():
            kind = schema.get(bare.name)
            if kind is None:
                return None
            return NUMBER if kind.is_numeric() else {pl.Date(): DATE, pl.Boolean(): YES_NO}.get(kind, TEXT)
        case sql.Literal():
            return TEXT if bare.is_string else NUMBER
        case sql.Boolean():
            return YES_NO
        case sql.Cast():
            return DATE if bare.to.this == sql.DataType.Type.DATE else None
        case sql.Neg() | sql.Add() | sql.Sub() | sql.Mul() | sql.Div():
            return NUMBER if all(_kind(each, schema) == NUMBER for each in bare.iter_expressions()) else None
    return None
