"""Tables read page by page in the order of their keys, for comparing a schema with another."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from services.scoring.audit.rows import Audited, Key
from services.scoring.store import execute, fetch


def keep_snapshot(connection: Connection) -> None:
    """Let the transaction, and with it what it sees, last as long as it takes."""
    execute(connection, "set local idle_in_transaction_session_timeout = 0")


def page(connection: Connection, table: Audited, *, after: Key | None, upto: Key | None, limit: int) -> dict[Key, Key]:
    """Up to `limit` rows with keys above `after` and not above `upto`, in their order: key -> columns."""
    keys, bounds, parameters = ", ".join(table.keys), [table.where], list[Any]()
    places = ", ".join(["%s"] * len(table.keys))
    for sign, bound in ((">", after), ("<=", upto)):
        if bound is not None:
            bounds.append(f"({keys}) {sign} ({places})")
            parameters += bound
    rows = fetch(
        connection,
        f"""select {keys}, {", ".join(table.columns)} from {table.name}
            where {" and ".join(bounds)} order by {keys} limit %s""",
        *parameters,
        limit,
    )
    width = len(table.keys)
    return {row[:width]: row[width:] for row in rows}
