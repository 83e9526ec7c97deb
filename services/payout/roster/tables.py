"""The table of the roster."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Table, Text

from services.payout.tables import Name, metadata

person: Final = Table(
    "person",
    metadata,
    Column("participant_id", Name, primary_key=True),
    Column("facts", Text, nullable=False, comment="JSON: path -> [value, occurred_at, sequence, source]"),
)
