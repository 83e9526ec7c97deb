"""The table of statements that were asked for. It is only ever added to."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, LargeBinary, Table, Text

from services.payout.tables import Name, metadata

statement_file: Final = Table(
    "statement_file",
    metadata,
    Column("run", Name, primary_key=True),
    Column("participant_id", Name, primary_key=True),
    Column("document", Text, primary_key=True),
    Column("form", Text, primary_key=True),
    Column("facts_sha256", Text, nullable=False, comment="of the frozen facts it was made of"),
    Column("sha256", Text, nullable=False, comment="of the content"),
    Column("content", LargeBinary, nullable=False, comment="as it was first asked for"),
)
