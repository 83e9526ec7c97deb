"""What the tables of all features share. Each feature has its own `tables.py`."""

from __future__ import annotations

from sqlalchemy import MetaData

METADATA = MetaData()
