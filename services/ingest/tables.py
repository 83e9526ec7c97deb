"""The tables of ingest."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

answer: Final = Table(
    "answer",
    metadata,
    Column("principal", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("request", LargeBinary, nullable=False, comment="sha256 of path and body"),
    Column("status", Integer),
    Column("body", LargeBinary, comment="null: the request is being worked on"),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("answer_by_age", "at"),
)

source_reload: Final = Table(
    "source_reload",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("by", Text, nullable=False),
)

source_process: Final = Table(
    "source_process",
    metadata,
    Column("member", Text, primary_key=True),
    Column("reload", BigInteger, nullable=False, comment="the request after which it loaded; 0: when it started"),
    Column("files", JSONB, nullable=False),
    Column("loaded_at", DateTime(timezone=True), nullable=False),
    Column("seen", DateTime(timezone=True), nullable=False),
)
