-- The tables of payout. Amounts are in minor units. Ids and months compare byte by byte (collate "C"), whatever the
-- locale of the database. `number`, an identity, lets a foreign key point at a row that nobody may change: see
-- access.py.

-- The ledger. Debits are positive; every journal sums to zero in every currency.

-- Kinds of journals. The service adds those it knows when it migrates, so that a new step of pay needs no migration of
-- its own.
create table journal_kind (
    kind text primary key
);

create table journal (
    id uuid primary key,
    number bigint not null generated always as identity,
    kind text not null,
    participant_id text collate "C" not null,
    period text collate "C" not null,
    origin_period text collate "C" not null,
    cause jsonb not null,
    actor text not null,
    recorded_at timestamptz not null,
    pay_group text collate "C" not null check (pay_group <> ''),
    entity text collate "C" not null,
    cost_center text collate "C" not null,
    entry integer not null check (entry > 0),
    previous_sha256 text not null check (previous_sha256 ~ '^([0-9a-f]{64})?$'),
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    constraint journal_begins_with_nothing check ((entry = 1) = (previous_sha256 = '')),
    check (origin_period <= period)
);
create index journal_by_period on journal (period, pay_group);
create index journal_of_run on journal ((cause ->> 'run')) where cause ? 'run';
create unique index journal_by_participant on journal (participant_id, entry);

create table posting (
    journal uuid not null references journal (id),
    line smallint not null,
    account text not null check (account in (
        'earned', 'adjusted', 'guaranteed', 'held', 'payable', 'draw', 'clawback', 'paid', 'intercompany')),
    participant_id text collate "C" not null,
    currency text collate "C" not null,
    amount bigint not null check (amount <> 0),
    component text,
    plan text collate "C",
    version integer,
    deal text collate "C",
    primary key (journal, line),
    constraint posting_names_its_deal check (deal is null or account = 'held'),
    constraint posting_names_its_part check (
        (account in ('earned', 'held')) = (component is not null and plan is not null and version is not null))
);
create index posting_balance on posting (participant_id, currency, account) include (amount);

-- The end of each participant's chain. Free space in the page keeps the update of a head from touching the index.
create table book (
    participant_id text collate "C" primary key,
    entries integer not null,
    head_sha256 text not null
) with (fillfactor = 70);

-- What the stream goes on from: remembered so that an event needs no sum over the journals. `verify` makes the sums.
create table booked_earning (
    participant_id text collate "C" not null,
    period text collate "C" not null,
    revision bigint not null, -- of the event that is booked; an older one changes nothing
    earned text not null,
    journal uuid,
    primary key (participant_id, period)
) with (fillfactor = 80);

-- What the roster says of people.
create table person (
    participant_id text collate "C" primary key,
    facts text not null
);

-- Months that are closed: for good, or softly, for the stream only.
create table closing (
    pay_group text collate "C" not null,
    period text collate "C" not null,
    run text collate "C" not null,
    at timestamptz not null,
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    primary key (pay_group, period)
);

create table soft_closing (
    number bigint generated always as identity primary key,
    pay_group text collate "C" not null,
    period text collate "C" not null,
    run text collate "C",
    actor text not null check (actor <> ''),
    at timestamptz not null
);
create index soft_closing_of_group on soft_closing (pay_group);

create table soft_opening (
    closing bigint primary key references soft_closing (number),
    actor text not null check (actor <> ''),
    at timestamptz not null
);

-- Settings.
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
    check (body ->> 'kind' = kind and body ->> 'id' = id and body ->> 'valid_from' = to_char(valid_from, 'YYYY-MM-DD'))
);

-- Runs.
create table run (
    id text collate "C" primary key,
    number bigint not null generated always as identity unique,
    kind text not null check (kind in ('regular', 'off_cycle')),
    pay_group text collate "C" not null,
    pay_period text collate "C" not null,
    month text collate "C" not null,
    starts date not null,
    ends date not null,
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
    check (ends >= starts),
    check (closes is null or (kind = 'regular' and participants is null)),
    check (kind = 'regular' or participants is not null)
);
create unique index run_active_whole on run (pay_group, pay_period)
    where kind = 'regular' and participants is null and state <> 'cancelled';

create table run_event (
    run text collate "C" not null references run (id),
    number bigint generated always as identity primary key,
    verb text not null,
    actor text not null check (actor <> ''),
    at timestamptz not null,
    note text not null default '',
    lines_sha256 text not null default '',
    inputs_sha256 text not null default '',
    steps text[] not null default '{}'
);
create index run_event_of_run on run_event (run, number);

create table approval (
    run text collate "C" not null references run (id),
    submission integer not null,
    step integer not null,
    role text not null,
    approver text not null check (approver <> ''),
    at timestamptz not null,
    lines_sha256 text not null,
    primary key (run, submission, step),
    unique (run, submission, approver)
);

create table run_pay (
    run text collate "C" not null references run (id),
    participant_id text collate "C" not null,
    currency text collate "C" not null,
    paid bigint not null check (paid >= 0),
    carried bigint not null,
    entries integer not null,
    pay text not null,
    primary key (run, participant_id, currency)
);
create index run_pay_of_participant on run_pay (participant_id, currency);

create table run_payee (
    run text collate "C" not null references run (id),
    participant_id text collate "C" not null,
    payroll_id text collate "C",
    first_name text,
    last_name text,
    name text,
    entity text collate "C" not null,
    cost_center text collate "C" not null,
    pay_group text collate "C" not null,
    payroll_profile text collate "C" not null,
    primary key (run, participant_id)
);
create index run_payee_of_participant on run_payee (participant_id);

create table run_slip (
    run text collate "C" not null references run (id),
    participant_id text collate "C" not null,
    name text not null,
    manager text collate "C",
    facts bytea not null,
    sha256 text not null,
    primary key (run, participant_id)
);
alter table run_slip alter column facts set storage external; -- compressed already
create index run_slip_of_participant on run_slip (participant_id);

create table run_lines (
    run text collate "C" primary key references run (id),
    content bytea not null,
    sha256 text not null
);
alter table run_lines alter column content set storage external;

create table run_touch (
    run text collate "C" not null references run (id),
    who text not null,
    what text not null,
    primary key (run, who, what)
);

create table run_finding (
    run text collate "C" not null references run (id),
    kind text not null,
    participant_id text collate "C" not null,
    why text not null
);
create index run_finding_of_run on run_finding (run);

create table run_reconciliation (
    run text collate "C" not null references run (id),
    number bigint generated always as identity primary key,
    kind text not null check (kind in ('source_to_credits', 'ledger_to_payroll', 'ledger_to_gl')),
    currency text collate "C" not null,
    one bigint not null,
    other bigint not null,
    tolerance bigint not null check (tolerance >= 0),
    preparer text not null check (preparer <> ''),
    at timestamptz not null
);

-- What runs remember of the lines that wait for something.
create table held_line (
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
);

-- What people decide about pay.
create table hold (
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
);

create table hold_release (
    hold text collate "C" primary key references hold (id),
    released_on date not null,
    reason text not null check (reason <> ''),
    actor text not null check (actor <> ''),
    at timestamptz not null
);

create table adjustment (
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
);
create index adjustment_of_participant on adjustment (participant_id);

create table clawback_dismissal (
    participant_id text collate "C" not null,
    deal_id text collate "C" not null,
    number bigint not null generated always as identity unique,
    reason text not null check (reason <> ''),
    actor text not null check (actor <> ''),
    at timestamptz not null,
    primary key (participant_id, deal_id)
);

-- Files for payroll, and what payroll answers.
create table payroll_batch (
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
);
create index payroll_batch_of_group on payroll_batch (pay_group, entity, number);
create index payroll_batch_of_run on payroll_batch (run);

create table payroll_batch_file (
    batch text collate "C" not null references payroll_batch (id),
    place smallint not null,
    name text not null,
    media_type text not null,
    content bytea not null,
    sha256 text not null,
    primary key (batch, place),
    check (sha256 = encode(sha256(content), 'hex'))
);

create table batch_line (
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
);

create table batch_pull (
    batch text collate "C" not null references payroll_batch (id),
    pulled_by text not null,
    pulled_at timestamptz not null,
    primary key (batch, pulled_by)
);

create table batch_acknowledgement (
    batch text collate "C" primary key references payroll_batch (id),
    status text not null check (status in ('accepted', 'rejected', 'partial')),
    idempotency_key text not null unique,
    body jsonb not null,
    acknowledged_by text not null check (acknowledged_by <> ''),
    acknowledged_at timestamptz not null
);

create table batch_rejection (
    batch text collate "C" not null,
    line text collate "C" not null,
    code text not null,
    message text not null,
    rejected_by text not null check (rejected_by <> ''),
    rejected_at timestamptz not null,
    number bigint not null generated always as identity,
    primary key (batch, line),
    foreign key (batch, line) references batch_line (batch, line)
);
create index batch_rejection_of_line on batch_rejection (line);

create table batch_resolution (
    batch text collate "C" not null,
    line text collate "C" not null,
    reason text not null check (btrim(reason) <> ''),
    resolved_by text not null check (resolved_by <> ''),
    resolved_at timestamptz not null,
    primary key (batch, line),
    foreign key (batch, line) references batch_rejection (batch, line)
);

create table batch_reconciliation (
    batch text collate "C" not null references payroll_batch (id),
    number integer not null,
    source text not null,
    result jsonb not null,
    reconciled_by text not null check (reconciled_by <> ''),
    reconciled_at timestamptz not null,
    primary key (batch, number)
);

-- Files on their way.
create table delivery (
    batch text collate "C" not null,
    destination text collate "C" not null,
    requested_by text not null check (requested_by <> ''),
    requested_at timestamptz not null,
    attempts integer not null default 0,
    error text,
    next_attempt_at timestamptz not null,
    delivered_at timestamptz,
    primary key (batch, destination)
);
create index delivery_open on delivery (next_attempt_at) where delivered_at is null;

create table delivery_file (
    batch text collate "C" not null,
    destination text collate "C" not null,
    place smallint not null,
    name text not null,
    content bytea not null,
    sent_name text,
    sent_content bytea,
    primary key (batch, destination, place),
    foreign key (batch, destination) references delivery (batch, destination),
    check ((sent_name is null) = (sent_content is null))
);

-- Files for the general ledger. A batch names the hash of the one before it, and no two name the same: the chain does
-- not fork.
create table gl_batch (
    id text collate "C" primary key,
    number bigint not null generated always as identity unique,
    period text collate "C" not null,
    entity text collate "C" not null,
    format text not null,
    entries bytea not null,
    manifest bytea not null,
    sha256 text not null unique,
    previous_sha256 text unique nulls not distinct references gl_batch (sha256),
    made_by text not null check (made_by <> ''),
    made_at timestamptz not null,
    check (sha256 = encode(sha256(manifest), 'hex'))
);

create table gl_file (
    batch text collate "C" not null references gl_batch (id),
    part smallint not null check (part > 0),
    name text not null,
    content bytea not null,
    sha256 text not null,
    primary key (batch, part),
    check (sha256 = encode(sha256(content), 'hex'))
);

-- The subledger of contract costs.
create table contract_cost_line (
    number bigint not null generated always as identity unique,
    id text collate "C" primary key,
    contract_id text collate "C" not null,
    recognised_on date not null,
    body jsonb not null,
    actor text not null check (actor <> ''),
    reason text not null check (reason <> ''),
    recorded_at timestamptz not null
);

create table contract_cost_event (
    number bigint not null generated always as identity unique,
    id text collate "C" primary key,
    contract_id text collate "C" not null,
    happened_on date not null,
    body jsonb not null,
    actor text not null check (actor <> ''),
    reason text not null check (reason <> ''),
    recorded_at timestamptz not null
);

create table contract_cost_batch (
    number bigint not null generated always as identity unique,
    id text collate "C" primary key,
    period text collate "C" not null check (period ~ '^[0-9]{4}-[0-9]{2}$'),
    entries integer not null,
    balances jsonb not null,
    actor text not null check (actor <> ''),
    recorded_at timestamptz not null,
    unique (id, period)
);

create table contract_cost_entry (
    number bigint generated always as identity primary key,
    batch text collate "C" not null,
    period text collate "C" not null,
    origin_period text collate "C" not null,
    line_id text collate "C" not null,
    kind text not null check (kind in (
        'capitalisation', 'amortisation', 'impairment', 'reversal', 'clawback', 'expense')),
    claim boolean not null,
    contract_id text collate "C" not null,
    entity text collate "C" not null,
    currency text collate "C" not null,
    component text collate "C" not null,
    amount bigint not null,
    on_cost bigint not null,
    unique (batch, line_id, kind, claim, origin_period, contract_id, entity, currency, component),
    foreign key (batch, period) references contract_cost_batch (id, period),
    check (origin_period <= period)
);
create index contract_cost_entry_by_contract on contract_cost_entry (contract_id);
create index contract_cost_entry_by_period on contract_cost_entry (period);

-- Statements as they were first asked for.
create table statement_file (
    run text collate "C" not null,
    participant_id text collate "C" not null,
    document text not null check (document in ('statement', 'team')),
    form text not null check (form in ('html', 'pdf')),
    facts_sha256 text not null,
    sha256 text not null,
    content bytea not null,
    primary key (run, participant_id, document, form)
);
alter table statement_file alter column content set storage external;
