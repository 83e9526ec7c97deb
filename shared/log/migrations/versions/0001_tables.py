"""Heads, entries, members of groups, and which log this database belongs to."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    # Names are qualified: these tables are written in transactions of other services' connections.
    op.execute("""
        create table log.kind (
            singleton boolean primary key default true check (singleton),
            kind text not null check (kind in ('postgres', 'kafka'))
        )""")
    # One row per partition. Its update gives gapless positions in commit order, and is why an append comes last in a
    # transaction. Free space in the page keeps its updates from touching the index.
    op.execute("""
        create table log.head (
            topic text not null,
            partition integer not null,
            next_position bigint not null default 0,
            primary key (topic, partition)
        ) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)""")
    # appended_at is in seconds since the epoch.
    op.execute("""
        create table log.entry (
            topic text not null,
            partition integer not null,
            position bigint not null,
            key text not null,
            value bytea,
            headers text not null,
            appended_at double precision not null default extract(epoch from clock_timestamp()),
            primary key (topic, partition, position)
        )""")
    op.execute("""
        create table log.member (
            group_name text not null,
            member text not null,
            session uuid not null,
            heartbeat_at timestamptz not null,
            primary key (group_name, member)
        ) with (fillfactor = 50)""")
