"""The subledger of contract costs: events of contracts, months booked, entries. Nothing in it changes; months go forward."""

from alembic import op

from services.payout.migrations.access import grant_append_only

revision = "0009"
down_revision = "0008"

TABLES = ("contract_cost_event", "contract_cost_batch", "contract_cost_entry")


def upgrade() -> None:
    for statement in (EVENT, BATCH, *ENTRY, FORWARD):
        op.execute(statement)
    for table in TABLES:
        op.execute(f"""
            create trigger append_only before update or delete or truncate on {table}
            for each statement execute function append_only()""")
        grant_append_only(op, table)
    op.execute("""
        create trigger forward before insert on contract_cost_batch
        for each row execute function check_contract_cost_batch()""")


EVENT = """
    create table contract_cost_event (
        number bigint generated always as identity unique,
        id text collate "C" primary key,
        contract_id text collate "C" not null,
        happened_on date not null,
        body jsonb not null,
        actor text not null check (actor <> ''),
        reason text not null check (reason <> ''),
        recorded_at timestamptz not null
    )"""
BATCH = """
    create table contract_cost_batch (
        number bigint generated always as identity unique,
        id text collate "C" primary key,
        period text collate "C" not null check (period ~ '^[0-9]{4}-[0-9]{2}$'),
        entries integer not null,
        balances jsonb not null,
        actor text not null check (actor <> ''),
        recorded_at timestamptz not null,
        unique (id, period)
    )"""
ENTRY = (
    """create table contract_cost_entry (
        number bigint primary key generated always as identity,
        batch text collate "C" not null,
        period text collate "C" not null,
        origin_period text collate "C" not null check (origin_period <= period),
        line_id text collate "C" not null,
        kind text not null check (kind in ('capitalisation', 'amortisation', 'impairment', 'reversal', 'clawback', 'expense')),
        claim boolean not null,
        contract_id text collate "C" not null,
        entity text collate "C" not null,
        currency text collate "C" not null,
        component text collate "C" not null,
        amount bigint not null,
        on_cost bigint not null,
        foreign key (batch, period) references contract_cost_batch (id, period),
        unique (batch, line_id, kind, claim, origin_period, contract_id, entity, currency, component)
    )""",
    "create index contract_cost_entry_by_period on contract_cost_entry (period)",
    "create index contract_cost_entry_by_contract on contract_cost_entry (contract_id)",
)
FORWARD = """
    create function check_contract_cost_batch() returns trigger language plpgsql set search_path from current as $$
    begin
        perform pg_advisory_xact_lock(hashtextextended('earnest.contract_costs', 0));
        if exists (select from contract_cost_batch where period > new.period) then
            raise exception 'contract costs of % are passed', new.period using errcode = 'integrity_constraint_violation';
        end if;
        return new;
    end $$"""
