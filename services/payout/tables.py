"""What the tables of all features share. Each feature has its own `tables.py`; a test compares them with what the
migrations make.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import MetaData, Text

metadata = MetaData()

Name: Final = Text(collation="C")
"""Ids and periods compare byte by byte, whatever the locale of the database."""
