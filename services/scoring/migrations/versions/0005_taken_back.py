"""Deals of which a payment was taken back: what it released has to be looked at again, however long ago that was."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "taken_back",
        sa.Column("deal_id", sa.Text, primary_key=True),
        comment="deals of which a payment was ever changed or taken back; a history, which no pay is made of",
    )
