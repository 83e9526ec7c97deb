"""An alert is an episode of a subject with a journal of what was done to it; mutes; notifications on their way."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(ALERTS)
    op.execute(JOURNAL)
    op.execute(MUTES)
    op.execute(OUTBOX)


# Alerts of before were breaches of a threshold: what they opened and closed with is what detection says of them.
ALERTS = """
drop index alert_open;
alter table alert rename column threshold to expected;
alter table alert rename column opened_on to detected_on;
alter table alert rename column opened_value to value;
alter table alert rename column closed_on to recovered_on;
alter table alert rename column closed_value to recovered_value;
alter table alert alter column expected drop not null;
alter table alert
    add column alert_id text,
    add column dimension text not null default '',
    add column segment text not null default '',
    add column detector text not null default 'threshold',
    add column about text not null default 'plan',
    add column severity text not null default 'warning',
    add column words jsonb,
    add column labels jsonb not null default '{}',
    add column started_at timestamptz,
    add column onset date,
    add column direction text,
    add column score double precision not null default 1,
    add column rule text not null default 'threshold',
    add column drivers jsonb not null default '[]',
    add column latest_on date,
    add column latest_value numeric,
    add column latest_expected numeric,
    add column latest_score double precision,
    add column state text,
    add column acts integer,
    add column opened_at timestamptz,
    add column changed_at timestamptz,
    add column resolution text,
    add column owner text,
    add column acknowledged_at timestamptz,
    add column snoozed_until timestamptz,
    add column suppressed_by text,
    add column muted_by text,
    add column level integer not null default 0,
    add column told_at timestamptz,
    add column told_deviation numeric,
    add column useful boolean;
update alert set
    alert_id = concat_ws('.', kpi, nullif(currency, ''), number),
    words = jsonb_build_object('title', initcap(replace(kpi, '_', ' ')), 'unit', 'ratio', 'meaning', '', 'action', ''),
    onset = detected_on,
    direction = case when value > expected then 'up' else 'down' end,
    latest_on = coalesce(recovered_on, detected_on),
    latest_value = coalesce(recovered_value, value),
    latest_expected = expected,
    state = case when recovered_on is null then 'open' else 'resolved' end,
    resolution = case when recovered_on is not null then 'recovered' end,
    acts = case when recovered_on is null then 1 else 2 end,
    opened_at = detected_on,
    changed_at = coalesce(recovered_on, detected_on),
    told_at = detected_on,
    told_deviation = abs(value - expected);
update alert set
    about = 'road',
    severity = 'critical',
    words = words || jsonb_build_object('unit', case kpi when 'event_lag' then 'seconds' else 'records' end)
where kpi in ('event_lag', 'dead_letters');
alter table alert
    alter column alert_id set not null,
    alter column words set not null,
    alter column onset set not null,
    alter column direction set not null,
    alter column latest_on set not null,
    alter column state set not null,
    alter column acts set not null,
    alter column opened_at set not null,
    alter column changed_at set not null,
    alter column dimension drop default,
    alter column segment drop default,
    alter column detector drop default,
    alter column about drop default,
    alter column severity drop default,
    alter column labels drop default,
    alter column score drop default,
    alter column rule drop default,
    alter column drivers drop default,
    alter column level drop default,
    add unique (alert_id);
-- At most one of a subject is not resolved: two processes that see the same episode open it once.
create unique index alert_open on alert (kpi, currency, dimension, segment, detector) where state <> 'resolved';
create index alert_by_date on alert (detected_on, alert_id);
"""

JOURNAL = """
create table alert_act (
    alert_id text references alert (alert_id),
    number integer,
    at timestamptz not null,
    who text not null,
    what text not null,
    why text not null,
    until timestamptz,
    "to" text,
    resolution text,
    useful boolean,
    deviation numeric,
    primary key (alert_id, number)
);
insert into alert_act (alert_id, number, at, who, what, why, resolution, deviation)
select alert_id, 1, opened_at, 'earnest', 'opened', '', null, told_deviation from alert;
insert into alert_act (alert_id, number, at, who, what, why, resolution, deviation)
select alert_id, 2, changed_at, 'earnest', 'resolved', '', 'recovered', null from alert where state = 'resolved';
"""

MUTES = """
create table mute (
    name text primary key,
    starts_on date,
    ends_on date,
    last_of_quarter integer not null,
    first_of_quarter integer not null,
    kpis text[] not null,
    about text,
    reason text not null,
    who text not null,
    at timestamptz not null
);
"""

# What is told in a message goes with it when it was settled long ago.
OUTBOX = """
create table message (
    message_id text primary key,
    subscription text not null,
    day date,
    due_at timestamptz not null,
    next_attempt_at timestamptz not null,
    attempts integer not null,
    error text,
    settled_at timestamptz,
    outcome text
);
create index message_due on message (next_attempt_at) where settled_at is null;

create table told (
    message_id text references message (message_id) on delete cascade,
    event_id text,
    told jsonb not null,
    primary key (message_id, event_id)
);
"""
