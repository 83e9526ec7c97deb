"""Runs with their whole life, what they pay on, holds and adjustments; the rules of the life are the database's own.

The state of a run moves only with an event: nobody can set it, and an event that does not fit the state is refused. An approval by
whoever had a hand in the run or in what it pays on is refused here, whatever the code says.
"""

from alembic import op

from services.payout.migrations.access import grant_all, grant_append_only

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("drop trigger states on run")
    op.execute("drop trigger append_only on run")
    op.execute("drop trigger append_only on run_line")
    op.execute("drop function check_run() cascade")
    op.execute("drop function check_run_lines() cascade")
    op.execute("alter table run rename to run_before")
    op.execute("alter table run_line rename to run_line_before")
    op.execute("drop index run_active")
    op.execute("alter table payroll_file drop constraint payroll_file_run_fkey")
    for statement in (*KINDS, JOURNALS_OF_RUN, *RUN, *TABLES, *BOOKS):
        op.execute(statement)
    for statement in CONVERT:
        op.execute(statement)
    op.execute("drop table run_line_before, run_before")
    op.execute("alter table payroll_file add foreign key (run) references run (id)")
    for function in (GUARD_RUN, CHECK_EVENT, CHECK_APPROVAL, CHECK_ROWS):
        op.execute(function)
    for table in (
        "run_event",
        "approval",
        "run_reconciliation",
        "hold",
        "hold_release",
        "adjustment",
        "clawback_dismissal",
    ):
        op.execute(f"""
            create trigger append_only before update or delete or truncate on {table}
            for each statement execute function append_only()""")
        grant_append_only(op, table)
    op.execute(
        "create trigger append_only before delete or truncate on run for each statement execute function append_only()"
    )
    op.execute("create trigger guarded before insert or update on run for each row execute function guard_run()")
    op.execute("create trigger moves before insert on run_event for each row execute function check_event()")
    op.execute("create trigger two_people before insert on approval for each row execute function check_approval()")
    for table in CALCULATED:
        op.execute(f"""
            create trigger frozen before update or truncate on {table} for each statement execute function append_only()""")
        for event, rows in {"insert": "new", "delete": "old"}.items():
            op.execute(f"""
                create trigger frozen_{event} after {event} on {table} referencing {rows} table as changed
                for each statement execute function check_run_rows()""")
        grant_all(op, table)
    grant_append_only(op, "run")
    grant_all(op, "held_line")


CALCULATED = ("run_pay", "run_slip", "run_lines", "run_touch", "run_finding")

KINDS = (
    "alter table journal drop constraint journal_kind_check",
    """alter table journal add constraint journal_kind_check check (kind in ('earning', 'hold', 'lapse', 'dismissal', 'draw',
        'recovery', 'guarantee', 'forfeit', 'forgiveness', 'write_off', 'clawback', 'adjustment', 'payment', 'return',
        'transfer'))""",
    "alter table posting drop constraint posting_account_check",
    """alter table posting add constraint posting_account_check check (account in ('earned', 'adjusted', 'guaranteed', 'held',
        'payable', 'draw', 'clawback', 'paid', 'intercompany'))""",
)
JOURNALS_OF_RUN = "create index journal_of_run on journal ((cause ->> 'run')) where cause ? 'run'"
RUN = (
    """create table run (
        id text collate "C" primary key,
        number bigint not null generated always as identity unique,
        kind text not null check (kind in ('regular', 'off_cycle')),
        pay_group text collate "C" not null,
        pay_period text collate "C" not null,
        month text collate "C" not null,
        starts date not null,
        ends date not null check (ends >= starts),
        pay_date date not null,
        closes text collate "C",
        participants text[],
        author text not null check (author <> ''),
        created_at timestamptz not null,
        state text not null default 'draft',
        submission integer not null default 0,
        lines_sha256 text not null default '',
        inputs_sha256 text not null default '',
        steps text[] not null default '{}',
        check (closes is null or (kind = 'regular' and participants is null)),
        check (kind = 'regular' or participants is not null)
    )""",
    """create unique index run_active_whole on run (pay_group, pay_period)
        where kind = 'regular' and participants is null and state <> 'cancelled'""",
)
TABLES = (
    """create table run_event (
        run text collate "C" not null references run (id),
        number bigint generated always as identity primary key,
        verb text not null,
        actor text not null check (actor <> ''),
        at timestamptz not null,
        note text not null default '',
        lines_sha256 text not null default '',
        inputs_sha256 text not null default '',
        steps text[] not null default '{}'
    )""",
    "create index run_event_of_run on run_event (run, number)",
    """create table approval (
        run text collate "C" not null references run (id),
        submission integer not null,
        step integer not null,
        role text not null,
        approver text not null check (approver <> ''),
        at timestamptz not null,
        lines_sha256 text not null,
        primary key (run, submission, step),
        unique (run, submission, approver)
    )""",
    """create table run_pay (
        run text collate "C" not null references run (id),
        participant_id text collate "C" not null,
        currency text collate "C" not null,
        paid bigint not null check (paid >= 0),
        carried bigint not null,
        entries integer not null,
        pay text not null,
        primary key (run, participant_id, currency)
    )""",
    "create index run_pay_of_participant on run_pay (participant_id, currency)",
    """create table run_slip (
        run text collate "C" not null references run (id),
        participant_id text collate "C" not null,
        name text not null,
        manager text collate "C",
        facts bytea not null,
        sha256 text not null,
        primary key (run, participant_id)
    )""",
    "create index run_slip_of_participant on run_slip (participant_id)",
    "alter table run_slip alter column facts set storage external",
    """create table run_lines (
        run text collate "C" primary key references run (id),
        content bytea not null,
        sha256 text not null
    )""",
    "alter table run_lines alter column content set storage external",
    """create table run_touch (
        run text collate "C" not null references run (id),
        who text not null,
        what text not null,
        primary key (run, who, what)
    )""",
    """create table run_finding (
        run text collate "C" not null references run (id),
        kind text not null,
        participant_id text collate "C" not null,
        why text not null
    )""",
    "create index run_finding_of_run on run_finding (run)",
    """create table run_reconciliation (
        run text collate "C" not null references run (id),
        number bigint generated always as identity primary key,
        kind text not null check (kind in ('source_to_credits', 'ledger_to_payroll', 'ledger_to_gl')),
        currency text collate "C" not null,
        one bigint not null,
        other bigint not null,
        tolerance bigint not null check (tolerance >= 0),
        preparer text not null check (preparer <> ''),
        at timestamptz not null
    )""",
)
BOOKS = (
    """create table hold (
        id text collate "C" primary key,
        number bigint not null generated always as identity unique,
        scope text not null check (scope in ('participant', 'deal', 'plan')),
        subject text collate "C" not null,
        since text collate "C" not null,
        reason text not null check (reason <> ''),
        dispute boolean not null,
        until date,
        until_collected boolean not null,
        actor text not null check (actor <> ''),
        at timestamptz not null
    )""",
    """create table hold_release (
        hold text collate "C" primary key references hold (id),
        released_on date not null,
        reason text not null check (reason <> ''),
        actor text not null check (actor <> ''),
        at timestamptz not null
    )""",
    """create table adjustment (
        id uuid primary key,
        number bigint not null generated always as identity unique,
        participant_id text collate "C" not null,
        currency text collate "C" not null,
        amount bigint not null check (amount <> 0),
        month text collate "C" not null,
        reason text not null check (reason <> ''),
        attachment_name text not null check (attachment_name <> ''),
        attachment bytea not null check (length(attachment) > 0),
        attachment_sha256 text not null,
        actor text not null check (actor <> ''),
        at timestamptz not null
    )""",
    "create index adjustment_of_participant on adjustment (participant_id)",
    """create table clawback_dismissal (
        participant_id text collate "C" not null,
        deal_id text collate "C" not null,
        number bigint not null generated always as identity unique,
        reason text not null check (reason <> ''),
        actor text not null check (actor <> ''),
        at timestamptz not null,
        primary key (participant_id, deal_id)
    )""",
    """create table held_line (
        participant_id text collate "C" not null,
        period text collate "C" not null,
        component text not null,
        plan text collate "C" not null,
        version integer not null,
        deal_id text collate "C" not null,
        currency text collate "C" not null,
        amount bigint not null,
        held bigint not null,
        forfeited bigint not null,
        primary key (participant_id, currency, period, component, plan, version, deal_id)
    )""",
)

# Runs of an earlier version: what was exported was paid; what was only approved is still payable, and the next run pays it.
CONVERT = (
    """insert into run (id, kind, pay_group, pay_period, month, starts, ends, pay_date, closes, author, created_at, state, lines_sha256)
        select id, 'regular', 'default', period, period, to_date(period || '-01', 'YYYY-MM-DD'),
            (to_date(period || '-01', 'YYYY-MM-DD') + interval '1 month - 1 day')::date,
            (to_date(period || '-01', 'YYYY-MM-DD') + interval '1 month - 1 day')::date,
            period, author, calculated_at, case state when 'exported' then 'paid' else 'cancelled' end, lines_sha256
        from run_before order by calculated_at""",
    """insert into run_event (run, verb, actor, at, note, lines_sha256)
        select id, case state when 'exported' then 'pay' else 'cancel' end, coalesce(exported_by, author),
            coalesce(exported_at, calculated_at), 'by an earlier version', lines_sha256 from run_before""",
    """insert into run_pay (run, participant_id, currency, paid, carried, entries, pay)
        select l.run, l.participant_id, l.currency, greatest(l.amount, 0), least(l.amount, 0),
            coalesce((select entries from book b where b.participant_id = l.participant_id), 0), '{}'
        from run_line_before l join run_before r on r.id = l.run where r.state = 'exported'""",
)

GUARD_RUN = """
    create function guard_run() returns trigger language plpgsql as $$
    begin
        if tg_op = 'INSERT' then
            if (new.state, new.submission, new.lines_sha256, new.steps) is distinct from ('draft', 0, '', '{}'::text[]) then
                raise exception 'a run begins as a draft' using errcode = 'check_violation';
            end if;
        elsif pg_trigger_depth() < 2 then
            raise exception 'a run changes by its events only' using errcode = 'check_violation';
        end if;
        return new;
    end $$"""

# Runs with the rights of the tables' owner: the service itself may not change a run.
CHECK_EVENT = """
    create function check_event() returns trigger language plpgsql security definer set search_path from current as $$
    declare r run%rowtype;
    begin
        select * into r from run where id = new.run for no key update;
        if not exists (select from (values
                ('calculate', 'draft', 'calculated'), ('calculate', 'calculated', 'calculated'),
                ('submit', 'calculated', 'submitted'), ('return', 'submitted', 'calculated'),
                ('approve', 'submitted', 'approved'), ('export', 'approved', 'exported'),
                ('acknowledge', 'exported', 'acknowledged'), ('pay', 'acknowledged', 'paid'),
                ('cancel', 'draft', 'cancelled'), ('cancel', 'calculated', 'cancelled')) as moves (verb, state, leads_to)
            where verb = new.verb and state = r.state) then
            raise exception 'a run that is % is not to %', r.state, new.verb using errcode = 'check_violation';
        end if;
        if new.verb = 'calculate' then
            update run set state = 'calculated', lines_sha256 = new.lines_sha256, inputs_sha256 = new.inputs_sha256,
                steps = new.steps where id = r.id;
        elsif new.verb = 'submit' then
            update run set state = 'submitted', submission = submission + 1 where id = r.id;
        elsif new.verb = 'approve' then
            if cardinality(r.steps) = 0 or cardinality(r.steps) <> (
                select count(*) from approval where run = r.id and submission = r.submission) then
                raise exception 'steps of the approval are missing' using errcode = 'check_violation';
            end if;
            if r.closes is not null then
                insert into closing (pay_group, period, run, at) values (r.pay_group, r.closes, r.id, new.at);
            end if;
            update run set state = 'approved' where id = r.id;
        else
            update run set state = case new.verb when 'return' then 'calculated' when 'export' then 'exported'
                when 'acknowledge' then 'acknowledged' when 'pay' then 'paid' else 'cancelled' end where id = r.id;
        end if;
        return new;
    end $$"""

CHECK_APPROVAL = """
    create function check_approval() returns trigger language plpgsql security definer set search_path from current as $$
    declare r run%rowtype;
    begin
        select * into r from run where id = new.run for no key update;
        if r.state <> 'submitted' or new.submission <> r.submission or new.lines_sha256 <> r.lines_sha256
            or new.step <> (select count(*) from approval where run = r.id and submission = r.submission)
            or new.step >= cardinality(r.steps) or new.role <> r.steps[new.step + 1] then
            raise exception 'the approval is not the next step of what was submitted' using errcode = 'check_violation';
        end if;
        if new.approver = r.author or exists (select from run_event where run = r.id and actor = new.approver
                and verb in ('calculate', 'submit')) then
            raise exception 'two people for money: whoever made a run does not approve it' using errcode = 'check_violation';
        end if;
        if exists (select from run_touch where run = r.id and who = new.approver)
            or exists (
                select from journal j join run_pay p on p.run = r.id and p.participant_id = j.participant_id
                where j.kind = 'adjustment' and j.actor = new.approver and j.period <= r.month and not exists (
                    select from run_pay q join run d on d.id = q.run
                    where q.participant_id = j.participant_id and q.entries >= j.entry and d.month >= j.period
                      and d.state in ('approved', 'exported', 'acknowledged', 'paid'))) then
            raise exception 'two people for money: whoever changed what a run pays on does not approve it'
                using errcode = 'check_violation';
        end if;
        return new;
    end $$"""

CHECK_ROWS = """
    create function check_run_rows() returns trigger language plpgsql security definer set search_path from current as $$
    begin
        perform from run where id in (select distinct run from changed) for share;
        if exists (select from run where id in (select distinct run from changed) and state not in ('draft', 'calculated')) then
            raise exception 'what a run pays is frozen when it is submitted' using errcode = 'check_violation';
        end if;
        return null;
    end $$"""
