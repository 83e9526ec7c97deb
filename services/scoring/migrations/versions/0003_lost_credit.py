"""Which deals credited a participant in a month and no longer do: whoever took them away has touched that month's pay."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "lost_credit",
        sa.Column("period", sa.Text, primary_key=True),
        sa.Column("participant_id", sa.Text, primary_key=True),
        sa.Column("deal_id", sa.Text, primary_key=True),
        comment="deals that credited a participant in a month until their facts changed; a history, which no pay is made of",
    )
