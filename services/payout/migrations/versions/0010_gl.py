"""Batches of the general ledger and their files: only ever added to, each with its hash, in one chain."""

from alembic import op

from services.payout.migrations.access import grant_append_only

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    for statement in (BATCH, FILE):
        op.execute(statement)
    for table in ("gl_batch", "gl_file"):
        op.execute(f"""
            create trigger append_only before update or delete or truncate on {table}
            for each statement execute function append_only()""")
        grant_append_only(op, table)


# A batch names the hash of the one before it, and no two name the same: so the chain does not fork.
BATCH = """
    create table gl_batch (
        id text collate "C" primary key,
        number bigint not null unique generated always as identity,
        period text collate "C" not null,
        entity text collate "C" not null,
        format text not null,
        entries bytea not null,
        manifest bytea not null,
        sha256 text not null unique check (sha256 = encode(sha256(manifest), 'hex')),
        previous_sha256 text unique nulls not distinct references gl_batch (sha256),
        made_by text not null check (made_by <> ''),
        made_at timestamptz not null
    )"""

FILE = """
    create table gl_file (
        batch text collate "C" not null references gl_batch,
        part smallint not null check (part > 0),
        name text not null,
        content bytea not null,
        sha256 text not null check (sha256 = encode(sha256(content), 'hex')),
        primary key (batch, part)
    )"""
