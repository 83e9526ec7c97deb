"""The tables of the sums and of what they are made of.

Amounts are in minor units; `currency` is empty where there is none.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Integer, Numeric, Table, Text

from services.alerts.tables import METADATA

# What is known of a deal: its merged facts as JSON, only the fields that KPIs depend on.
DEAL = Table(
    "deal",
    METADATA,
    Column("deal_id", Text, primary_key=True),
    Column("facts", Text, nullable=False),
)

# A sum over the deals that closed on a business date. A row per sum and not a column: a new KPI brings its sums without
# a migration.
DEAL_SUM = Table(
    "deal_sum",
    METADATA,
    Column("day", Date, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", Numeric, nullable=False),
)

# The latest earnings of a participant and period: what they contribute, as JSON: currency -> name of the sum -> whole
# number as text.
EARNING = Table(
    "earning",
    METADATA,
    Column("participant_id", Text, primary_key=True),
    Column("period", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("contributions", Text, nullable=False),
)

# A sum over what a month earned.
EARNING_SUM = Table(
    "earning_sum",
    METADATA,
    Column("period", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("value", Numeric, nullable=False),
)

# The names of the sums that all records up to the worker's positions are counted in.
COUNTED_SUM = Table("counted_sum", METADATA, Column("name", Text, primary_key=True))

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
