"""Costs of contracts that no line of pay has, told by people; only ever added to."""

from alembic import op

from services.payout.migrations.access import grant_append_only

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute(LINE)
    op.execute("""
        create trigger append_only before update or delete or truncate on contract_cost_line
        for each statement execute function append_only()""")
    grant_append_only(op, "contract_cost_line")


LINE = """
    create table contract_cost_line (
        number bigint generated always as identity unique,
        id text collate "C" primary key,
        contract_id text collate "C" not null,
        recognised_on date not null,
        body jsonb not null,
        actor text not null check (actor <> ''),
        reason text not null check (reason <> ''),
        recorded_at timestamptz not null
    )"""
