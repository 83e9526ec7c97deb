"""The tables that every service with workers has in its own schema: positions and dead letters; and what a service may
do with those of the log.
"""

from __future__ import annotations

from typing import Final

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.contracts.topics import PUBLISHED
from shared.grants import grant_all
from shared.logins import LOGINS, SERVICES, login_of

metadata = MetaData()

position: Final = Table(
    "position",
    metadata,
    Column("worker", Text, primary_key=True),
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("next_position", BigInteger, nullable=False),
    Column("origin", BigInteger, comment="last outbox position seen; null: the next one seen is right"),
    Column("run", Integer, nullable=False, server_default="0", comment="dead letters since a record last succeeded"),
    Column("seen", Integer, nullable=False, server_default="0", comment="recent records"),
    Column("dead", Integer, nullable=False, server_default="0", comment="dead letters among the recent records"),
)

dead_letter: Final = Table(
    "dead_letter",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("worker", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("key", Text, nullable=False),
    Column("value", LargeBinary),
    Column("headers", JSONB, nullable=False),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("parked", Boolean, nullable=False, comment="nothing is wrong with it; it waits behind one of the same key"),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("replayed_at", DateTime(timezone=True), comment="null: open"),
    Column("replayed_by", Text, comment="the key of whoever sent it again"),
    Index("dead_letter_open", "worker", "topic", "key", postgresql_where=text("replayed_at is null")),
)


def create_worker_tables() -> None:
    """Create both tables, inside a service's migration. A later change of them is another function."""
    metadata.create_all(op.get_bind(), checkfirst=False)
    for table in metadata.tables:
        grant_all(op, table)


def grant_log(connection: Connection) -> None:
    """Let every service read the log and add to its own topics, and nobody change what is in it or say when it came."""
    everybody, services = ", ".join(LOGINS), ", ".join(map(login_of, SERVICES))
    connection.execute(text(f"revoke all on all tables in schema log from {everybody}"))
    connection.execute(text(f"grant usage on schema log to {services}"))
    for table, rights in _LOG.items():
        connection.execute(text(f"grant {rights} on log.{table} to {services}"))
    connection.execute(text(f"grant execute on function log.forget(text, integer, bigint) to {services}"))
    connection.execute(text("delete from log.publisher"))
    own = [{"login": login_of(name), "topic": topic.name} for name in PUBLISHED for topic in PUBLISHED[name]]
    connection.execute(text("insert into log.publisher (login, topic) values (:login, :topic)"), own)


_LOG: Final = {
    "alembic_version": "select",
    "kind": "select, insert",
    "head": "select, insert (topic, partition), update (next_position)",
    "entry": "select, insert (topic, partition, position, key, value, headers)",
    "member": "select, insert, update, delete",
    "checkpoint": "select, insert",
    "chain_entry": 'select, insert ("table", key, sha256)',
    "chain_link": "select, insert",
}
