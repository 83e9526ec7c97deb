"""What the tables of all features share. Each feature has its own `tables.py`; a test compares them with what the
migrations make.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import MetaData, Text

from shared.changes.tables import change_tables

metadata = MetaData()

change, change_decision = change_tables(metadata)

CHAIN: Final = "payout"
CHAINED: Final = (
    *("journal", "closing", "soft_closing", "soft_opening", "policy", "change", "change_decision"),
    *("run", "run_event", "approval", "run_reconciliation", "run_publication"),
    *("confirmed_payee", "hold", "hold_release", "adjustment", "clawback_dismissal"),
    *("payroll_batch", "payroll_batch_file", "batch_line", "batch_pull"),
    *("batch_acknowledgement", "batch_rejection", "batch_resolution", "batch_reconciliation"),
    *("delivery", "delivery_file", "gl_batch", "gl_file", "statement_file"),
    *("contract_cost_line", "contract_cost_event", "contract_cost_batch", "contract_cost_entry"),
    "dead_letter",
)
"""Tables whose rows are noted in the chain: what people decided, what was booked and what left the house. Of the others
every row follows from these or from the log, and `verify` makes it again.
"""

Name: Final = Text(collation="C")
"""Ids and periods compare byte by byte, whatever the locale of the database."""
