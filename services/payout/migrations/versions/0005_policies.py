"""Policies: what is published stays, and versions are numbered without gaps."""

from alembic import op

from services.payout.migrations.access import grant_append_only

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute(POLICY)
    op.execute(NUMBERED)
    op.execute("""
        create trigger append_only before update or delete or truncate on policy
        for each statement execute function append_only()""")
    op.execute("create trigger numbered before insert on policy for each row execute function check_policy()")
    grant_append_only(op, "policy")


POLICY = """
    create table policy (
        kind text collate "C" not null,
        id text collate "C" not null,
        version integer not null,
        valid_from date not null,
        body jsonb not null,
        author text not null check (author <> ''),
        reason text not null check (btrim(reason) <> ''),
        recorded_at timestamptz not null,
        primary key (kind, id, version),
        check ((body ->> 'kind', body ->> 'id', body ->> 'valid_from') = (kind, id, to_char(valid_from, 'YYYY-MM-DD')))
    )"""

NUMBERED = """
    create function check_policy() returns trigger language plpgsql set search_path from current as $$
    begin
        if new.version <> (select count(*) + 1 from policy where (kind, id) = (new.kind, new.id)) then
            raise exception 'the versions of a policy are numbered 1, 2, 3 and so on' using errcode = 'check_violation';
        end if;
        return new;
    end $$"""
