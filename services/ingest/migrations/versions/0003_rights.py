"""What the service may do with its tables."""

from alembic import op

from shared.grants import grant_all, grant_append_only

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    grant_append_only(op, "source_reload")
    for table in ("answer", "source_process", "position", "dead_letter"):
        grant_all(op, table)
