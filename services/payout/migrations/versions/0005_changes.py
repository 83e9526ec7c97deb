"""What controls money is proposed by one person and approved by another."""

from alembic import op

from services.payout.migrations.scripts import run_script
from shared.changes.tables import create_changes
from shared.grants import close_functions

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    create_changes(op)
    for table in ("policy", "adjustment"):
        op.execute(f"alter table {table} add column change bigint unique references change (id)")
    run_script(op, "changes.sql")
    close_functions(op)
