"""The whole ledger: all accounts and kinds, whom a journal costs, the hash chain, months closed per pay group, people, the role."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alembic import op
from sqlalchemy import text

from services.payout.ledger.chain import Head, sha256
from services.payout.ledger.journal import Journal, Part, Posting
from services.payout.migrations.access import create_role, grant_all, grant_append_only

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    for statement in (*JOURNAL, *POSTING, BOOK, PERSON, CLOSING, *SOFT_CLOSING, *HELD_EARNING):
        op.execute(statement)
    _chain()
    for statement in CHAINED:
        op.execute(statement)
    op.execute(BACKFILL_CLOSING)
    for function in (CHECK_POSTINGS, CHECK_CLOSING, CHECK_RUN):
        op.execute(function)
    for table in ("closing", "soft_closing", "soft_opening"):
        op.execute(f"""
            create trigger append_only before update or delete or truncate on {table}
            for each statement execute function append_only()""")
    for table in ("closing", "soft_closing"):
        op.execute(f"create trigger forward before insert on {table} for each row execute function check_closing()")
    create_role(op)
    for table in ("journal", "posting", "payroll_file", "closing", "soft_closing", "soft_opening"):
        grant_append_only(op, table)
    for table in ("book", "person", "held_earning", "run", "run_line", "position", "dead_letter"):
        grant_all(op, table)


def _chain() -> None:
    """Chain the journals there are, as those to come will be."""
    connection = op.get_bind()
    op.execute("alter table journal disable trigger append_only")
    heads: dict[str, Head] = {}
    links = []
    for row in connection.execute(text(BOOKED)).all():
        postings = tuple(
            Posting(account, currency, amount, None if component is None else Part(component, plan, version, currency))
            for account, currency, amount, component, plan, version in row.postings
        )
        head = heads.get(row.participant_id, Head())
        journal = Journal(
            row.id, row.kind, row.participant_id, row.period, row.origin_period, row.cause, row.actor, postings
        )
        digest = sha256(journal, head.entries + 1, head.sha256, row.recorded_at)
        links.append((row.id, head.entries + 1, head.sha256, digest))
        heads[row.participant_id] = Head(head.entries + 1, digest)
    for start in range(0, len(links), 10_000):
        connection.execute(text(LINK), _lanes(links[start : start + 10_000]))
    if heads:
        connection.execute(text(HEADS), _lanes([(participant, *head) for participant, head in heads.items()]))
    op.execute("alter table journal enable trigger append_only")


def _lanes(rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {f"c{number}": list(lane) for number, lane in enumerate(zip(*rows, strict=True))}


JOURNAL = (
    "alter table journal drop constraint journal_kind_check",
    """alter table journal
        add constraint journal_kind_check check (kind in ('earning', 'hold', 'draw', 'recovery', 'guarantee', 'forgiveness',
            'clawback', 'adjustment', 'payment', 'return', 'transfer')),
        add column pay_group text collate "C" not null default 'default' check (pay_group <> ''),
        add column entity text collate "C" not null default '',
        add column cost_center text collate "C" not null default '',
        add column entry integer check (entry > 0),
        add column previous_sha256 text check (previous_sha256 ~ '^([0-9a-f]{64})?$'),
        add column sha256 text check (sha256 ~ '^[0-9a-f]{64}$'),
        add constraint journal_begins_with_nothing check ((entry = 1) = (previous_sha256 = ''))""",
    "drop index journal_by_period",
    "create index journal_by_period on journal (period, pay_group)",
)
CHAINED = (
    """alter table journal
        alter column entry set not null, alter column previous_sha256 set not null, alter column sha256 set not null,
        alter column pay_group drop default, alter column entity drop default, alter column cost_center drop default""",
    "drop index journal_by_participant",
    "create unique index journal_by_participant on journal (participant_id, entry)",
)
POSTING = (
    "alter table posting drop constraint posting_account_check, drop constraint posting_check",
    """alter table posting
        add column deal text collate "C",
        add constraint posting_account_check check (account in ('earned', 'adjusted', 'guaranteed', 'held', 'payable', 'draw',
            'clawback', 'paid')),
        add constraint posting_names_its_part check (
            (account in ('earned', 'held')) = (component is not null and plan is not null and version is not null)),
        add constraint posting_names_its_deal check (deal is null or account = 'held')""",
)
BOOK = """
    create table book (
        participant_id text collate "C" primary key,
        entries integer not null,
        head_sha256 text not null
    ) with (fillfactor = 70)"""
PERSON = """
    create table person (
        participant_id text collate "C" primary key,
        facts text not null
    )"""
CLOSING = """
    create table closing (
        pay_group text collate "C" not null,
        period text collate "C" not null,
        run text collate "C" not null,
        at timestamptz not null,
        primary key (pay_group, period)
    )"""
SOFT_CLOSING = (
    """create table soft_closing (
        number bigint primary key generated always as identity,
        pay_group text collate "C" not null,
        period text collate "C" not null,
        run text collate "C",
        actor text not null check (actor <> ''),
        at timestamptz not null
    )""",
    "create index soft_closing_of_group on soft_closing (pay_group)",
    """create table soft_opening (
        closing bigint primary key references soft_closing (number),
        actor text not null check (actor <> ''),
        at timestamptz not null
    )""",
)
HELD_EARNING = (
    "alter table held_earning add column journal uuid",
    """update held_earning h set journal = (
        select id from journal j
        where j.participant_id = h.participant_id and j.origin_period = h.period and j.kind = 'earning'
        order by number desc limit 1)""",
)
BACKFILL_CLOSING = """
    insert into closing (pay_group, period, run, at)
    select 'default', period, id, approved_at from run where state in ('approved', 'exported')"""

BOOKED = """
    select id, kind, participant_id, period, origin_period, cause, actor, recorded_at, (
        select coalesce(jsonb_agg(jsonb_build_array(account, currency, amount, component, plan, version) order by line), '[]')
        from posting where journal = journal.id) as postings
    from journal order by participant_id, number"""
LINK = """
    update journal set entry = n.entry, previous_sha256 = n.previous, sha256 = n.sha256
    from unnest(cast(:c0 as uuid[]), cast(:c1 as integer[]), cast(:c2 as text[]), cast(:c3 as text[]))
        as n (id, entry, previous, sha256)
    where journal.id = n.id"""
HEADS = """
    insert into book (participant_id, entries, head_sha256)
    select * from unnest(cast(:c0 as text[]), cast(:c1 as integer[]), cast(:c2 as text[]))"""

# Postings of a journal come with its line 0, which cannot come twice: so a journal is booked whole, and never added to.
# A pay group's books have a lock of their own: who books holds it together with others, who closes holds it alone. So no month
# closes between this look and the commit, and the closing of one group does not keep another waiting.
CHECK_POSTINGS = """
    create or replace function check_postings() returns trigger language plpgsql
        set search_path from current set enable_seqscan = off as $$
    begin
        if exists (select from inserted group by journal, currency having sum(amount) <> 0) then
            raise exception 'a journal sums to zero in every currency' using errcode = 'check_violation';
        end if;
        perform pg_advisory_xact_lock_shared(hashtextextended('earnest.books/' || pay_group, 0)) from (
            select distinct pay_group from (select distinct journal from inserted) i join journal j on j.id = i.journal
            order by 1
        ) concerned;
        if exists (
            select from (select distinct journal, participant_id from inserted) i join journal j on j.id = i.journal
            where j.participant_id <> i.participant_id
               or j.period <= (select max(period) from closing c where c.pay_group = j.pay_group)
        ) then
            raise exception 'postings belong to the participant of their journal, and to an open period'
                using errcode = 'check_violation';
        end if;
        if exists (select from inserted group by journal having min(line) <> 0) then
            raise exception 'a journal is booked whole: nothing is added to it' using errcode = 'check_violation';
        end if;
        return null;
    end $$"""

CHECK_CLOSING = """
    create function check_closing() returns trigger language plpgsql set search_path from current as $$
    begin
        perform pg_advisory_xact_lock(hashtextextended('earnest.books/' || new.pay_group, 0));
        if exists (select from closing where pay_group = new.pay_group and period >= new.period) then
            raise exception 'the period is closed' using errcode = 'check_violation';
        end if;
        return new;
    end $$"""

# A run is over all pay groups: its approval closes the month of each.
CHECK_RUN = """
    create or replace function check_run() returns trigger language plpgsql set search_path from current as $$
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
            if new.approver <> new.author and new.approved_at is not null then
                insert into closing (pay_group, period, run, at)
                select pay_group, new.period, new.id, new.approved_at
                from (select 'default' as pay_group union select distinct pay_group from journal order by 1) groups;
            end if;
        end if;
        if new.state = 'exported' and not exists (select from payroll_file where run = new.id) then
            raise exception 'an exported run has a payroll file' using errcode = 'check_violation';
        end if;
        return new;
    end $$"""
