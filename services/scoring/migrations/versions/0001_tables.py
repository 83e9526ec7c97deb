"""The tables of scoring. They are described here and nowhere else: the stores speak SQL.

Amounts are in minor units, shares in 10^-8. Periods are derived from dates where they can be, and not stored beside
them.
"""

from alembic import op

from shared.log.tables import create_worker_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(ROSTER_AND_PLANS)
    op.execute(DEALS)
    op.execute(HISTORY)
    op.execute(EARNINGS)
    op.execute(IN_HAND)
    create_worker_tables()


ROSTER_AND_PLANS = """
-- One row: the version of roster and plans together. Crediting and earning lock it for share while they use them.
create table roster_head (
    one boolean primary key check (one),
    version bigint not null
);
insert into roster_head values (true, 0);

create table participant (
    participant_id text primary key,
    changed bigint not null, -- the version of the roster's head that changed it last
    facts text not null -- packed (facts_codec)
);

create table plan_version (
    plan text,
    version integer,
    effective_from date not null,
    document jsonb not null,
    author text, -- the key it was published with
    tried integer,
    primary key (plan, version)
);
comment on column plan_version.tried is 'the last trial that it passed';

create table quarantine (
    plan text,
    version integer,
    since timestamptz not null default now(),
    cause text not null,
    by text not null,
    primary key (plan, version)
);
comment on table quarantine is 'plan versions with which nothing is calculated until somebody lifts it';
"""

# A deal's credits stand in its row, so that crediting writes one row per deal whatever the depth of its management
# chain. Free space in each page keeps the update of a row from touching the indexes.
DEALS = """
create table deal (
    deal_id text primary key,
    version bigint not null, -- grows with every change of the facts
    close_date date,
    owner text, -- who holds it alone
    sharers text[], -- who hold it together, where it is split
    facts text not null, -- packed (facts_codec)
    credits text not null, -- JSON: rows of CREDITS without the deal
    uncredited text not null -- JSON: rows of UNCREDITED without the deal
) with (fillfactor = 85);
create index deal_by_owner on deal (owner, close_date) where owner is not null;
create index deal_by_sharers on deal using gin (sharers) where sharers is not null;
create index deal_uncredited on deal (deal_id) where uncredited <> '[]';
"""

# What current facts do not say any more, kept for who had a hand in pay and for what was released. No pay is made of
# it.
HISTORY = """
create table lost_credit (
    period text,
    participant_id text,
    deal_id text,
    primary key (period, participant_id, deal_id)
);
comment on table lost_credit is
    'deals that credited a participant in a month until their facts changed; a history, which no pay is made of';

create table lost_holder (
    period text,
    participant_id text,
    holder text,
    primary key (period, participant_id, holder)
);
comment on table lost_holder is
    'whose deals credited a participant in a month and credit them no longer; a history, which no pay is made of';

create table taken_back (
    deal_id text primary key
);
comment on table taken_back is
    'deals of which a payment was ever changed or taken back; a history, which no pay is made of';
"""

EARNINGS = """
create table participant_sums (
    participant_id text,
    period text,
    sums text not null, -- JSON: credits summed per plan version and rule
    revision bigint not null, -- grows with every change of the earnings
    earnings text not null, -- JSON: component earnings as published
    primary key (participant_id, period)
) with (fillfactor = 70);
"""

# Unlogged, so that a note costs no write to disk: it has to outlive a process of scoring, not the database.
IN_HAND = """
create unlogged table in_hand (
    what text primary key,
    at bigint not null,
    by text not null
);
comment on table in_hand is
    'what processes began to calculate; what another began and did not finish, it may have died of';
comment on column in_hand.what is 'a worker and a partition, or what is asked for';
comment on column in_hand.at is 'from which position on';
comment on column in_hand.by is 'the process that began with it';
"""
