"""What processes have in hand: whoever finds it there knows that the one before may have died of it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    # Unlogged, so that a note costs no write to disk: it has to outlive a process of scoring, not the database.
    op.create_table(
        "in_hand",
        sa.Column("what", sa.Text, primary_key=True, comment="a worker and a partition, or what is asked for"),
        sa.Column("at", sa.BigInteger, nullable=False, comment="from which position on"),
        sa.Column("by", sa.Text, nullable=False, comment="the process that began with it"),
        prefixes=["unlogged"],
        comment="what processes began to calculate; what one finds that another began, and did not finish, that one may have died of",
    )
