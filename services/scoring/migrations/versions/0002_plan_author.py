"""Who published a plan version; of those published before this nobody knows it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("plan_version", sa.Column("author", sa.Text))
