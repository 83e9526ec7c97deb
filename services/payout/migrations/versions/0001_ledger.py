"""Ledger, runs, payroll files; worker tables."""

from alembic import op

from shared.log.tables import create_worker_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    for statement in (JOURNAL, POSTING, HELD_EARNING, RUN, RUN_LINE, PAYROLL_FILE):
        op.execute(statement)
    op.execute("create index journal_by_period on journal (period)")
    op.execute("create index journal_by_participant on journal (participant_id, number)")
    op.execute("create index posting_balance on posting (participant_id, currency, account) include (amount)")
    op.execute("create unique index run_active on run (period) where state <> 'cancelled'")
    create_worker_tables()


JOURNAL = """
    create table journal (
        id uuid primary key,
        number bigint not null generated always as identity,
        kind text not null check (kind in ('earning', 'payment')),
        participant_id text collate "C" not null,
        period text collate "C" not null,
        origin_period text collate "C" not null check (origin_period <= period),
        cause jsonb not null,
        actor text not null,
        recorded_at timestamptz not null
    )"""
POSTING = """
    create table posting (
        journal uuid not null references journal (id),
        line smallint not null,
        account text not null check (account in ('earned', 'payable', 'paid')),
        participant_id text collate "C" not null,
        currency text collate "C" not null,
        amount bigint not null check (amount <> 0),
        component text,
        plan text collate "C",
        version integer,
        primary key (journal, line),
        check ((account = 'earned') = (component is not null and plan is not null and version is not null))
    )"""
HELD_EARNING = """
    create table held_earning (
        participant_id text collate "C" not null,
        period text collate "C" not null,
        revision bigint not null,
        earned text not null,
        primary key (participant_id, period)
    ) with (fillfactor = 80)"""
RUN = """
    create table run (
        id text collate "C" primary key,
        period text collate "C" not null,
        state text not null check (state in ('draft', 'approved', 'exported', 'cancelled')),
        author text not null check (author <> ''),
        calculated_at timestamptz not null,
        lines_sha256 text not null,
        approver text check (approver <> ''),
        approved_at timestamptz,
        exported_by text,
        exported_at timestamptz,
        cancelled_at timestamptz,
        constraint two_people check (approver <> author),
        constraint approved_by_somebody check ((state in ('approved', 'exported')) = (approver is not null and approved_at is not null)),
        constraint exported_by_somebody check ((state = 'exported') = (exported_by is not null and exported_at is not null)),
        constraint cancelled_at_some_time check ((state = 'cancelled') = (cancelled_at is not null))
    )"""
RUN_LINE = """
    create table run_line (
        run text collate "C" not null references run (id),
        participant_id text collate "C" not null,
        currency text collate "C" not null,
        amount bigint not null check (amount <> 0),
        primary key (run, participant_id, currency)
    )"""
PAYROLL_FILE = """
    create table payroll_file (
        run text collate "C" primary key references run (id),
        number bigint not null generated always as identity unique,
        name text not null,
        content bytea not null,
        sha256 text not null,
        manifest bytea not null
    )"""
