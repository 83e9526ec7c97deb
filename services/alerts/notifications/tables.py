"""The outbox of notifications: what is on its way, and to whom."""

from __future__ import annotations

from sqlalchemy import Column, Date, DateTime, ForeignKey, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from services.alerts.tables import METADATA

# What is sent at once to a subscription: one event, or all of a day. It is due, tried again at `next_attempt_at`, and
# settled as sent or given up.
MESSAGE = Table(
    "message",
    METADATA,
    Column("message_id", Text, primary_key=True),
    Column("subscription", Text, nullable=False),
    Column("day", Date),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("next_attempt_at", DateTime(timezone=True), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", Text),
    Column("settled_at", DateTime(timezone=True)),
    Column("outcome", Text),
    Index("message_due", "next_attempt_at", postgresql_where=text("settled_at is null")),
)

# What is told in a message.
TOLD = Table(
    "told",
    METADATA,
    Column("message_id", Text, ForeignKey("message.message_id", ondelete="cascade"), primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("told", JSONB, nullable=False),
)
