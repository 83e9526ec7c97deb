"""Whom a run pays is kept with it, and frozen when it is submitted."""

from alembic import op

from services.payout.migrations.access import grant_all

revision = "0017"
down_revision = "0016"

PAYEES = """
    create table run_payee (
        run text collate "C" not null references run (id),
        participant_id text collate "C" not null,
        payroll_id text collate "C",
        first_name text,
        last_name text,
        name text,
        entity text collate "C" not null,
        cost_center text collate "C" not null,
        pay_group text collate "C" not null,
        payroll_profile text collate "C" not null,
        primary key (run, participant_id)
    )"""


def upgrade() -> None:
    op.execute(PAYEES)
    op.execute("create index run_payee_of_participant on run_payee (participant_id)")
    op.execute(
        "create trigger frozen before update or truncate on run_payee for each statement execute function append_only()"
    )
    for event, rows in {"insert": "new", "delete": "old"}.items():
        op.execute(f"""
            create trigger frozen_{event} after {event} on run_payee referencing {rows} table as changed
            for each statement execute function check_run_rows()""")
    grant_all(op, "run_payee")
