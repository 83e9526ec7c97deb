"""Plan versions that are set aside because calculating with them does harm, and which were tried out."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("plan_version", sa.Column("tried", sa.Integer, comment="the last trial that it passed"))
    op.create_table(
        "quarantine",
        sa.Column("plan", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        comment="plan versions with which nothing is calculated until somebody lifts it",
    )
