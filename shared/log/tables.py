"""The tables that every service with workers has in its own schema: positions and dead letters."""

from __future__ import annotations

from typing import Final

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
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
