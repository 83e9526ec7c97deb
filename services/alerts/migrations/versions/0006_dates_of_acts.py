"""As of which business date a KPI was known when something was done to its alert."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("alter table alert_act add column as_of date")
