"""Rows as arrays, one per column: a batch is one statement, however many rows it has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Column, ColumnElement, Table, TableValuedAlias, Text, any_, bindparam, cast, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert


def json_lines(values: Iterable[Any]) -> str:
    """Values as JSON, a line each, for `string_to_array`: in an array the driver would have to escape every quote."""
    return b"\n".join(map(orjson.dumps, values)).decode()


def arrays(names: Sequence[str], rows: Iterable[Sequence[Any]], **json: Iterable[Any]) -> dict[str, Any]:
    """Rows as parameters of a statement of `rows_of` or `insert_rows`: an array for each column, and lines for each
    column of JSON.
    """
    lanes = list(zip(*rows, strict=True)) or [()] * len(names)
    parameters: dict[str, Any] = {_ALL + name: list(lane) for name, lane in zip(names, lanes, strict=True)}
    return parameters | {_ALL + name: json_lines(values) for name, values in json.items()}


def rows_of(table: Table, names: Sequence[str], *, json: Sequence[str] = ()) -> TableValuedAlias:
    """Parameters as a table: an array for each column, of the type that the table's own column has.

    Args:
        table: whose columns they are.
        names: the columns that come as arrays.
        json: the columns that come as lines of JSON.
    """
    lanes = [bindparam(_ALL + name, type_=ARRAY(table.c[name].type, dimensions=1)) for name in names]
    lines = [func.string_to_array(bindparam(_ALL + name, type_=Text), "\n") for name in json]
    # PostgreSQL runs several arrays side by side: the first of each is the first row, the second of each the second.
    columns = [*(column(name, table.c[name].type) for name in names), *(column(name, Text) for name in json)]
    return func.unnest(*lanes, *lines).table_valued(*columns).render_derived(name="n")


def insert_rows(
    table: Table,
    names: Sequence[str],
    *,
    json: Sequence[str] = (),
    once: Mapping[str, ColumnElement[Any]] | None = None,
) -> Insert:
    """An insert of many rows: see `rows_of`. `once` are columns with one value for all of them."""
    rows = rows_of(table, names, json=json)
    once = once or {}
    values = [*(rows.c[name] for name in names), *(cast(rows.c[name], table.c[name].type) for name in json)]
    return insert(table).from_select([*names, *json, *once], select(*values, *once.values()))


def is_any(of: Column[Any], name: str) -> ColumnElement[bool]:
    """Whether a column is one of an array that comes as a parameter: one statement to prepare, however many there
    are.
    """
    return of == any_(bindparam(name, type_=ARRAY(of.type, dimensions=1)))


_ALL: Final = "all_"
"""Before the names of parameters: SQLAlchemy keeps those of columns for itself."""
