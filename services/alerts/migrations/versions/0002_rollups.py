"""Sums by date, currency and segment in one table; what each deal, month and run was counted by; the roster."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(GONE)
    op.execute(OBSERVED)
    op.execute(SUMS)


# What was counted before is counted again from the log: there are other sums, and the first start sees that.
GONE = """
drop table deal_sum;
drop table earning_sum;
drop table earning;
drop table deal;
"""

# Free space in each page keeps the update of a row from touching the index.
OBSERVED = """
create table deal (
    deal_id text primary key,
    owner text not null,
    facts text not null,
    roles text not null
) with (fillfactor = 80);
create index deal_owner on deal (owner);

create table earning (
    participant_id text,
    period text,
    revision bigint not null,
    observed text not null,
    roles text not null,
    primary key (participant_id, period)
) with (fillfactor = 80);

create table run (
    run_id text primary key,
    revision bigint not null,
    observed text not null
);

create table roster (
    participant_id text primary key,
    facts text not null
);

create table roster_name (
    name text,
    participant_id text,
    is_id boolean not null,
    primary key (name, participant_id)
);
"""

SUMS = """
create table rollup (
    day date,
    currency text,
    dimension text,
    segment text,
    sums jsonb not null,
    primary key (day, currency, dimension, segment)
) with (fillfactor = 50);

create function sums_added(one jsonb, other jsonb) returns jsonb language sql immutable parallel safe as $$
    select one || coalesce(
        (select jsonb_object_agg(key, value::numeric + coalesce((one -> key)::numeric, 0)) from jsonb_each(other)), '{}'
    )
$$;
"""
