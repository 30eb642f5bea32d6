//! The keys of `[apis.NAME.keys]`: what each kind of key is like.

use super::{Field, Given, Is, field};

/// `[apis.NAME.keys]`
pub(super) static KEYS: &[Field] = &[
    field("account", Is::Table(&ACCOUNT), Given::Inside, "Keys held by an account as a whole."),
    field(
        "personal",
        Is::Maybe(&PERSONAL),
        Given::Inside,
        "Keys held by one person of an account. Without this table there are none.",
    ),
];

static ACCOUNT: [Field; 16] = kind("\"once\"", "\"required\"", "100");
static PERSONAL: [Field; 16] = kind("\"owner\"", "\"optional\"", "1");

const fn kind(visibility: &'static str, naming: &'static str, count_max: &'static str) -> [Field; 16] {
    [
        field(
            "visibility",
            Is::OneOf(&["once", "owner", "always"]),
            Given::Or(visibility),
            "Who may see a secret again: nobody, the person who holds it, or every role with access to keys.",
        ),
        field(
            "prefix",
            Is::Text,
            Given::Or("\"kw_{environment}_\""),
            "What secrets begin with; `{environment}` becomes live or test. A fixed prefix lets scanners find leaks.",
        ),
        field(
            "alphabet",
            Is::OneOf(&["hex", "base62", "base36_upper"]),
            Given::Or("\"base62\""),
            "The letters after the prefix.",
        ),
        field(
            "letters",
            Is::Whole(1, 200),
            Given::Or("32"),
            "How many letters follow the prefix, the checksum among them; at least 128 bits must be random.",
        ),
        field("naming", Is::OneOf(&["required", "optional"]), Given::Or(naming), "Whether every key has a name."),
        field("name_chars_max", Is::Whole(1, 200), Given::Or("100"), "Most characters of a name."),
        field("unique_names", Is::Flag, Given::Or("false"), "Whether an account may use a name only once."),
        field(
            "count_max",
            Is::Whole(1, 1_000_000),
            Given::Or(count_max),
            "Most keys of this kind in an account (personal keys: per person), revoked ones aside.",
        ),
        field("count_min", Is::Whole(0, 1_000_000), Given::Or("0"), "Fewest keys an account keeps."),
        field("provisioned", Is::Flag, Given::Or("false"), "Whether a new account gets one at once."),
        field("days_min", Is::Whole(1, 36_500), Given::Or("1"), "Fewest days of a lifetime."),
        field("days_max", Is::Whole(1, 36_500), Given::Or("3_650"), "Most days of a lifetime."),
        field(
            "expiry_required",
            Is::Flag,
            Given::Or("false"),
            "Whether a lifetime must be said when a key is made; otherwise it is infinite.",
        ),
        field(
            "infinite",
            Is::DaysOrNever(1, 36_500),
            Given::Or("\"never\""),
            "When an infinite lifetime ends: never, or after so many days.",
        ),
        field("scopes_required", Is::Flag, Given::Or("false"), "Whether at least one scope must be chosen."),
        field(
            "overlap_days_max",
            Is::Whole(0, 365),
            Given::Or("30"),
            "Most days that an old secret lives on after a rotation.",
        ),
    ]
}
