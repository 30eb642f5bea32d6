//! Keys about what leaves this machine and what others report to it: `[webhooks]`, `[notices]` and `[leaks]`.

use super::{Field, Given, HOUR, Is, SECOND, field};

const MINUTE: u64 = 60 * SECOND;

/// `[webhooks]`
pub(super) static WEBHOOKS: &[Field] = &[
    field(
        "allow",
        Is::Texts,
        Given::Or("[]"),
        "Addresses or ranges that are not public and may be told all the same, such as \"10.0.0.0/8\". Whoever may edit \
         webhooks can then make this machine send requests there.",
    ),
    field("ports", Is::Texts, Given::Or("[\"443\", \"8443\", \"80\"]"), "The only ports that may be told."),
    field(
        "loopback",
        Is::Flag,
        Given::Or("false"),
        "Lets webhooks be on this machine itself, on any port and without TLS there: for development.",
    ),
    field(
        "authorities",
        Is::Texts,
        Given::Or("[]"),
        "PEM files with certificate authorities to believe besides the public ones; relative to this file.",
    ),
    field("connect_timeout", Is::Duration(100, MINUTE), Given::Or("\"5s\""), "Time to connect to one address."),
    field(
        "timeout",
        Is::Duration(SECOND, MINUTE),
        Given::Or("\"15s\""),
        "Time for a whole attempt, from looking up the name to the answer.",
    ),
];

/// `[notices]`
pub(super) static NOTICES: &[Field] = &[
    field(
        "unknown_keys",
        Is::Whole(1, 1_000_000),
        Given::Or("100"),
        "After so many requests with unknown keys from one address (IPv6: one /64), within `window`, those who run the \
         deployment are told.",
    ),
    field(
        "revoked_key",
        Is::Whole(1, 1_000_000),
        Given::Or("1"),
        "After so many requests with one revoked key, within `window`, those concerned are told, once a day.",
    ),
    field("window", Is::Duration(MINUTE, HOUR), Given::Or("\"5m\""), "The time within which refusals are counted."),
];

/// `[leaks]`
pub(super) static LEAKS: &[Field] = &[
    field(
        "github",
        Is::Flag,
        Given::Or("false"),
        "Whether `POST /v1/leaks/github` takes reports of GitHub's secret scanning.",
    ),
    field("github_keys", Is::List(GITHUB_KEYS), Given::Inside, "Public keys that GitHub's reports may be signed with."),
    field(
        "github_keys_url",
        Is::Text,
        Given::Or("\"https://api.github.com/meta/public_keys/secret_scanning\""),
        "Where GitHub's public keys are fetched when a report names an unknown one; \"\": nowhere.",
    ),
];

static GITHUB_KEYS: &[Field] = &[
    field(
        "id",
        Is::Text,
        Given::Always("\"f9525bf080f75b3506ca1ead061add62b8633a346606dc5fe544e29231c6ee0d\""),
        "Its identifier.",
    ),
    field(
        "key",
        Is::Text,
        Given::Always(
            "\"-----BEGIN PUBLIC KEY-----\\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEsz9ugWDj5jK5ELBK42ynytbo38gP\\nHzZFI03Exwz8Lh/tCfL3YxwMdLjB+bMznsanlhK0RwcGP3IDb34kQDIo3Q==\\n-----END PUBLIC KEY-----\"",
        ),
        "The key as PEM (ECDSA, P-256).",
    ),
];
