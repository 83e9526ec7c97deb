"""A closed month is sealed: one hash stands for every journal booked in it, and for the seal before it."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute("alter table closing add column sha256 text check (sha256 ~ '^[0-9a-f]{64}$')")
    op.execute(SEAL)
    op.execute("alter table closing disable trigger append_only")
    op.execute(SEAL_ALL)
    op.execute("alter table closing enable trigger append_only")
    op.execute("alter table closing alter column sha256 set not null")
    op.execute(CHECK_CLOSING)


# The journals of the pay group in the months that this closes, by participant in the order of their chain.
SEAL = """
    create function seal_of(group_name text, closed text) returns text language sql stable set search_path from current as $$
        select encode(sha256(convert_to(
            coalesce((select sha256 from closing where pay_group = group_name and period < closed order by period desc limit 1), '')
            || coalesce(string_agg(sha256, '' order by participant_id, entry), ''), 'UTF8')), 'hex')
        from journal
        where pay_group = group_name and period <= closed
          and period > coalesce((select max(period) from closing where pay_group = group_name and period < closed), '')
    $$"""

SEAL_ALL = """
    do $$
    declare each record;
    begin
        for each in select pay_group, period from closing order by pay_group, period loop
            update closing set sha256 = seal_of(each.pay_group, each.period)
                where pay_group = each.pay_group and period = each.period;
        end loop;
    end $$"""

CHECK_CLOSING = """
    create or replace function check_closing() returns trigger language plpgsql set search_path from current as $$
    begin
        perform pg_advisory_xact_lock(hashtextextended('earnest.books/' || new.pay_group, 0));
        if exists (select from closing where pay_group = new.pay_group and period >= new.period) then
            raise exception 'the period is closed' using errcode = 'check_violation';
        end if;
        if tg_table_name = 'closing' then
            new.sha256 := seal_of(new.pay_group, new.period);
        end if;
        return new;
    end $$"""
