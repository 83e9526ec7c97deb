"""The tables of deliveries: what is on its way, and what was sent. What the database enforces is in the migration."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    text,
)

from services.payout.tables import Name, metadata

delivery: Final = Table(
    "delivery",
    metadata,
    Column("batch", Name, primary_key=True),
    Column("destination", Name, primary_key=True, comment="id of a policy of kind delivery"),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("error", Text, comment="why the last attempt came to nothing"),
    Column("next_attempt_at", DateTime(timezone=True), nullable=False),
    Column("delivered_at", DateTime(timezone=True)),
    Index("delivery_open", "next_attempt_at", postgresql_where=text("delivered_at is null")),
)

delivery_file: Final = Table(
    "delivery_file",
    metadata,
    Column("batch", Name, primary_key=True),
    Column("destination", Name, primary_key=True),
    Column("place", SmallInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("sent_name", Text),
    Column("sent_content", LargeBinary, comment="encrypted where the policy said so; what is there under sent_name"),
    ForeignKeyConstraint(["batch", "destination"], [delivery.c.batch, delivery.c.destination]),
)
