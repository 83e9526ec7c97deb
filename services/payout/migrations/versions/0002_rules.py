"""The rules that hold whoever writes: append-only books, journals that sum to zero, closed periods, the states of a run.

Functions keep the search path they were made with, so that they mean this schema's tables whoever calls them.
"""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for function in (APPEND_ONLY, POSTINGS, RUN_STATES, RUN_LINES):
        op.execute(function)
    for table, events in {
        "journal": "update or delete or truncate",
        "posting": "update or delete or truncate",
        "payroll_file": "update or delete or truncate",
        "run": "delete or truncate",
        "run_line": "update or truncate",
    }.items():
        op.execute(
            f"create trigger append_only before {events} on {table} for each statement execute function append_only()"
        )
    op.execute("""
        create trigger sound after insert on posting referencing new table as inserted
        for each statement execute function check_postings()""")
    op.execute("create trigger states before insert or update on run for each row execute function check_run()")
    for event, rows in {"insert": "new", "delete": "old"}.items():
        op.execute(f"""
            create trigger frozen_{event} after {event} on run_line referencing {rows} table as changed
            for each statement execute function check_run_lines()""")


APPEND_ONLY = """
    create function append_only() returns trigger language plpgsql as $$
    begin
        raise exception '% of % is refused: it is only ever added to', lower(tg_op), tg_table_name
            using errcode = 'integrity_constraint_violation';
    end $$"""

# A statement that adds postings adds whole journals, so that every journal sums to zero at every moment, not only at commit.
# The lock is the one that approving excludes: no run closes the period between this look and the commit.
# Journals are found by their index, also while the planner still believes the table empty.
POSTINGS = """
    create function check_postings() returns trigger language plpgsql
        set search_path from current set enable_seqscan = off as $$
    begin
        if exists (select from inserted group by journal, currency having sum(amount) <> 0) then
            raise exception 'a journal sums to zero in every currency' using errcode = 'check_violation';
        end if;
        lock table run in row share mode;
        if exists (
            select from (select distinct journal, participant_id from inserted) i join journal j on j.id = i.journal
            where j.participant_id <> i.participant_id
               or j.period <= (select max(period) from run where state in ('approved', 'exported'))
        ) then
            raise exception 'postings belong to the participant of their journal, and to an open period'
                using errcode = 'check_violation';
        end if;
        return null;
    end $$"""

RUN_STATES = """
    create function check_run() returns trigger language plpgsql set search_path from current as $$
    begin
        if tg_op = 'INSERT' then
            if new.state <> 'draft' then
                raise exception 'a run begins as a draft' using errcode = 'check_violation';
            end if;
            return new;
        end if;
        if (old.state, new.state) not in
            (('draft', 'draft'), ('draft', 'approved'), ('draft', 'cancelled'), ('approved', 'exported')) then
            raise exception 'a run does not go from % to %', old.state, new.state using errcode = 'check_violation';
        end if;
        if (new.id, new.period, new.author) is distinct from (old.id, old.period, old.author)
            or (new.state <> 'draft' and new.lines_sha256 <> old.lines_sha256)
            or (old.state = 'approved'
                and (new.approver, new.approved_at, new.calculated_at)
                    is distinct from (old.approver, old.approved_at, old.calculated_at)) then
            raise exception 'what was decided about a run is not changed' using errcode = 'check_violation';
        end if;
        if (old.state, new.state) = ('draft', 'approved') then
            lock table run in exclusive mode;
            if exists (select from run where period >= new.period and state in ('approved', 'exported')) then
                raise exception 'the period is closed' using errcode = 'check_violation';
            end if;
        end if;
        if new.state = 'exported' and not exists (select from payroll_file where run = new.id) then
            raise exception 'an exported run has a payroll file' using errcode = 'check_violation';
        end if;
        return new;
    end $$"""

RUN_LINES = """
    create function check_run_lines() returns trigger language plpgsql set search_path from current as $$
    begin
        perform from run where id in (select distinct run from changed) for share;
        if exists (select from run where id in (select distinct run from changed) and state <> 'draft') then
            raise exception 'the lines of a run are frozen when it is approved' using errcode = 'check_violation';
        end if;
        return null;
    end $$"""
