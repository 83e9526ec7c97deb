"""What the service may do with its tables."""

from alembic import op

from shared.grants import grant_all, grant_append_only, grant_execute

revision = "0007"
down_revision = "0006"

TABLES = (
    *("deal", "earning", "run", "roster", "roster_name", "rollup", "counted_sum", "seen", "letters"),
    *("alert", "mute", "message", "told", "proposal", "published_plan", "dated_quota", "position", "dead_letter"),
)


def upgrade() -> None:
    grant_append_only(op, "alert_act")
    for table in TABLES:
        grant_all(op, table)
    grant_execute(op, "sums_added(jsonb, jsonb)")
