"""The tables of alerts. Of a subject, empty is `currency` of the whole company, `dimension` and `segment` of all."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.alerts.tables import METADATA

# One row per episode: what detection says of it, and where its journal leaves it. At most one of a subject is not
# resolved: two processes that see the same episode open it once.
ALERT = Table(
    "alert",
    METADATA,
    Column("kpi", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("alert_id", Text, nullable=False, unique=True),
    Column("dimension", Text, nullable=False),
    Column("segment", Text, nullable=False),
    Column("detector", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("severity", Text, nullable=False),
    # Title, unit, meaning and action of the KPI: kept, for the KPI may be another one, or gone, when somebody asks.
    Column("words", JSONB, nullable=False),
    Column("labels", JSONB, nullable=False),
    Column("started_at", DateTime(timezone=True)),
    Column("detected_on", Date, nullable=False),
    Column("onset", Date, nullable=False),
    Column("direction", Text, nullable=False),
    Column("score", Double, nullable=False),
    Column("rule", Text, nullable=False),
    Column("value", Numeric, nullable=False),
    Column("expected", Numeric),
    Column("recovered_on", Date),
    Column("recovered_value", Numeric),
    Column("drivers", JSONB, nullable=False),
    Column("latest_on", Date, nullable=False),
    Column("latest_value", Numeric),
    Column("latest_expected", Numeric),
    Column("latest_score", Double),
    Column("state", Text, nullable=False),
    Column("acts", Integer, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("resolution", Text),
    Column("owner", Text),
    Column("acknowledged_at", DateTime(timezone=True)),
    Column("snoozed_until", DateTime(timezone=True)),
    Column("suppressed_by", Text),
    Column("muted_by", Text),
    Column("level", Integer, nullable=False),
    Column("told_at", DateTime(timezone=True)),
    Column("told_deviation", Numeric),
    Column("useful", Boolean),
    Index(
        "alert_open",
        "kpi",
        "currency",
        "dimension",
        "segment",
        "detector",
        unique=True,
        postgresql_where=text("state <> 'resolved'"),
    ),
    Index("alert_by_date", "detected_on", "alert_id"),
)

# What detection, the clock and people did to an alert, in order. Rows are only ever added.
ALERT_ACT = Table(
    "alert_act",
    METADATA,
    Column("alert_id", Text, ForeignKey("alert.alert_id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("as_of", Date),
    Column("why", Text, nullable=False),
    Column("until", DateTime(timezone=True)),
    Column("to", Text),
    Column("resolution", Text),
    Column("useful", Boolean),
    Column("deviation", Numeric),
)

# Days on which nobody is told of alerts of some KPIs (none named: of all): from a first to a last date, or about every
# quarter's end so many business days before and after it.
MUTE = Table(
    "mute",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("starts_on", Date),
    Column("ends_on", Date),
    Column("last_of_quarter", Integer, nullable=False),
    Column("first_of_quarter", Integer, nullable=False),
    Column("kpis", ARRAY(Text), nullable=False),
    Column("about", Text),
    Column("reason", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)
