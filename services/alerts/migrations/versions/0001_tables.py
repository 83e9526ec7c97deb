"""Sums per day and period, what they are made of, and alerts."""

from alembic import op

from shared.log.tables import create_worker_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(OF_DEALS)
    op.execute(OF_EARNINGS)
    op.execute(OF_THE_ROAD)
    op.execute(ALERTS)
    create_worker_tables()


# Free space in each page keeps the update of a row from touching the index.
OF_DEALS = """
create table deal (
    deal_id text primary key,
    facts text not null
) with (fillfactor = 80);

create table deal_sum (
    day date,
    currency text,
    name text,
    value numeric not null,
    primary key (day, currency, name)
) with (fillfactor = 50);
"""

OF_EARNINGS = """
create table earning (
    participant_id text,
    period text,
    revision bigint not null,
    contributions text not null,
    primary key (participant_id, period)
) with (fillfactor = 80);

create table earning_sum (
    period text,
    currency text,
    name text,
    value numeric not null,
    primary key (period, currency, name)
) with (fillfactor = 50);
"""

OF_THE_ROAD = """
create table counted_sum (
    name text primary key
);

create table seen (
    one integer primary key,
    latest text not null
);

create table letters (
    topic text primary key,
    ever bigint not null,
    replayed bigint not null
);
"""

# At most one episode of a KPI and currency is open: two processes that see the same breach open it once.
ALERTS = """
create table alert (
    kpi text,
    currency text,
    number integer,
    threshold numeric not null,
    opened_on date not null,
    opened_value numeric not null,
    closed_on date,
    closed_value numeric,
    primary key (kpi, currency, number)
);
create unique index alert_open on alert (kpi, currency) where closed_on is null;
"""
