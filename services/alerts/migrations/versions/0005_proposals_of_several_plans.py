"""Proposals change several plans together, and are followed until they are published."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute(SEVERAL_PLANS)


SEVERAL_PLANS = """
alter table proposal add column plans text[], add column files jsonb;
update proposal set
    plans = array[plan],
    files = jsonb_build_array(jsonb_build_object(
        'file', file, 'text', text, 'plan', case when version is not null then plan end, 'version', version
    )),
    effect = effect || '{"months": []}';
alter table proposal
    alter column plans set not null,
    alter column files set not null,
    drop constraint proposal_alert_id_kind_plan_key,
    drop column plan,
    drop column version,
    drop column file,
    drop column text;

create table published_plan (
    plan text,
    version integer,
    effective_from date not null,
    primary key (plan, version)
);

create table dated_quota (
    participant_id text,
    path text,
    primary key (participant_id, path)
);
"""
