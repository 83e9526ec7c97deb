"""Where pay goes is used once a second person has confirmed it."""

from alembic import op

from services.payout.migrations.scripts import run_script
from shared.grants import close_functions, grant_read

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run_script(op, "payees.sql")
    grant_read(op, "confirmed_payee")
    close_functions(op)
