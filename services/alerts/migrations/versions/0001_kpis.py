"""Sums per day and period, what they are made of, and alerts."""

import sqlalchemy as sa
from alembic import op

from shared.log.tables import create_worker_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "deal",
        sa.Column("deal_id", sa.Text, primary_key=True),
        sa.Column("facts", sa.Text, nullable=False),
    )
    op.execute("alter table deal set (fillfactor = 80)")
    op.create_table(
        "day",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("currency", sa.Text, primary_key=True),
        sa.Column("won", sa.BigInteger, nullable=False),
        sa.Column("lost", sa.BigInteger, nullable=False),
        sa.Column("revenue", sa.Numeric, nullable=False),
        sa.Column("listed", sa.BigInteger, nullable=False),
        sa.Column("list_amount", sa.Numeric, nullable=False),
        sa.Column("net_amount", sa.Numeric, nullable=False),
    )
    op.create_table(
        "earning",
        sa.Column("participant_id", sa.Text, primary_key=True),
        sa.Column("period", sa.Text, primary_key=True),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("contributions", sa.Text, nullable=False),
    )
    op.execute("alter table earning set (fillfactor = 80)")
    op.create_table(
        "month",
        sa.Column("period", sa.Text, primary_key=True),
        sa.Column("currency", sa.Text, primary_key=True),
        sa.Column("amount", sa.Numeric, nullable=False),
        sa.Column("measure", sa.Numeric, nullable=False),
        sa.Column("quota", sa.Numeric, nullable=False),
        sa.Column("with_quota", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "seen",
        sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("latest", sa.Text, nullable=False),
    )
    op.create_table(
        "letters",
        sa.Column("topic", sa.Text, primary_key=True),
        sa.Column("ever", sa.BigInteger, nullable=False),
        sa.Column("replayed", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "alert",
        sa.Column("kpi", sa.Text, primary_key=True),
        sa.Column("currency", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("threshold", sa.Numeric, nullable=False),
        sa.Column("opened_on", sa.Date, nullable=False),
        sa.Column("opened_value", sa.Numeric, nullable=False),
        sa.Column("closed_on", sa.Date),
        sa.Column("closed_value", sa.Numeric),
    )
    op.execute("create unique index alert_open on alert (kpi, currency) where closed_on is null")
    create_worker_tables()
