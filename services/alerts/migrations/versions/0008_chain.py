"""What people did about alerts and decided of proposals is noted row by row and linked in a signed chain."""

from alembic import op

from shared.grants import grant_append_only
from shared.proof.tables import chain_rows, create_chain

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    create_chain(op)
    for table in ("chain_entry", "chain_link"):
        grant_append_only(op, table)
    chain_rows(op, "alert_act", "mute", "proposal", "dead_letter")
