//! The keys of `[usage]`.

use super::{Field, Given, Is, field};

/// `[usage]`
pub(super) static USAGE: &[Field] = &[
    field("minutes_days", Is::Whole(1, 366), Given::Or("3"), "For how many days counts per minute are kept."),
    field("hours_days", Is::Whole(1, 3_660), Given::Or("100"), "For how many days counts per hour are kept."),
    field("days_days", Is::Whole(31, 36_500), Given::Or("800"), "For how many days counts per day are kept."),
    field(
        "keys_days",
        Is::Whole(1, 3_660),
        Given::Or("100"),
        "For how many days is kept what each key did in each hour. When it was first and last used, and for what, is \
         kept as long as the key.",
    ),
];
