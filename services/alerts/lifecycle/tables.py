"""The table of alerts. `currency` is empty for the whole company."""

from __future__ import annotations

from sqlalchemy import Column, Date, Index, Integer, Numeric, Table, Text, text

from services.alerts.tables import METADATA

# One row per episode of a breach. At most one of a subject is open: two processes that see the same breach open it
# once.
ALERT = Table(
    "alert",
    METADATA,
    Column("kpi", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("threshold", Numeric, nullable=False),
    Column("opened_on", Date, nullable=False),
    Column("opened_value", Numeric, nullable=False),
    Column("closed_on", Date),
    Column("closed_value", Numeric),
    Index("alert_open", "kpi", "currency", unique=True, postgresql_where=text("closed_on is null")),
)
