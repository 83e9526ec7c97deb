"""Requests to load the source files again, and what each process has loaded."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("""
        create table source_reload (
            id bigint generated always as identity primary key,
            at timestamptz not null default now(),
            by text not null
        )""")
    op.execute("""
        create table source_process (
            member text primary key,
            reload bigint not null,
            files jsonb not null,
            loaded_at timestamptz not null,
            seen timestamptz not null
        )""")
    op.execute("comment on column source_process.reload is 'the request after which it loaded; 0: when it started'")
