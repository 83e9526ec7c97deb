"""The table of proposals. Those of an alert are kept by its id: one for each kind of change and plan."""

from __future__ import annotations

from sqlalchemy import Column, Date, DateTime, Integer, Table, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.alerts.tables import METADATA

PROPOSAL = Table(
    "proposal",
    METADATA,
    Column("alert_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("rule", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("plan", Text, nullable=False),
    Column("version", Integer),
    Column("words", ARRAY(Text), nullable=False),
    Column("cause", Text, nullable=False),
    Column("behaviour", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("effective_from", Date, nullable=False),
    Column("file", Text, nullable=False),
    Column("text", Text, nullable=False),
    # Amounts and figures as decimal texts.
    Column("effect", JSONB, nullable=False),
    Column("proposed_by", Text, nullable=False),
    Column("proposed_at", DateTime(timezone=True), nullable=False),
    Column("decision", Text),
    Column("reason", Text),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
    UniqueConstraint("alert_id", "kind", "plan"),
)
