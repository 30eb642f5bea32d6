-- What people and programs are told: notices, and the parcels that carry them.

create table notice (
    id text primary key,
    -- Raised once: the same mark again is nothing new.
    mark text not null unique,
    kind text not null,
    -- Null for the operator's.
    account_id text references account (id),
    key_id text,
    person_id text,
    -- JSON, never with a secret.
    facts text not null,
    at bigint not null
);
create index notice_by_account on notice (account_id, at, id);
create index notice_by_person on notice (person_id);
create index notice_by_key on notice (key_id, at);
create index notice_by_age on notice (at, id);

-- One notice on its way to one mailbox or one webhook endpoint.
create table parcel (
    id text primary key,
    notice_id text not null references notice (id),
    account_id text,
    channel text not null,
    -- A mailbox, or the id of an endpoint.
    target text not null,
    person_id text,
    -- The link of a mail that carries one, sealed; cleared once it is sent or dead.
    sealed bytea,
    -- `waiting`, `held` (for the daily digest), `folded` (into a digest), `sent`, `dead`.
    state text not null,
    attempts bigint not null,
    -- Since when it is being tried.
    since bigint not null,
    due_at bigint not null,
    -- Who is sending it, and until when nobody else may.
    claim text,
    claimed_until bigint,
    last_error text,
    created_at bigint not null,
    ended_at bigint,
    unique (notice_id, channel, target)
);
create index parcel_by_due on parcel (channel, state, due_at);
create index parcel_by_age on parcel (created_at, id);
create index parcel_by_account on parcel (account_id, created_at, id);
create index parcel_by_person on parcel (person_id);
create index parcel_by_end on parcel (ended_at) where ended_at is not null;

-- What an account wants to be told, where it differs from the default; and when its day begins.
create table notice_setting (
    account_id text primary key references account (id),
    -- JSON: switches by kind, days before an expiry, percents of limits, time zone, hour of the daily digest.
    settings text not null,
    version bigint not null
);

-- What one person wants of an account's notices, or of the operator's where the account is empty.
create table notice_choice (
    account_id text not null,
    person_id text not null references person (id),
    -- `now`, `daily` or `off`.
    delivery text not null,
    -- JSON: the same by kind, where it differs.
    kinds text not null,
    primary key (account_id, person_id)
);
create index notice_choice_by_person on notice_choice (person_id);

-- Addresses without a sign-in that a key's notices go to, with spaces between them.
alter table api_key add column contacts text not null default '';

-- A key that ends, and when next to tell of it.
create table reminder (
    key_id text primary key references api_key (id),
    account_id text not null,
    expires_at bigint not null,
    -- Whatever was to be told until then has been told.
    since bigint not null,
    due_at bigint not null,
    -- Until when nobody wants to be reminded, and who said so.
    snoozed_until bigint,
    snoozed_by text
);
create index reminder_by_due on reminder (due_at, key_id);
create index reminder_by_account on reminder (account_id);

create table webhook_endpoint (
    id text primary key,
    account_id text not null references account (id),
    url text not null,
    -- Words, separated by a space; `*` is everything.
    kinds text not null,
    -- The signing secret, sealed, and the one before it while both sign.
    secret bytea not null,
    old_secret bytea,
    old_secret_until bigint,
    enabled boolean not null,
    -- Since when deliveries have failed without one that did not.
    failing_since bigint,
    disabled_why text,
    created_by text not null,
    created_at bigint not null,
    version bigint not null
);
create index webhook_endpoint_by_account on webhook_endpoint (account_id, created_at, id);

-- Every attempt to deliver; kept for a while.
create table webhook_attempt (
    id text primary key,
    endpoint_id text not null,
    parcel_id text not null,
    kind text not null,
    nth bigint not null,
    at bigint not null,
    took_ms bigint not null,
    status bigint,
    error text
);
create index webhook_attempt_by_endpoint on webhook_attempt (endpoint_id, at, id);
create index webhook_attempt_by_age on webhook_attempt (at);

-- Secrets that were found where they must not be, each once per place. No secret can be had from a mark.
create table leak (
    mark text primary key,
    account_id text not null,
    key_id text not null,
    -- What was done: `warn`, `contain` or `revoke`.
    done text not null,
    at bigint not null
);
create index leak_by_account on leak (account_id);
create index leak_by_age on leak (at);
