"""The tables of the general ledger. Both are only ever added to; what the database itself enforces is in the
migrations.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from services.payout.tables import Name, metadata

gl_batch: Final = Table(
    "gl_batch",
    metadata,
    Column("id", Name, primary_key=True),
    Column("number", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("period", Name, nullable=False),
    Column("entity", Name, nullable=False),
    Column("format", Text, nullable=False),
    Column("entries", LargeBinary, nullable=False, comment="JSON, from which the next batch takes its difference"),
    Column("manifest", LargeBinary, nullable=False),
    Column("sha256", Text, nullable=False, unique=True, comment="of the manifest, which names everything else"),
    Column("previous_sha256", Text, ForeignKey("gl_batch.sha256"), comment="of the batch made before"),
    Column("made_by", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    # One first batch and one successor to each: the chain cannot fork, whatever a process believes was made last.
    UniqueConstraint("previous_sha256", postgresql_nulls_not_distinct=True),
)

gl_file: Final = Table(
    "gl_file",
    metadata,
    Column("batch", ForeignKey(gl_batch.c.id), primary_key=True),
    Column("part", SmallInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("sha256", Text, nullable=False),
)
