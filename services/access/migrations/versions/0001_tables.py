"""People, what they may do and whom they see, in `tables.sql` and `functions.sql` beside this folder."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

from shared.access.roles import ROLES
from shared.grants import grant_all, grant_append_only, grant_execute, grant_read
from shared.log.tables import create_worker_tables
from shared.logins import SERVICES, login_of, view_of

revision = "0001"
down_revision = None

CHANGED = ("person", "system_owner", "api_key_use", "session", "participant", "assignment", "reporting")
ADDED = ("role_grant", "role_grant_end", "duty_exception", "api_key", "api_key_end", "audit_entry")
ASKED = (
    "caller(text)",
    "approval_roles()",
    "persons_behind(text[])",
    "reader()",
    "sees_everyone()",
    "may_see(text, text[], text, text)",
    "sees(text, text)",
    "sees_group(text, text)",
    "record(text, text, text, text, text, text[], integer, text, text)",
)


def upgrade() -> None:
    for script in ("tables.sql", "functions.sql"):
        text = (Path(__file__).parents[1] / script).read_text(encoding="utf-8")
        op.get_bind().connection.cursor().execute(text)  # `%` and `:` in it are no parameters
    op.bulk_insert(
        sa.table("role", sa.column("name"), sa.column("view"), sa.column("scopes", sa.ARRAY(sa.Text))),
        [{"name": name, "view": role.view, "scopes": sorted(role.scopes)} for name, role in ROLES.items()],
    )
    create_worker_tables()
    for table in CHANGED:
        grant_all(op, table)
    for table in ADDED:
        grant_append_only(op, table)
    grant_read(op, "role")
    grant_execute(op, "grants_of(text)")
    everybody = ", ".join(login for service in SERVICES for login in (login_of(service), view_of(service)))
    op.execute(f"grant usage on schema access to {everybody}")
    for function in ASKED:
        op.execute(f"grant execute on function {function} to {everybody}")
