"""Where pay goes is used once a second person has confirmed it."""

from alembic import op

from services.payout.migrations.scripts import run_script
from shared.grants import close_functions, grant_read
from shared.proof.tables import chain_rows

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    run_script(op, "payees.sql")
    grant_read(op, "confirmed_payee")
    close_functions(op)
    chain_rows(op, "confirmed_payee")
