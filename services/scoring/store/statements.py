"""How statements are run here: by psycopg itself, and never prepared.

A plan that was made while a table was small would scan it when it is large.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import psycopg
from sqlalchemy import Connection

SPLIT: Final = "string_to_array(%s, chr(10), '')"
"""SQL that takes a parameter made by `lines` as an array of texts."""


def execute(connection: Connection, query: str, *parameters: Any) -> psycopg.Cursor[Any]:
    """Run a statement in the connection's transaction."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    return raw.cursor(binary=True).execute(query.encode(), parameters or None, prepare=False)


def fetch(connection: Connection, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    return execute(connection, query, *parameters).fetchall()


def lines(values: Iterable[str | None]) -> str:
    """Values of one line each as one parameter; SPLIT makes an array of them again, null where a line is empty.

    An array would take far longer on its way: each value is looked through for quotes to escape.

    Raises:
        ValueError: a value has more than one line.
    """
    texts = ["" if value is None else value for value in values]
    together = "\n".join(texts)
    if texts and together.count("\n") != len(texts) - 1:
        raise ValueError("a value with a line break")
    return together
