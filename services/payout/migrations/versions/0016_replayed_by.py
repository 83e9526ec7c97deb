"""Who sent a dead letter again."""

from shared.log.tables import add_replayed_by

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    add_replayed_by()
