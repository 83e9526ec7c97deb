"""The tables of ingest."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, DateTime, Index, Integer, LargeBinary, MetaData, Table, Text, func

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
