"""The tables of payout. Amounts are in minor units. The rules that the database itself enforces are in the migrations."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

Name: Final = Text(collation="C")
"""Ids and periods compare byte by byte, whatever the locale of the database."""

journal: Final = Table(
    "journal",
    metadata,
    Column("id", Uuid, primary_key=True, comment="follows from the cause"),
    Column("number", BigInteger, Identity(always=True), nullable=False, comment="grows; not gapless"),
    Column("kind", Text, nullable=False),
    Column("participant_id", Name, nullable=False),
    Column("period", Name, nullable=False, comment="open when this was booked"),
    Column("origin_period", Name, nullable=False, comment="what this is about"),
    Column("cause", JSONB, nullable=False),
    Column("actor", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Index("journal_by_period", "period"),
    Index("journal_by_participant", "participant_id", "number"),
)

posting: Final = Table(
    "posting",
    metadata,
    Column("journal", ForeignKey(journal.c.id), primary_key=True),
    Column("line", SmallInteger, primary_key=True, autoincrement=False),
    Column("account", Text, nullable=False),
    Column("participant_id", Name, nullable=False),
    Column("currency", Name, nullable=False),
    Column("amount", BigInteger, nullable=False, comment="debits are positive"),
    Column("component", Text),
    Column("plan", Name),
    Column("version", Integer),
    Index("posting_balance", "participant_id", "currency", "account", postgresql_include=["amount"]),
)

held_earning: Final = Table(
    "held_earning",
    metadata,
    Column("participant_id", Name, primary_key=True),
    Column("period", Name, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column(
        "earned",
        Text,
        nullable=False,
        comment="JSON: what is booked, as [component, plan, version, currency, amount]...",
    ),
    postgresql_with={"fillfactor": 80},
)

run: Final = Table(
    "run",
    metadata,
    Column("id", Name, primary_key=True),
    Column("period", Name, nullable=False),
    Column("state", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("calculated_at", DateTime(timezone=True), nullable=False),
    Column("lines_sha256", Text, nullable=False),
    Column("approver", Text),
    Column("approved_at", DateTime(timezone=True)),
    Column("exported_by", Text),
    Column("exported_at", DateTime(timezone=True)),
    Column("cancelled_at", DateTime(timezone=True)),
    Index("run_active", "period", unique=True, postgresql_where=text("state <> 'cancelled'")),
)

run_line: Final = Table(
    "run_line",
    metadata,
    Column("run", ForeignKey(run.c.id), primary_key=True),
    Column("participant_id", Name, primary_key=True),
    Column("currency", Name, primary_key=True),
    Column("amount", BigInteger, nullable=False, comment="paid where positive, carried forward where negative"),
)

payroll_file: Final = Table(
    "payroll_file",
    metadata,
    Column("run", ForeignKey(run.c.id), primary_key=True),
    Column("number", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("manifest", LargeBinary, nullable=False),
)
