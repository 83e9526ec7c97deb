"""The tables of proposals, and of what they become: published plan versions, and quotas."""

from __future__ import annotations

from sqlalchemy import Column, Date, DateTime, Integer, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.alerts.tables import METADATA

# One for each kind of change of an alert and the plans that it is made in together.
PROPOSAL = Table(
    "proposal",
    METADATA,
    Column("alert_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("rule", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("words", ARRAY(Text), nullable=False),
    Column("cause", Text, nullable=False),
    Column("behaviour", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("effective_from", Date, nullable=False),
    # Amounts and figures as decimal texts.
    Column("effect", JSONB, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_at", DateTime(timezone=True), nullable=False),
    Column("decision", Text),
    Column("reason", Text),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    Column("plans", ARRAY(Text), nullable=False),
    Column("files", JSONB, nullable=False),
)

# Every plan version that was ever published.
PUBLISHED = Table(
    "published_plan",
    METADATA,
    Column("plan", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("effective_from", Date, nullable=False),
)

# Every dated quota that the roster ever said of a participant, by its path (`2025-07-01/quota.bookings`).
QUOTA = Table(
    "dated_quota",
    METADATA,
    Column("participant_id", Text, primary_key=True),
    Column("path", Text, primary_key=True),
)
