"""What the tables of all features share. Each feature has its own `tables.py`; a test compares them with what the
migrations make.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import MetaData, Text

from shared.changes.tables import change_tables

metadata = MetaData()

change, change_decision = change_tables(metadata)

Name: Final = Text(collation="C")
"""Ids and periods compare byte by byte, whatever the locale of the database."""
