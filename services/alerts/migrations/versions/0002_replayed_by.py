"""Who sent a dead letter again."""

from shared.log.tables import add_replayed_by

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    add_replayed_by()
