-- One text for SQLite and PostgreSQL: text, bigint, boolean and bytea only; times are unix milliseconds.

-- The single row that gives epochs. Its update is the last lock of every change.
create table head (
    one bigint primary key check (one = 1),
    epoch bigint not null,
    hash text not null,
    history text not null,
    floor bigint not null,
    at bigint not null,
    -- Where the audit's chain ends; sealed under the audit key, so that a cut tail shows.
    audit_seq bigint not null,
    audit_mac bytea not null,
    audit_seal bytea not null
);

-- What changed, in commit order: the keyring is fed from here and from nowhere else.
create table change (
    epoch bigint not null,
    place bigint not null,
    hash text not null,
    kind text not null,
    subject text not null,
    at bigint not null,
    primary key (epoch, place)
);

-- Small facts about the deployment: canaries of pepper and key-encryption key, high-water marks.
create table fact (
    name text primary key,
    value text not null
);

create table account (
    id text primary key,
    api text not null,
    public_id text not null,
    name text not null,
    external_id text,
    region text,
    plan text,
    accepted_keys text not null,
    -- Whether its people must have an authenticator.
    totp_required boolean not null,
    suspended boolean not null,
    metadata text,
    tags text not null,
    version bigint not null,
    -- Grows with every change to the account or anything below it: its update serialises the account's counts.
    turn bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    unique (api, public_id),
    unique (api, external_id)
);
create index account_by_age on account (created_at, id);
create index account_by_external_id on account (external_id);

-- Somebody who signs in, holds personal keys, or both. What an account calls them stands in their membership.
create table person (
    id text primary key,
    name text not null,
    -- In lower case; null for people who never sign in.
    email text unique,
    -- Argon2id in PHC form; null until they have set one.
    password text,
    -- The secret of their authenticator, sealed; the last time step that was accepted, against replay.
    totp bytea,
    totp_step bigint,
    operator boolean not null,
    suspended boolean not null,
    -- When they last signed in.
    signed_in_at bigint,
    created_at bigint not null
);
create index person_operator on person (operator);

-- A person in an account: invited, active or suspended.
create table membership (
    account_id text not null references account (id),
    person_id text not null references person (id),
    name text not null,
    -- The name of a role of the API, a built-in one, or one of the account's own.
    role text not null,
    state text not null,
    created_at bigint not null,
    version bigint not null,
    primary key (account_id, person_id)
);
create index membership_by_age on membership (account_id, created_at, person_id);
create index membership_by_person on membership (person_id);

-- Roles that an account made for itself.
create table role (
    account_id text not null references account (id),
    name text not null,
    title text not null,
    permissions text not null,
    primary key (account_id, name)
);

-- Links that work once: `setup` (first operator), `operator`, `invitation`, `reset`. Only a digest is kept.
create table link (
    digest bytea primary key,
    kind text not null,
    person_id text references person (id),
    account_id text references account (id),
    created_by text not null,
    created_at bigint not null,
    expires_at bigint not null
);
create index link_by_person on link (person_id);
create index link_by_age on link (expires_at);

-- Sign-ins. The cookie's value is kept as a digest.
create table session (
    id text primary key,
    digest bytea not null unique,
    person_id text not null references person (id),
    -- How they signed in: `password`, `password+totp`, `sso:NAME`.
    method text not null,
    origin text,
    agent text,
    created_at bigint not null,
    -- When they last proved who they are: a reveal needs it to be recent.
    proved_at bigint not null,
    seen_at bigint not null,
    expires_at bigint not null
);
create index session_by_person on session (person_id, created_at);
create index session_by_age on session (expires_at);

create table recovery_code (
    person_id text not null references person (id),
    digest bytea not null,
    primary key (person_id, digest)
);

-- Who an identity provider says somebody is.
create table identity (
    provider text not null,
    subject text not null,
    person_id text not null references person (id),
    created_at bigint not null,
    primary key (provider, subject)
);
create index identity_by_person on identity (person_id);

-- Sign-ins that failed lately, per bucket (an address, a person, a pair of both): until when what was taken weighs.
-- And addresses that a person signed in from: until when they are known.
create table attempt (
    bucket text primary key,
    until bigint not null
);
create index attempt_by_age on attempt (until);

create table api_key (
    id text primary key,
    account_id text not null references account (id),
    kind text not null,
    environment text not null,
    person_id text references person (id),
    name text,
    -- The name folded for comparison; the second is null where names need not differ, and once the key is revoked.
    name_folded text,
    name_unique text,
    scopes text not null,
    addresses text not null,
    limits text not null,
    quotas text not null,
    plan text,
    external_id text,
    metadata text,
    tags text not null,
    state text not null,
    expires_at bigint,
    created_by text not null,
    created_at bigint not null,
    updated_at bigint not null,
    revoked_at bigint,
    version bigint not null,
    unique (account_id, kind, name_unique),
    unique (account_id, external_id)
);
create index api_key_by_age on api_key (created_at, id);
create index api_key_by_account on api_key (account_id, created_at, id);
create index api_key_by_kind on api_key (account_id, kind, state, expires_at);
create index api_key_by_external_id on api_key (external_id);
create index api_key_by_person on api_key (person_id);
create index api_key_by_creator on api_key (created_by);

-- Which people have had a secret of a key before their eyes: for when they leave.
create table secret_seen (
    key_id text not null references api_key (id),
    -- Also of people who are gone.
    person_id text not null,
    -- `created`, `rotated`, `revealed` or `picked_up`.
    how text not null,
    at bigint not null,
    primary key (key_id, person_id, how)
);
create index secret_seen_by_person on secret_seen (person_id);

-- What an account demands of its keys.
create table policy (
    account_id text primary key references account (id),
    -- JSON: lifetime_days_max, expiry_required, addresses_required, scopes_max, approval_scopes.
    rules text not null,
    version bigint not null
);

-- Keys that have no secret yet: they wait for approval, for their requester, or for somebody with a link.
create table pickup (
    key_id text primary key references api_key (id),
    -- The link's; null while nobody was sent one.
    digest bytea unique,
    -- For whom it is, as the sender wrote it.
    recipient text,
    created_by text not null,
    created_at bigint not null,
    expires_at bigint
);

-- A key has one secret, or two during an overlap.
create table secret (
    id text primary key,
    key_id text not null references api_key (id),
    digest bytea not null unique,
    pepper_id text not null,
    hint text not null,
    -- Sealed under the key-encryption key; only for kinds whose secrets may be seen again.
    sealed bytea,
    created_at bigint not null,
    -- Null for the secret in force; the end of the overlap for the one before.
    until bigint,
    last_used_at bigint
);
create index secret_by_key on secret (key_id);

-- What is left of deleted keys and replaced secrets, so that a request with one can still be told apart.
create table tombstone (
    digest bytea primary key,
    key_id text not null,
    account_id text not null,
    name text,
    reason text not null,
    at bigint not null
);
create index tombstone_by_key on tombstone (key_id);
create index tombstone_by_account on tombstone (account_id);
create index tombstone_by_age on tombstone (at);

-- Tags (named `tag`) and the plain members of metadata (named `metadata.` and their name), one row each, so that
-- both can be filtered.
create table attribute (
    owner_id text not null,
    name text not null,
    value text not null,
    primary key (owner_id, name, value)
);
create index attribute_by_value on attribute (name, value, owner_id);

create table management_key (
    id text primary key,
    name text not null,
    digest bytea not null unique,
    pepper_id text not null,
    hint text not null,
    -- Null for the operator's; otherwise it sees this account alone.
    account_id text references account (id),
    -- What it may do, as words.
    permissions text not null,
    expires_at bigint,
    created_by text not null,
    -- Who stands at the beginning of the chain of keys that made keys: a person, or the first key itself.
    root text not null,
    created_at bigint not null,
    revoked_at bigint
);
create index management_key_by_root on management_key (root);
create index management_key_by_age on management_key (created_at, id);
create index management_key_by_account on management_key (account_id);

-- Never altered. `mac` covers every other column and the `mac` before it, under a key that is not in the store.
create table audit_event (
    seq bigint primary key,
    epoch bigint not null,
    place bigint not null,
    at bigint not null,
    actor text not null,
    origin text,
    action text not null,
    subject text not null,
    account_id text,
    before text,
    after text,
    mac bytea not null
);
create index audit_event_by_account on audit_event (account_id, seq);
create index audit_event_by_subject on audit_event (subject, seq);

-- What retention has cut off the beginning of the audit: its last event, signed.
create table audit_checkpoint (
    one bigint primary key check (one = 1),
    seq bigint not null,
    mac bytea not null,
    at bigint not null,
    signature bytea not null
);

create table idempotency (
    actor text not null,
    token text not null,
    request text not null,
    subject text not null,
    at bigint not null,
    primary key (actor, token)
);
create index idempotency_by_age on idempotency (at);

-- What a quota's holder has used, saved now and then: the counters themselves live beside the data plane.
create table quota_used (
    holder text not null,
    name text not null,
    period bigint not null,
    used bigint not null,
    primary key (holder, name)
);
