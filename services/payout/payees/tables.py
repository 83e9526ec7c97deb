"""What is confirmed of payees. Triggers alone write it: when a run is approved, and when a change of a payee is."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Date, ForeignKey, Identity, Index, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from services.payout.tables import Name, change, metadata

confirmed_payee: Final = Table(
    "confirmed_payee",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("participant_id", Name, nullable=False),
    Column("day", Date, nullable=False, comment="from when on it holds"),
    Column("payroll_id", Name),
    Column("first_name", Text),
    Column("last_name", Text),
    Column("name", Text),
    Column("entity", Name, nullable=False),
    Column("set_by", ARRAY(Text), nullable=False, comment="who had said so"),
    Column("run", ForeignKey("run.id"), comment="whose approval confirmed it"),
    Column("change", ForeignKey(change.c.id), unique=True, comment="whose approval confirmed it"),
    Index("confirmed_payee_of_participant", "participant_id", "day", "number"),
)
