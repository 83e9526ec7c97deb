"""The tables of the alerts service. Amounts are in minor units; `currency` is empty where there is none."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Index, Integer, MetaData, Numeric, Table, Text, text

METADATA = MetaData()

# What is known of a deal: its merged facts as JSON, only the fields that KPIs depend on.
DEAL = Table(
    "deal",
    METADATA,
    Column("deal_id", Text, primary_key=True),
    Column("facts", Text, nullable=False),
)

# Sums of the deals that closed on a business date.
DAY = Table(
    "day",
    METADATA,
    Column("day", Date, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("won", BigInteger, nullable=False),
    Column("lost", BigInteger, nullable=False),
    Column("revenue", Numeric, nullable=False),
    Column("listed", BigInteger, nullable=False),
    Column("list_amount", Numeric, nullable=False),
    Column("net_amount", Numeric, nullable=False),
)

# The latest earnings of a participant and period: what they contribute per currency, as JSON.
EARNING = Table(
    "earning",
    METADATA,
    Column("participant_id", Text, primary_key=True),
    Column("period", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("contributions", Text, nullable=False),
)

# Sums of what a period earned.
MONTH = Table(
    "month",
    METADATA,
    Column("period", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("amount", Numeric, nullable=False),
    Column("measure", Numeric, nullable=False),
    Column("quota", Numeric, nullable=False),
    Column("with_quota", BigInteger, nullable=False),
)

# One row (`one` is 1): the latest instant at which something happened to a deal, as the UTC text of the road.
SEEN = Table(
    "seen",
    METADATA,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("latest", Text, nullable=False),
)

# Dead letters of a topic: how many there ever were, and how many of them were sent again.
LETTERS = Table(
    "letters",
    METADATA,
    Column("topic", Text, primary_key=True),
    Column("ever", BigInteger, nullable=False),
    Column("replayed", BigInteger, nullable=False),
)

# One row per episode of a breach.
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
