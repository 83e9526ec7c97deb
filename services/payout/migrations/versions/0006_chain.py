"""What people decide and what is booked is noted row by row, and linked in a signed chain."""

from typing import Final

from alembic import op

from shared.grants import grant_append_only
from shared.proof.tables import chain_rows, create_chain

revision = "0006"
down_revision = "0005"

CHAINED: Final = (
    *("journal", "closing", "soft_closing", "soft_opening", "policy", "change", "change_decision"),
    *("run", "run_event", "approval", "run_reconciliation", "run_publication"),
    *("hold", "hold_release", "adjustment", "clawback_dismissal"),
    *("payroll_batch", "payroll_batch_file", "batch_line", "batch_pull"),
    *("batch_acknowledgement", "batch_rejection", "batch_resolution", "batch_reconciliation"),
    *("delivery", "delivery_file", "gl_batch", "gl_file", "statement_file"),
    *("contract_cost_line", "contract_cost_event", "contract_cost_batch", "contract_cost_entry"),
    "dead_letter",
)


def upgrade() -> None:
    create_chain(op)
    for table in ("chain_entry", "chain_link"):
        grant_append_only(op, table)
    chain_rows(op, *CHAINED)
