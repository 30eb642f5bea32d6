-- Counting goes into the store a few hundred rows at a time. What is under way: batches up to `upto` are being counted,
-- and so many of their rows (in their own order) are done.
alter table flush add column upto bigint not null default 0;
alter table flush add column done bigint not null default 0;

-- What was counted of an API (`api:NAME`) or an account (its id), in each minute, hour and day in which something was.
create table usage_bucket (
    subject text not null,
    -- The bucket's length in milliseconds, and where it begins.
    grain bigint not null,
    at bigint not null,
    -- The route's pattern; `*` is all of them together.
    route text not null,
    api text not null,
    requests bigint not null,
    -- A cell for each environment and outcome, with response times.
    cells bytea not null,
    primary key (subject, grain, at, route)
);
create index usage_bucket_by_age on usage_bucket (grain, at);

-- What one key did on one day; the day -1 is all of its life.
create table usage_key (
    key_id text not null,
    day bigint not null,
    account_id text not null,
    api text not null,
    requests bigint not null,
    refused bigint not null,
    -- When it was first and last accepted.
    first_at bigint,
    last_at bigint,
    -- Counts per hour and outcome, response times, and who called it for what.
    detail bytea not null,
    primary key (key_id, day)
);
create index usage_key_by_account on usage_key (account_id, day);
create index usage_key_by_age on usage_key (day, last_at);
