"""The table of policies. It is only ever added to; what the database itself enforces is in the migration."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Date, DateTime, ForeignKey, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from services.payout.tables import Name, change, metadata

policy: Final = Table(
    "policy",
    metadata,
    Column("kind", Name, primary_key=True),
    Column("id", Name, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False, comment="1, 2, 3 and so on"),
    Column("valid_from", Date, nullable=False),
    Column("body", JSONB, nullable=False, comment="as it was written, defaults left out"),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("change", ForeignKey(change.c.id), unique=True, comment="by which it came, where it takes two people"),
)
