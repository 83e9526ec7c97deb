"""What the service may do with its tables: all of them can be made again from the log."""

from alembic import op

from shared.grants import grant_all, grant_read

revision = "0003"
down_revision = "0002"

TABLES = (
    *("roster_head", "participant", "plan_version", "quarantine"),
    *("deal", "account_payment", "lost_credit", "lost_holder", "taken_back"),
    *("participant_sums", "in_hand", "position", "dead_letter"),
)


def upgrade() -> None:
    for table in TABLES:
        grant_all(op, table)
    grant_read(op, "paid_deal")
