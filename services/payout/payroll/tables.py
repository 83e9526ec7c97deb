"""The tables of payroll batches. All are only ever added to; what the database itself enforces is in the migration."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.payout.tables import Name, metadata

payroll_batch: Final = Table(
    "payroll_batch",
    metadata,
    Column("id", Name, primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True, comment="1, 2, 3: gapless"),
    Column("run", Name, nullable=False),
    Column("pay_group", Name, nullable=False),
    Column("entity", Name, comment="the legal entity; null where people have none"),
    Column("period", Name, nullable=False),
    Column("pay_date", Date, nullable=False),
    Column("acknowledge_by", Date, comment="the pay group's cut-off"),
    Column("format", Text, nullable=False),
    Column("sha256", Text, nullable=False, comment="of the first file"),
    Column("manifest", LargeBinary, nullable=False),
    Column("record_count", Integer, nullable=False),
    Column("control_totals", JSONB, nullable=False),
    Column("corrects", ForeignKey("payroll_batch.id")),
    Column("released_by", Text, nullable=False),
    Column("released_at", DateTime(timezone=True), nullable=False),
    Index("payroll_batch_of_group", "pay_group", "entity", "number"),
    Index("payroll_batch_of_run", "run"),
)

payroll_batch_file: Final = Table(
    "payroll_batch_file",
    metadata,
    Column("batch", ForeignKey(payroll_batch.c.id), primary_key=True),
    Column("place", SmallInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("sha256", Text, nullable=False),
)

batch_line: Final = Table(
    "batch_line",
    metadata,
    Column("batch", ForeignKey(payroll_batch.c.id), primary_key=True),
    Column("line", Name, primary_key=True),
    Column("attempt", Integer, nullable=False, comment="1, and one more for each time that payroll returned the line"),
    Column("row", Integer, nullable=False, comment="in the file, from 1"),
    Column("participant_id", Name, nullable=False),
    Column("person", Name, nullable=False, comment="the id by which the file names the participant"),
    Column("pay_code", Name, nullable=False),
    Column("target_code", Name, nullable=False, comment="payroll's own code"),
    Column("currency", Name, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("number", BigInteger, Identity(always=True), nullable=False),
    UniqueConstraint("line", "attempt", name="batch_line_once"),
)

batch_rejection: Final = Table(
    "batch_rejection",
    metadata,
    Column("batch", Name, primary_key=True),
    Column("line", Name, primary_key=True),
    Column("code", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("rejected_by", Text, nullable=False),
    Column("rejected_at", DateTime(timezone=True), nullable=False),
    Column("number", BigInteger, Identity(always=True), nullable=False),
    ForeignKeyConstraint(["batch", "line"], [batch_line.c.batch, batch_line.c.line]),
    Index("batch_rejection_of_line", "line"),
)

batch_resolution: Final = Table(
    "batch_resolution",
    metadata,
    Column("batch", Name, primary_key=True),
    Column("line", Name, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("resolved_by", Text, nullable=False),
    Column("resolved_at", DateTime(timezone=True), nullable=False),
    ForeignKeyConstraint(["batch", "line"], [batch_rejection.c.batch, batch_rejection.c.line]),
)

batch_pull: Final = Table(
    "batch_pull",
    metadata,
    Column("batch", ForeignKey(payroll_batch.c.id), primary_key=True),
    Column("pulled_by", Text, primary_key=True),
    Column("pulled_at", DateTime(timezone=True), nullable=False),
)

batch_acknowledgement: Final = Table(
    "batch_acknowledgement",
    metadata,
    Column("batch", ForeignKey(payroll_batch.c.id), primary_key=True),
    Column("status", Text, nullable=False),
    Column("idempotency_key", Text, nullable=False, unique=True),
    Column("body", JSONB, nullable=False, comment="what payroll said"),
    Column("acknowledged_by", Text, nullable=False),
    Column("acknowledged_at", DateTime(timezone=True), nullable=False),
)

batch_reconciliation: Final = Table(
    "batch_reconciliation",
    metadata,
    Column("batch", ForeignKey(payroll_batch.c.id), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("result", JSONB, nullable=False),
    Column("reconciled_by", Text, nullable=False),
    Column("reconciled_at", DateTime(timezone=True), nullable=False),
)
