"""Row security: whoever the service reads for sees the sums of those whom access says they see, in the months in which
they do, and the deals that these hold or are credited for.
"""

from alembic import op

from shared.grants import guard_rows

revision = "0005"
down_revision = "0004"

_MONTH = "to_char(close_date, 'YYYY-MM')"
# A credit is stored as a list that begins with whom it credits.
_OF_DEAL = f"""
    access.sees(owner, {_MONTH})
    or exists (select from unnest(sharers) who where access.sees(who, {_MONTH}))
    or exists (
        select from jsonb_array_elements(credits::jsonb) credit
        where access.sees(credit ->> 0, {_MONTH}))"""


def upgrade() -> None:
    for table in ("participant_sums", "lost_credit", "lost_holder"):
        guard_rows(op, table, visible="access.sees(participant_id, period)")
    guard_rows(op, "deal", visible=_OF_DEAL)
