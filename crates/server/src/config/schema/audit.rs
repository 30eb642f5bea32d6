//! The keys of `[audit]`.

use super::{Field, Given, HOUR, Is, SECOND, field};

/// `[audit]`
pub(super) static AUDIT: &[Field] = &[
    field(
        "key",
        Is::Secret,
        Given::Eg("\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\""),
        "The key that chains the audit, 64 hexadecimal digits: `env:NAME` or `file:PATH`. Left out, it is the file \
         `audit-key` in data_dir, made at first start.",
    ),
    field(
        "keep_days",
        Is::DaysOrNever(1, 36_500),
        Given::Or("\"never\""),
        "After how many days events are cut off the beginning of the audit, leaving a signed checkpoint; or never.",
    ),
    field(
        "heads_every",
        Is::Duration(SECOND, 24 * HOUR),
        Given::Or("\"1h\""),
        "How often the end of the audit's chain is signed, besides at start and stop.",
    ),
    field(
        "heads_file",
        Is::Text,
        Given::Or("\"audit-heads.ndjson\""),
        "The file that signed heads are appended to, relative to data_dir; \"\" for none. It proves most where nobody \
         who can change the store can change it.",
    ),
    field(
        "heads_syslog",
        Is::Text,
        Given::Eg("\"/dev/log\""),
        "Where signed heads are logged (RFC 5424): a datagram socket's path, or HOST:PORT by UDP.",
    ),
    field(
        "heads_url",
        Is::Text,
        Given::Eg("\"https://witness.example.com/keyward\""),
        "Where signed heads are posted to as JSON: `https`, or `http` to this machine.",
    ),
];
