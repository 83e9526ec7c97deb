"""For whom a request reads: row policies of the database ask it in every transaction of a login that reads for people.

It is known by context and not handed from function to function, so that no way of reading can leave it out: whoever
reads for nobody sees nothing.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Final

import psycopg
from sqlalchemy import Connection, Engine, event, text

MACHINE: Final = "*"
"""A machine of the installation, which reads for others and sees everybody; no person has this id."""

_READER: Final[ContextVar[str]] = ContextVar("reader", default="")
_SET: Final = text("select set_config('earnest.person', :person, true)")


def read_for(person: str) -> None:
    """Let whatever reads in this context, which is that of a request, read for a person, or for MACHINE."""
    _READER.set(person)


def snapshots(view: Engine) -> Engine:
    """An engine of whose connections everything that is read is of one moment (REPEATABLE READ), and for the reader of
    the context.

    Args:
        view: with the login that reads for people.
    """
    engine = view.execution_options(isolation_level="REPEATABLE READ")

    @event.listens_for(engine, "begin")
    def say_reader(connection: Connection) -> None:
        connection.execute(_SET, {"person": _READER.get()})

    return engine


def driver(connection: Connection) -> psycopg.Connection[Any]:
    """The driver's own connection, for whoever reads large results with it, in a transaction that says for whom it
    reads.
    """
    if not connection.in_transaction():
        connection.begin()
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    return raw
