-- The tables of access. Ids compare byte by byte (collate "C"). Days are UTC days.

-- Roles as shared/access/roles.py has them: row policies can only ask the database. A test compares the two.
create table role (
    name text collate "C" primary key,
    view text not null check (view in ('none', 'own', 'reports', 'all')),
    scopes text[] not null
);

-- Whoever asks: people, and systems of the company such as its CRM, for each of which people answer.
create table person (
    id text collate "C" primary key check (id ~ '^[[:alnum:]]([[:alnum:]._@+-]{0,98}[[:alnum:]])?$' and id = lower(id)),
    kind text not null check (kind in ('person', 'system')),
    name text not null check (btrim(name) <> ''),
    email text,
    participant_id text collate "C" unique,
    active boolean not null,
    made_at timestamptz not null,
    check (kind = 'person' or participant_id is null)
);

create table system_owner (
    system text collate "C" not null references person (id),
    owner text collate "C" not null references person (id),
    primary key (system, owner),
    check (system <> owner)
);

-- A role that somebody has, from a day to a day. Proposed by one person and decided by another; by none where the
-- installation began with it.
create table role_grant (
    id uuid primary key,
    person text collate "C" not null references person (id),
    role text collate "C" not null references role (name),
    pay_groups text[] check (cardinality(pay_groups) > 0),
    entities text[] check (cardinality(entities) > 0),
    approves_as text[] not null default '{}',
    valid_from date not null,
    valid_until date check (valid_until >= valid_from),
    reason text not null check (btrim(reason) <> ''),
    proposed_by text collate "C",
    decided_by text collate "C",
    made_at timestamptz not null,
    check (proposed_by <> decided_by),
    check ((proposed_by is null) = (decided_by is null))
);
create index role_grant_of_person on role_grant (person);

create table role_grant_end (
    role_grant uuid primary key references role_grant (id),
    actor text not null check (actor <> ''),
    reason text not null check (btrim(reason) <> ''),
    at timestamptz not null
);

-- Two duties that conflict and that somebody holds together all the same, for a time.
create table duty_exception (
    id uuid primary key,
    person text collate "C" not null references person (id),
    one text not null,
    other text not null check (one < other),
    valid_from date not null,
    valid_until date not null check (valid_until >= valid_from),
    reason text not null check (btrim(reason) <> ''),
    proposed_by text collate "C",
    decided_by text collate "C",
    made_at timestamptz not null,
    check (proposed_by <> decided_by),
    check ((proposed_by is null) = (decided_by is null))
);

-- Tokens are known by their SHA-256 only. A key allows what the roles of its person do, or fewer scopes.
create table api_key (
    id text collate "C" primary key,
    sha256 text not null unique check (sha256 ~ '^[0-9a-f]{64}$'),
    person text collate "C" not null references person (id),
    label text not null check (btrim(label) <> ''),
    scopes text[],
    made_by text not null check (made_by <> ''),
    made_at timestamptz not null,
    expires_at timestamptz not null,
    replaces text collate "C" references api_key (id)
);
create index api_key_of_person on api_key (person);

create table api_key_end (
    api_key text collate "C" primary key references api_key (id),
    actor text not null check (actor <> ''),
    reason text not null check (btrim(reason) <> ''),
    at timestamptz not null
);

create table api_key_use (
    api_key text collate "C" primary key references api_key (id),
    last_used_at timestamptz not null
);

create table session (
    id uuid primary key,
    sha256 text not null unique check (sha256 ~ '^[0-9a-f]{64}$'),
    person text collate "C" not null references person (id),
    method text not null,
    started_at timestamptz not null,
    authenticated_at timestamptz not null,
    last_seen_at timestamptz not null,
    idle_seconds integer not null check (idle_seconds > 0),
    expires_at timestamptz not null,
    ended_at timestamptz,
    provider_session text
);
create index session_of_person on session (person) where ended_at is null;

-- The audit log: who was refused, who looked at whose pay, who took what out, who did what.
create table audit_entry (
    number bigint generated always as identity primary key,
    at timestamptz not null,
    service text not null,
    action text not null check (action in (
        'refused', 'looked', 'exported', 'did', 'signed_in', 'signed_out', 'sign_in_refused')),
    actor text collate "C" not null,
    key text not null,
    operation text not null,
    subject text not null,
    participants text[] not null,
    status integer,
    request text not null,
    detail text not null
);
comment on column audit_entry.service is 'the login of the database that recorded it';
comment on column audit_entry.participants is 'whose pay was seen; * for everybody whom the actor may see';
create index audit_entry_of_actor on audit_entry (actor, number);
create index audit_entry_of_participants on audit_entry using gin (participants) where participants <> '{}';

-- What the roster says of participants, and what follows from it: who is where in which stretch of days, and who
-- reports to whom in which, directly or through others.
create table participant (
    participant_id text collate "C" primary key,
    facts text not null
);

create table assignment (
    participant_id text collate "C" not null,
    first_day date not null,
    last_day date not null check (last_day >= first_day),
    manager text collate "C",
    pay_group text collate "C" not null,
    entity text collate "C" not null,
    primary key (participant_id, first_day)
);
create index assignment_of_manager on assignment (manager) where manager is not null;

create table reporting (
    manager text collate "C" not null,
    participant_id text collate "C" not null,
    first_day date not null,
    last_day date not null,
    primary key (manager, participant_id, first_day)
);
create index reporting_of_participant on reporting (participant_id);
