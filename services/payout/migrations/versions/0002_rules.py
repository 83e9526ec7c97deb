"""The rules that the database keeps, in `rules.sql` beside this folder; which tables only grow; and what the service's
role may do.
"""

from typing import Final

from alembic import op

from services.payout.migrations.scripts import run_script
from shared.grants import grant_all, grant_append_only, grant_read

revision = "0002"
down_revision = "0001"

APPEND_ONLY: Final = (
    *("journal", "posting", "soft_closing", "soft_opening", "policy"),
    *("run_event", "approval", "run_reconciliation"),
    *("hold", "hold_release", "adjustment", "clawback_dismissal"),
    *("payroll_batch", "payroll_batch_file", "batch_line", "batch_pull"),
    *("batch_acknowledgement", "batch_rejection", "batch_resolution", "batch_reconciliation"),
    *("gl_batch", "gl_file", "statement_file"),
    *("contract_cost_line", "contract_cost_event", "contract_cost_batch", "contract_cost_entry"),
)
CALCULATED: Final = ("run_pay", "run_payee", "run_slip", "run_lines", "run_touch", "run_finding")
"""What a run keeps of its calculation: rows are replaced whole, until the run is submitted."""
REMEMBERED: Final = (
    "book",
    "booked_earning",
    "person",
    "held_line",
    "delivery",
    "delivery_file",
    "position",
    "dead_letter",
)
"""What can be made again from the books and the log, and what moves on: triggers say what of a delivery may not change.
"""


def upgrade() -> None:
    run_script(op, "rules.sql")
    for table in APPEND_ONLY:
        _refuse_changes(table)
        grant_append_only(op, table)
    for table in CALCULATED:
        _freeze(table)
        grant_all(op, table)
    for table in REMEMBERED:
        grant_all(op, table)
    # A run changes by its events, whose trigger has the owner's rights; one of them closes its months. The service
    # itself closes none.
    grant_append_only(op, "run")
    _refuse_changes("closing")
    grant_read(op, "closing")
    grant_read(op, "journal_kind")


def _refuse_changes(table: str) -> None:
    op.execute(f"""
        create trigger append_only before update or delete or truncate on {table}
        for each statement execute function append_only()""")


def _freeze(table: str) -> None:
    op.execute(
        f"create trigger frozen before update or truncate on {table} for each statement execute function append_only()"
    )
    for event, rows in {"insert": "new", "delete": "old"}.items():
        op.execute(f"""
            create trigger frozen_{event} after {event} on {table} referencing {rows} table as changed
            for each statement execute function check_run_rows()""")
