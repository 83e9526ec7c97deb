"""Who may do what, and the audit log, are noted row by row and linked in a signed chain."""

from alembic import op

from shared.grants import grant_append_only
from shared.logins import SERVICES, login_of
from shared.proof.tables import chain_rows, create_chain

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    create_chain(op)
    op.execute("""
        create trigger append_only before update or delete or truncate on audit_entry
        for each statement execute function append_only()""")
    for table in ("chain_entry", "chain_link"):
        grant_append_only(op, table)
    # Every service records in the audit log, and ends its transaction with a link over what it recorded.
    others = ", ".join(login_of(service) for service in SERVICES if service != "access")
    op.execute(f"grant select on chain_entry to {others}")
    op.execute(f"grant select, insert on chain_link to {others}")
    chain_rows(
        op,
        "person",
        "system_owner",
        "role_grant",
        "role_grant_end",
        "duty_exception",
        "api_key",
        "api_key_end",
        "password",
        "passkey",
        "identity",
        "audit_entry",
    )
