"""The tables of payout, in `tables.sql` beside this folder, and those of its worker."""

from alembic import op

from services.payout.migrations.scripts import run_script
from shared.log.tables import create_worker_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    run_script(op, "tables.sql")
    create_worker_tables()
