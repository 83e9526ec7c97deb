"""Only the approval of a run closes a month: the service itself may not."""

from alembic import op

from services.payout.ledger.tables import ROLE

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute(f"""
        do $$ begin
            if exists (select from pg_roles where rolname = '{ROLE}') then
                revoke insert on closing from {ROLE};
            end if;
        end $$""")
