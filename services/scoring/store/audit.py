"""Tables read page by page in the order of their keys, for comparing a schema with another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from services.scoring.store.statements import execute, fetch

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Audited:
    """A table, what its rows are called, its key and the columns that facts decide. `where` leaves out rows that say nothing."""

    name: str
    called: str
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    where: str = "true"


AUDITED = (
    Audited("participant", "participant", ("participant_id",), ("facts",)),
    Audited("plan_version", "plan", ("plan", "version"), ("document", "author")),
    Audited("deal", "deal", ("deal_id",), ("facts", "credits", "uncredited")),
    Audited(
        "standing", "standing", ("participant_id", "period"), ("sums", "earnings"), "(sums <> '[]' or earnings <> '[]')"
    ),
)


def keep_snapshot(connection: Connection) -> None:
    """Let the transaction, and with it what it sees, last as long as it takes."""
    execute(connection, "set local idle_in_transaction_session_timeout = 0")


def page(connection: Connection, table: Audited, after: Key | None, upto: Key | None, limit: int) -> dict[Key, Key]:
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
