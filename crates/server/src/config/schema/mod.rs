//! Every key of the configuration, in one table: what is read, what is refused, what is filled in and what the
//! reference says all come from here.

mod api;
mod audit;
mod keys;
mod logs;
mod mail;
mod sign_in;
mod told;
mod usage;
mod words;

pub(super) use api::API;

/// One key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) key: &'static str,
    pub(super) is: Is,
    pub(super) given: Given,
    pub(super) doc: &'static str,
}

/// What a key holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Is {
    /// Text.
    Text,
    /// Text that is never shown, or `env:NAME`, or `file:PATH`.
    Secret,
    /// `true` or `false`.
    Flag,
    /// A whole number within bounds.
    Whole(i64, i64),
    /// A duration within bounds of milliseconds, such as `"10s"`.
    Duration(u64, u64),
    /// A number of bytes within bounds, such as `"1MiB"`.
    Bytes(u64, u64),
    /// One text or a list of them.
    Texts,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A list of these words.
    SomeOf(&'static [&'static str]),
    /// `"ADDRESS:PORT"`.
    Socket,
    /// A path, or `false`.
    PathOrOff,
    /// A number of days within bounds, or `"never"`.
    DaysOrNever(i64, i64),
    /// A list of credential schemes.
    Schemes,
    /// A text or a list of texts, short for the `addresses` of this table.
    Upstream(&'static [Field]),
    /// A table that is always there.
    Table(&'static [Field]),
    /// A table that may be left out.
    Maybe(&'static [Field]),
    /// Tables by a name of the operator's choice.
    Each(&'static str, &'static [Field]),
    /// Texts by a name of the operator's choice.
    TextEach(&'static str),
    /// A list of tables.
    List(&'static [Field]),
}

/// Whether a key may be left out.
#[derive(Debug, Clone, Copy)]
pub(super) enum Given {
    /// It may; this is filled in (TOML).
    Or(&'static str),
    /// It may; an example of it (TOML).
    Eg(&'static str),
    /// It may not; an example of it (TOML).
    Always(&'static str),
    /// It is a table, documented key by key.
    Inside,
}

pub(super) const fn field(key: &'static str, is: Is, given: Given, doc: &'static str) -> Field {
    Field { key, is, given, doc }
}

const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;

/// The whole file.
pub(super) static TOP: &[Field] = &[
    field(
        "data_dir",
        Is::Text,
        Given::Or("\"data\""),
        "Where the embedded store, the pepper, the key-encryption key, the audit key and the counters live; relative to \
         this file.",
    ),
    field("listen", Is::Table(LISTEN), Given::Inside, "The listeners. Port 0 takes a free one."),
    field("store", Is::Table(STORE), Given::Inside, "Where accounts, people and keys are kept."),
    field("gateway", Is::Table(GATEWAY), Given::Inside, "Bounds of the data plane."),
    field("auth", Is::Table(AUTH), Given::Inside, "Who may ask the auth listener."),
    field("audit", Is::Table(audit::AUDIT), Given::Inside, "The record of every change, and what proves it whole."),
    field("logs", Is::Table(logs::LOGS), Given::Inside, "The request log: a record of every decision."),
    field("control", Is::Table(sign_in::CONTROL), Given::Inside, "How people reach the control listener."),
    field("sign_in", Is::Table(sign_in::SIGN_IN), Given::Inside, "How people sign in."),
    field("webhooks", Is::Table(told::WEBHOOKS), Given::Inside, "Whom accounts may have told of what happens to them."),
    field("notices", Is::Table(told::NOTICES), Given::Inside, "Of which refusals somebody is told."),
    field(
        "leaks",
        Is::Table(told::LEAKS),
        Given::Inside,
        "Reports of secrets that were found where all can read them.",
    ),
    field("usage", Is::Table(usage::USAGE), Given::Inside, "How long is kept what was counted."),
    field(
        "mail",
        Is::Maybe(mail::MAIL),
        Given::Inside,
        "How mail goes out. Without this table there is none: notices are listed, and links are handed over.",
    ),
    field(
        "apis",
        Is::Each("shop", API),
        Given::Inside,
        "The APIs to protect, each under a name. Without a preset an API takes `Authorization: Bearer kw_live_…` and \
         the header X-Api-Key.",
    ),
];

static LISTEN: &[Field] = &[
    field("gateway", Is::Socket, Given::Or("\"127.0.0.1:8080\""), "The APIs themselves."),
    field("auth", Is::Socket, Given::Or("\"127.0.0.1:8082\""), "Decisions for other proxies and programs."),
    field("control", Is::Socket, Given::Or("\"127.0.0.1:8081\""), "Dashboard, management API, health and metrics."),
    field(
        "insecure_bind",
        Is::Flag,
        Given::Or("false"),
        "Lets gateway and control listen beyond loopback without TLS: only behind something that speaks TLS.",
    ),
];

static STORE: &[Field] = &[field(
    "url",
    Is::Secret,
    Given::Or("\"sqlite:keyward.db\""),
    "`sqlite:FILE` (relative to data_dir) or `postgres://…`; `env:NAME` or `file:PATH` to keep it elsewhere.",
)];

static AUTH: &[Field] = &[
    field(
        "service_key",
        Is::Secret,
        Given::Eg("\"at-least-twenty-letters-long\""),
        "What callers of the auth listener must send as `Authorization: Bearer …`; `env:NAME` or `file:PATH` to keep \
         it elsewhere.",
    ),
    field(
        "insecure",
        Is::Flag,
        Given::Or("false"),
        "Lets the auth listener be reached from beyond loopback without a service key.",
    ),
];

static GATEWAY: &[Field] = &[
    field("workers", Is::Whole(0, 1_024), Given::Or("0"), "Threads that serve; 0 is one per core."),
    field(
        "connections_max",
        Is::Whole(1, 1_000_000),
        Given::Or("20_000"),
        "Most connections open at once on one listener.",
    ),
    field("head_timeout", Is::Duration(SECOND, HOUR), Given::Or("\"10s\""), "A client's time for a request's head."),
    field(
        "body_idle_timeout",
        Is::Duration(SECOND, HOUR),
        Given::Or("\"30s\""),
        "How long a body may pause, either way.",
    ),
    field(
        "idle_timeout",
        Is::Duration(SECOND, HOUR),
        Given::Or("\"60s\""),
        "How long a connection may wait for its next request.",
    ),
    field("head_bytes_max", Is::Bytes(8_192, 1 << 20), Given::Or("\"32KiB\""), "Largest request head."),
    field("headers_max", Is::Whole(16, 1_000), Given::Or("100"), "Most headers of a request."),
    field("uri_bytes_max", Is::Bytes(256, 65_534), Given::Or("\"16KiB\""), "Longest request target."),
    field(
        "drain_timeout",
        Is::Duration(0, HOUR),
        Given::Or("\"30s\""),
        "How long to finish what is under way when told to stop.",
    ),
    field(
        "trusted_proxies",
        Is::Texts,
        Given::Or("[]"),
        "Addresses or ranges of proxies whose X-Forwarded-* is believed; nobody's otherwise.",
    ),
];
