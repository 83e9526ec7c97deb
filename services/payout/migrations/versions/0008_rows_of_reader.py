"""Row security: whoever the service reads for sees the pay of those whom access says they see, in the months in which
they do.
"""

from alembic import op

from shared.grants import close_functions, grant_execute, guard_rows

revision = "0008"
down_revision = "0007"

OF_RUN = ("run_pay", "run_payee", "run_slip", "run_finding", "statement_file")
OF_MONTH = ("booked_earning", "held_line")
OF_BATCH = (
    "payroll_batch_file",
    "batch_line",
    "batch_pull",
    "batch_acknowledgement",
    "batch_rejection",
    "batch_resolution",
    "batch_reconciliation",
)
OF_EVERYBODY = (
    "contract_cost_line",
    "contract_cost_event",
    "contract_cost_batch",
    "contract_cost_entry",
)
"""Figures of the company's books, from which nobody can be left out."""


def upgrade() -> None:
    op.execute("""
        create function month_of_run(run text) returns text language sql stable security definer
            set search_path from current as $$ select month from run r where r.id = month_of_run.run $$""")
    close_functions(op)
    grant_execute(op, "month_of_run(text)")
    for table in OF_MONTH:
        guard_rows(op, table, visible="access.sees(participant_id, period)")
    for table in OF_RUN:
        guard_rows(op, table, visible="access.sees(participant_id, month_of_run(run))")
    # Where it was booked counts, too: somebody may have moved to another legal entity since.
    guard_rows(op, "journal", visible="access.sees_group(pay_group, entity) or access.sees(participant_id, period)")
    guard_rows(op, "posting", visible="exists (select from journal j where j.id = journal)")
    guard_rows(op, "book", visible="access.sees(participant_id)")
    guard_rows(op, "adjustment", visible="access.sees(participant_id, month)")
    guard_rows(op, "clawback_dismissal", visible="access.sees(participant_id)")
    guard_rows(op, "run_lines", visible="(select access.sees_group(r.pay_group) from run r where r.id = run)")
    guard_rows(op, "payroll_batch", visible="access.sees_group(pay_group, entity)")
    for table in OF_BATCH:
        guard_rows(op, table, visible="exists (select from payroll_batch b where b.id = batch)")
    guard_rows(op, "gl_batch", visible="access.sees_group(null, entity)")
    guard_rows(op, "gl_file", visible="exists (select from gl_batch b where b.id = batch)")
    for table in OF_EVERYBODY:
        guard_rows(op, table, visible="false")
