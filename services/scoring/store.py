"""How the stores of scoring run their statements: by psycopg itself, a column of a batch as one parameter, and never
prepared.

A step makes a handful of statements per batch, whatever its size, so that the cost of a batch is that of its rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import psycopg
from sqlalchemy import Connection

SPLIT: Final = "string_to_array(%s, chr(10), '')"
"""SQL that takes a parameter made by `joined` as an array of texts."""


def execute(connection: Connection, query: str, *parameters: Any) -> psycopg.Cursor[Any]:
    """Run a statement in the connection's transaction."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    # Not prepared: a plan that was made while a table was small would scan it when it is large.
    return raw.cursor(binary=True).execute(query.encode(), parameters or None, prepare=False)


def fetch(connection: Connection, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    return execute(connection, query, *parameters).fetchall()


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
