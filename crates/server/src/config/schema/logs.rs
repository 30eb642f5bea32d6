//! The keys of `[logs]`.

use super::{Field, Given, Is, field};

/// `[logs]`
pub(super) static LOGS: &[Field] = &[
    field(
        "dir",
        Is::Text,
        Given::Or("\"logs\""),
        "Where the request log lives, relative to data_dir. On a disk of its own it can fill nobody else's.",
    ),
    field(
        "flush_every",
        Is::Duration(10, 1_000),
        Given::Or("\"500ms\""),
        "How long a record may wait until it is on the disk. So much of the log, at most, is lost when the process is \
         killed; how many records, is known exactly.",
    ),
    field(
        "keep_days",
        Is::DaysOrNever(1, 3_650),
        Given::Or("30"),
        "After how many days records are deleted; or never.",
    ),
    field(
        "size_max",
        Is::Bytes(64 << 20, 1 << 50),
        Given::Or("\"10GiB\""),
        "Largest size of the log on disk; the oldest records are deleted first.",
    ),
];
