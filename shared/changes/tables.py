"""The tables of changes, which a service has in its own schema, and the rules that the database keeps whoever writes.

Both tables are only ever added to: a decision is a row of its own.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, Index, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.grants import grant_append_only, grant_execute


def change_tables(metadata: MetaData) -> tuple[Table, Table]:
    """`change` and `change_decision`, as a service's metadata has them."""
    change = Table(
        "change",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("kind", Text, nullable=False),
        Column("subject", Text, nullable=False, comment="which one of its kind is to be otherwise"),
        Column("body", JSONB, nullable=False, comment="what it will be"),
        Column("reason", Text, nullable=False),
        Column("proposed_by", ARRAY(Text), nullable=False, comment="the persons who say so"),
        Column("proposed_at", DateTime(timezone=True), nullable=False),
        Index("change_of_subject", "kind", "subject"),
    )
    decision = Table(
        "change_decision",
        metadata,
        Column("change", ForeignKey(change.c.id), primary_key=True),
        Column("verdict", Text, nullable=False),
        Column("decided_by", Text, nullable=False),
        Column("decided_at", DateTime(timezone=True), nullable=False),
        Column("reason", Text, nullable=False),
    )
    return change, decision


def create_changes(op: Any) -> None:
    """Create both tables with their rules, inside a service's migration. The service adds to them and reads them. The
    function `is_approved(change)` is for the rules of what a change does.
    """
    schema = op.get_bind().execute(text("select current_schema()")).scalar_one()
    op.get_bind().connection.cursor().execute(_SCRIPT.replace("<schema>", f'"{schema}"'))
    for table in ("change", "change_decision"):
        grant_append_only(op, table)
    for function in ("is_approved(bigint)", "person_id(text)"):
        grant_execute(op, function)


# A foreign key locks the row that it points at, which takes the right to change some column: `id` is one that the
# database refuses to set.
_SCRIPT = r"""
create table change (
    id bigint primary key generated always as identity,
    kind text not null check (kind <> ''),
    subject text not null check (subject <> ''),
    body jsonb not null,
    reason text not null check (btrim(reason) <> ''),
    proposed_by text[] not null check (cardinality(proposed_by) > 0),
    proposed_at timestamptz not null
);
create index change_of_subject on change (kind, subject);

create table change_decision (
    change bigint primary key references change (id),
    verdict text not null check (verdict in ('approved', 'rejected', 'withdrawn')),
    decided_by text not null check (decided_by <> ''),
    decided_at timestamptz not null,
    reason text not null
);

-- The person that a name stands for, as `shared.persons.person_id` says it.
create function person_id(name text) returns text language sql immutable strict parallel safe
    set search_path = <schema>, pg_temp as $$
    select regexp_replace(lower(normalize(name, nfkc)), '^\W+|\W+$', '', 'g')
$$;

create function is_approved(change_id bigint) returns boolean language sql stable
    set search_path = <schema>, pg_temp as $$
    select exists (select from change_decision where change = change_id and verdict = 'approved')
$$;

create function refuse_change_edit() returns trigger language plpgsql set search_path = <schema>, pg_temp as $$
begin
    raise exception '% of % is refused: it is only ever added to', lower(tg_op), tg_table_name
        using errcode = 'integrity_constraint_violation';
end $$;

-- Of one thing one change waits at a time, also where two people propose at the same moment.
create function check_change() returns trigger language plpgsql set search_path = <schema>, pg_temp as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('earnest.change/' || new.kind || '/' || new.subject, 0));
    if exists (select from change c where (c.kind, c.subject) = (new.kind, new.subject)
            and not exists (select from change_decision d where d.change = c.id)) then
        raise exception 'another change of % % waits', new.kind, new.subject using errcode = 'check_violation';
    end if;
    return new;
end $$;

create function check_change_decision() returns trigger language plpgsql set search_path = <schema>, pg_temp as $$
declare proposed boolean;
begin
    select person_id(new.decided_by) in (select person_id(name) from unnest(c.proposed_by) name) into strict proposed
    from change c where c.id = new.change;
    if new.verdict = 'withdrawn' and not proposed then
        raise exception 'only who proposed a change withdraws it' using errcode = 'check_violation';
    end if;
    if new.verdict <> 'withdrawn' and proposed then
        raise exception 'two people for money: who proposed a change does not decide it'
            using errcode = 'check_violation';
    end if;
    return new;
end $$;

create trigger append_only before update or delete or truncate on change
    for each statement execute function refuse_change_edit();
create trigger append_only before update or delete or truncate on change_decision
    for each statement execute function refuse_change_edit();
create trigger one_waits before insert on change for each row execute function check_change();
create trigger two_people before insert on change_decision for each row execute function check_change_decision();
"""
