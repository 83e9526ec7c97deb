"""Payroll batches: released once and never changed; a line is in one released batch, unless payroll returned it."""

from alembic import op

from services.payout.migrations.access import grant_append_only

revision = "0008"
down_revision = "0007"

TABLES = (
    """create table payroll_batch (
        id text collate "C" primary key,
        number bigint not null unique check (number > 0),
        run text collate "C" not null,
        pay_group text collate "C" not null,
        entity text collate "C",
        period text collate "C" not null,
        pay_date date not null,
        acknowledge_by date,
        format text not null,
        sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
        manifest bytea not null,
        record_count integer not null check (record_count >= 0),
        control_totals jsonb not null,
        corrects text collate "C" references payroll_batch (id),
        released_by text not null check (released_by <> ''),
        released_at timestamptz not null
    )""",
    "create index payroll_batch_of_group on payroll_batch (pay_group, entity, number)",
    "create index payroll_batch_of_run on payroll_batch (run)",
    """create table payroll_batch_file (
        batch text collate "C" not null references payroll_batch (id),
        place smallint not null,
        name text not null,
        media_type text not null,
        content bytea not null,
        sha256 text not null,
        primary key (batch, place),
        check (sha256 = encode(sha256(content), 'hex'))
    )""",
    """create table batch_line (
        batch text collate "C" not null references payroll_batch (id),
        line text collate "C" not null,
        attempt integer not null,
        "row" integer not null check ("row" > 0),
        participant_id text collate "C" not null,
        person text collate "C" not null,
        pay_code text collate "C" not null,
        target_code text collate "C" not null,
        currency text collate "C" not null,
        amount bigint not null,
        number bigint not null generated always as identity,
        primary key (batch, line),
        constraint batch_line_once unique (line, attempt)
    )""",
    """create table batch_rejection (
        batch text collate "C" not null,
        line text collate "C" not null,
        code text not null,
        message text not null,
        rejected_by text not null check (rejected_by <> ''),
        rejected_at timestamptz not null,
        number bigint not null generated always as identity,
        primary key (batch, line),
        foreign key (batch, line) references batch_line (batch, line)
    )""",
    "create index batch_rejection_of_line on batch_rejection (line)",
    """create table batch_resolution (
        batch text collate "C" not null,
        line text collate "C" not null,
        reason text not null check (btrim(reason) <> ''),
        resolved_by text not null check (resolved_by <> ''),
        resolved_at timestamptz not null,
        primary key (batch, line),
        foreign key (batch, line) references batch_rejection (batch, line)
    )""",
    """create table batch_pull (
        batch text collate "C" not null references payroll_batch (id),
        pulled_by text not null,
        pulled_at timestamptz not null,
        primary key (batch, pulled_by)
    )""",
    """create table batch_acknowledgement (
        batch text collate "C" primary key references payroll_batch (id),
        status text not null check (status in ('accepted', 'rejected', 'partial')),
        idempotency_key text not null unique,
        body jsonb not null,
        acknowledged_by text not null check (acknowledged_by <> ''),
        acknowledged_at timestamptz not null
    )""",
    """create table batch_reconciliation (
        batch text collate "C" not null references payroll_batch (id),
        number integer not null,
        source text not null,
        result jsonb not null,
        reconciled_by text not null check (reconciled_by <> ''),
        reconciled_at timestamptz not null,
        primary key (batch, number)
    )""",
)

# The attempt of a line counts how often payroll returned it, so that the unique pair (line, attempt) lets a line into one
# batch, and into one more after each return, also when two transactions release it at once.
ONCE = """
    create function check_batch_line() returns trigger language plpgsql set search_path from current as $$
    begin
        if new.attempt <> (select count(*) + 1 from batch_rejection where line = new.line) then
            raise exception 'line % is in a released batch already', new.line using errcode = 'unique_violation';
        end if;
        return new;
    end $$"""


def upgrade() -> None:
    for statement in (*TABLES, ONCE):
        op.execute(statement)
    op.execute("create trigger once before insert on batch_line for each row execute function check_batch_line()")
    for table in (
        "payroll_batch",
        "payroll_batch_file",
        "batch_line",
        "batch_rejection",
        "batch_resolution",
        "batch_pull",
        "batch_acknowledgement",
        "batch_reconciliation",
    ):
        op.execute(f"""
            create trigger append_only before update or delete or truncate on {table}
            for each statement execute function append_only()""")
        grant_append_only(op, table)
