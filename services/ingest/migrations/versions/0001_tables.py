"""Answers given under an idempotency key; positions and dead letters of the worker over deliveries."""

from alembic import op

from shared.log.tables import create_worker_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("""
        create table answer (
            principal text,
            key text,
            request bytea not null,
            status integer,
            body bytea,
            at timestamptz not null default now(),
            primary key (principal, key)
        )""")
    op.execute("comment on column answer.request is 'sha256 of path and body'")
    op.execute("comment on column answer.body is 'null: the request is being worked on'")
    # Answers are forgotten by age.
    op.execute("create index answer_by_age on answer (at)")
    create_worker_tables()
