"""How the stores of scoring run their statements: by psycopg itself, a column of a batch as one parameter, and never
prepared. And tables page by page, for `verify`.

A step makes a handful of statements per batch, whatever its size, so that the cost of a batch is that of its rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
import psycopg
from sqlalchemy import Connection

from shared.reader import driver

Cells = tuple[Any, ...]
"""The values of a row, or of some of its columns."""

SPLIT: Final = "string_to_array(%s, chr(10), '')"
"""SQL that takes a parameter made by `joined` as an array of texts."""


IS_SOME: Final = f"(%s::text is null or participant_id = any({SPLIT}))"
"""SQL that takes the parameters made by `some`: whether a row is of one of these participants, or of anyone."""


def some(participants: Iterable[str] | None) -> tuple[str | None, str]:
    """Some participants, or everyone (None), as parameters of `IS_SOME`."""
    return (None, "") if participants is None else ("", joined(participants))


def execute(connection: Connection, query: str, *parameters: Any) -> psycopg.Cursor[Any]:
    """Run a statement in the connection's transaction."""
    raw = driver(connection)
    # Not prepared: a plan that was made while a table was small would scan it when it is large.
    return raw.cursor(binary=True).execute(query.encode(), parameters or None, prepare=False)


def fetch(connection: Connection, query: str, *parameters: Any) -> list[Cells]:
    """All rows of a query."""
    return execute(connection, query, *parameters).fetchall()


def fetch_table(connection: Connection, query: str, *parameters: Any, schema: Mapping[str, Any]) -> pl.DataFrame:
    """All rows of a query whose columns are those of the schema, in its order."""
    return pl.DataFrame(fetch(connection, query, *parameters), schema=schema, orient="row")


def joined(values: Iterable[str | None]) -> str:
    """Values of one line each as one parameter, which SPLIT makes an array of again; null travels as an empty line.

    Raises:
        ValueError: a value has more than one line.
    """
    # Not an array of psycopg: that looks through each value for quotes to escape, and takes far longer.
    texts = ["" if value is None else value for value in values]
    together = "\n".join(texts)
    if texts and together.count("\n") != len(texts) - 1:
        raise ValueError("a value with a line break")
    return together


def keep_snapshot(connection: Connection) -> None:
    """Let the transaction, and with it what it sees, last as long as it takes."""
    execute(connection, "set local idle_in_transaction_session_timeout = 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedTable:
    """A table, its key, and the columns of it that are wanted. `where` leaves out rows that say nothing."""

    name: str
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    where: str = "true"


def fetch_page(
    connection: Connection, table: KeyedTable, *, after: Cells | None, upto: Cells | None, limit: int
) -> dict[Cells, Cells]:
    """Up to `limit` rows with keys above `after` and not above `upto`, in their order: key -> columns."""
    key, bounds, parameters = ", ".join(table.keys), [table.where], list[Any]()
    width = len(table.keys)
    places = ", ".join(["%s"] * width)
    for sign, bound in ((">", after), ("<=", upto)):
        if bound is not None:
            bounds.append(f"({key}) {sign} ({places})")
            parameters += bound
    query = f"""
        select {key}, {", ".join(table.columns)} from {table.name}
        where {" and ".join(bounds)} order by {key} limit %s"""
    return {row[:width]: row[width:] for row in fetch(connection, query, *parameters, limit)}
