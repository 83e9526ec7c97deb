-- How people prove who they are. What proves it is kept as hashes and public keys only.

-- Whoever is no longer active has no sessions, by whatever way they were made inactive, and none comes back.
create function end_sessions() returns trigger language plpgsql
    set search_path = access, pg_catalog, pg_temp as $$
begin
    update access.session set ended_at = now() where person = new.id and ended_at is null;
    return null;
end $$;
create trigger end_sessions after update of active on person
    for each row when (old.active and not new.active) execute function end_sessions();

create table password (
    person text collate "C" primary key references person (id),
    hash text not null check (hash like '$argon2id$%'),
    set_at timestamptz not null
);

-- Opened by one person and decided by another; it sets a password once.
create table password_link (
    sha256 text primary key check (sha256 ~ '^[0-9a-f]{64}$'),
    person text collate "C" not null references person (id),
    expires_at timestamptz not null,
    used_at timestamptz
);

-- Passwords that were tried since the last that was right. Names are hashed: somebody may have typed a password there.
create table password_try (
    name_sha256 text not null,
    address text not null,
    at timestamptz not null
);
create index password_try_of_name on password_try (name_sha256, at);
create index password_try_of_address on password_try (address, at);

create table passkey (
    id text collate "C" primary key,
    person text collate "C" not null references person (id),
    user_handle text not null,
    public_key bytea not null,
    sign_count bigint not null check (sign_count >= 0),
    label text not null check (btrim(label) <> ''),
    made_at timestamptz not null,
    last_used_at timestamptz
);
create index passkey_of_person on passkey (person);

-- What a passkey is to sign, once: to register it for a person, or to sign in.
create table passkey_challenge (
    challenge text primary key,
    person text collate "C" references person (id),
    user_handle text,
    at timestamptz not null,
    check ((person is null) = (user_handle is null))
);

-- Who a person is at the identity provider: found at the first sign-in, and from then on the only one.
create table identity (
    issuer text not null,
    subject text not null,
    person text collate "C" not null references person (id),
    made_at timestamptz not null,
    primary key (issuer, subject),
    unique (person, issuer)
);

-- A sign-in that was sent to the provider and has not come back.
create table oidc_request (
    state_sha256 text primary key,
    nonce text not null,
    code_verifier text not null,
    return_to text not null,
    at timestamptz not null
);

-- Logout tokens of the provider that were taken, until they are over.
create table oidc_logout (
    jti text primary key,
    expires_at timestamptz not null
);
