"""Who sent a dead letter again."""

from shared.log.tables import add_replayed_by

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    add_replayed_by()
