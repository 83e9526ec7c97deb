"""What was set aside, and who had a hand in pay, is noted row by row and linked in a signed chain."""

from alembic import op

from shared.grants import grant_append_only
from shared.proof.tables import chain_rows, create_chain

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    create_chain(op)
    for table in ("chain_entry", "chain_link"):
        grant_append_only(op, table)
    chain_rows(op, "quarantine", "lost_credit", "lost_holder", "taken_back", "dead_letter")
