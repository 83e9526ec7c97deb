"""Answers given under an idempotency key."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "answer",
        sa.Column("principal", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("request", sa.LargeBinary, nullable=False, comment="sha256 of path and body"),
        sa.Column("status", sa.Integer),
        sa.Column("body", sa.LargeBinary, comment="null: the request is being worked on"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.create_index("answer_by_age", "answer", ["at"])
