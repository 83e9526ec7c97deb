"""Proposals for alerts: candidate changes of plan or quotas, and what was decided about them."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(PROPOSALS)


PROPOSALS = """
create table proposal (
    alert_id text,
    number integer,
    rule text not null,
    kind text not null,
    plan text not null,
    version integer,
    words text[] not null,
    cause text not null,
    behaviour text not null,
    source text not null,
    effective_from date not null,
    file text not null,
    text text not null,
    effect jsonb not null,
    proposed_by text not null,
    proposed_at timestamptz not null,
    decision text,
    reason text,
    decided_by text,
    decided_at timestamptz,
    primary key (alert_id, number),
    unique (alert_id, kind, plan)
);
"""
