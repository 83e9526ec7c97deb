"""Whose deals credited a participant in a month and no longer do, and who sent dead letters again: they have touched that month's pay."""

import sqlalchemy as sa
from alembic import op

from shared.log.tables import add_replayed_by

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "lost_holder",
        sa.Column("period", sa.Text, primary_key=True),
        sa.Column("participant_id", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, primary_key=True),
        comment="whose deals credited a participant in a month and credit them no longer; a history, which no pay is made of",
    )
    add_replayed_by()
