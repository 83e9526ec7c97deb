"""Passwords, passkeys and identities at a provider, in `sign_in.sql` beside this folder."""

from pathlib import Path

from alembic import op

from shared.grants import grant_all

revision = "0002"
down_revision = "0001"

CHANGED = (
    "password",
    "password_link",
    "password_try",
    "passkey",
    "passkey_challenge",
    "identity",
    "oidc_request",
    "oidc_logout",
)


def upgrade() -> None:
    text = (Path(__file__).parents[1] / "sign_in.sql").read_text(encoding="utf-8")
    op.get_bind().connection.cursor().execute(text)  # `%` and `:` in it are no parameters
    for table in CHANGED:
        grant_all(op, table)
