-- Up to which of its batches the records of a process's run (an incarnation) are in usage. The number moves in the same
-- transaction as what was counted.
create table flush (
    incarnation text primary key,
    seq bigint not null
);

-- Records that were decided and are not in the log: dropped, by reason, or lost when a process was killed ("gap").
create table log_loss (
    incarnation text not null,
    -- The batch that told of it.
    seq bigint not null,
    reason text not null,
    since bigint not null,
    until bigint not null,
    records bigint not null,
    primary key (incarnation, seq, reason)
);
create index log_loss_by_time on log_loss (until);
