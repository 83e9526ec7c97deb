"""Roster and plans, deals and their credits, standings; worker tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.log.tables import create_worker_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "roster_head",
        sa.Column("one", sa.Boolean, sa.CheckConstraint("one"), primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    op.execute("insert into roster_head values (true, 0)")
    op.create_table(
        "participant",
        sa.Column("participant_id", sa.Text, primary_key=True),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
    )
    op.create_table(
        "plan_version",
        sa.Column("plan", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("effective_from", sa.Date, nullable=False),
        sa.Column("document", postgresql.JSONB, nullable=False),
    )
    op.create_table(
        "deal",
        sa.Column("deal_id", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("close_date", sa.Date),
        sa.Column("owner", sa.Text),
        sa.Column("sharers", postgresql.ARRAY(sa.Text)),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("credits", sa.Text, nullable=False),
        sa.Column("uncredited", sa.Text, nullable=False),
    )
    op.execute("alter table deal set (fillfactor = 85)")
    op.execute("create index deal_by_owner on deal (owner, close_date) where owner is not null")
    op.execute("create index deal_by_sharers on deal using gin (sharers) where sharers is not null")
    op.execute("create index deal_uncredited on deal (deal_id) where uncredited <> '[]'")
    op.create_table(
        "standing",
        sa.Column("participant_id", sa.Text, primary_key=True),
        sa.Column("period", sa.Text, primary_key=True),
        sa.Column("sums", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("earnings", sa.Text, nullable=False),
    )
    op.execute("alter table standing set (fillfactor = 70)")
    create_worker_tables()
