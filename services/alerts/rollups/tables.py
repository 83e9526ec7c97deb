"""The tables of the sums and of what they are made of. `currency` is empty where there is none."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from services.alerts.tables import METADATA

# What is known of a deal: its merged facts as JSON, only the fields that KPIs depend on; whose it is, by the name as
# names are compared; and the roles of its owner by which it is counted.
DEAL = Table(
    "deal",
    METADATA,
    Column("deal_id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Index("deal_owner", "owner"),
)

# The latest earnings of a participant and period, by plan and currency, and the roles of the participant by which they
# are counted.
EARNING = Table(
    "earning",
    METADATA,
    Column("participant_id", Text, primary_key=True),
    Column("period", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("observed", Text, nullable=False),
    Column("roles", Text, nullable=False),
)

# The latest state of a payout run.
RUN = Table(
    "run",
    METADATA,
    Column("run_id", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("observed", Text, nullable=False),
)

# Merged roster facts of a participant, only the attributes that observations are told apart by.
ROSTER = Table(
    "roster",
    METADATA,
    Column("participant_id", Text, primary_key=True),
    Column("facts", Text, nullable=False),
)

# The names by which participants are meant, as names are compared.
ROSTER_NAME = Table(
    "roster_name",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("participant_id", Text, primary_key=True),
    Column("is_id", Boolean, nullable=False),
)

# The sums over the observations of a date, a currency and a segment, by their keys. One row and not one for each sum: a
# batch moves many sums of the same cells, and a new KPI brings its sums without a migration.
ROLLUP = Table(
    "rollup",
    METADATA,
    Column("day", Date, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("dimension", Text, primary_key=True),
    Column("segment", Text, primary_key=True),
    Column("sums", JSONB, nullable=False),
)

# What all records up to the worker's positions are counted in: the definition of each sum.
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
