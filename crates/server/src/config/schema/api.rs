//! The keys of `[apis.NAME]`; a preset's `preset.toml` has the same ones.

use super::keys::KEYS;
use super::words::WORDS;
use super::{Field, Given, Is, SECOND, field};

const ENVIRONMENTS: &[&str] = &["live", "test"];

/// `[apis.NAME]`
pub(in crate::config) static API: &[Field] = &[
    field(
        "preset",
        Is::Text,
        Given::Eg("\"clickyid\""),
        "Begin from a preset: `clevertap`, `clickyid`, `codat`, or a directory (`./my-preset`) with a preset.toml of \
         these same keys. What stands here is laid over it: tables are merged, everything else is replaced.",
    ),
    field(
        "hosts",
        Is::Texts,
        Given::Or("[]"),
        "Hosts it answers to, `*.example.com` among them. Without any: every host, or those of its regions.",
    ),
    field("prefixes", Is::Texts, Given::Or("[\"/\"]"), "Path prefixes it answers to; the longest one wins."),
    field("keep_prefix", Is::Flag, Given::Or("false"), "Whether the prefix stays in the forwarded path."),
    field("preserve_host", Is::Flag, Given::Or("false"), "Whether the client's Host is forwarded."),
    field(
        "upstream",
        Is::Upstream(UPSTREAM),
        Given::Always("\"http://127.0.0.1:9000\""),
        "Where requests go: an address, a list of equal addresses, or a table with these keys.",
    ),
    field(
        "test_upstream",
        Is::Upstream(UPSTREAM),
        Given::Eg("\"http://127.0.0.1:9001\""),
        "Where requests with test keys go, as `upstream`; `\"same\"` sends them to the live one.",
    ),
    field(
        "upstreams",
        Is::Each("billing", UPSTREAM),
        Given::Inside,
        "More upstreams, for routes to name. A route's upstream serves every environment of that route.",
    ),
    field(
        "schemes",
        Is::Schemes,
        Given::Or("[\"bearer\", \"header:X-Api-Key\"]"),
        "Where the credential may stand: `bearer`, `basic`, `header:NAME`, or a pair \
         `{ account = \"NAME\", secret = \"NAME\" }`.",
    ),
    field(
        "access",
        Is::OneOf(&["required", "optional", "public"]),
        Given::Or("\"required\""),
        "Whether requests need a key, where no routes are declared.",
    ),
    field(
        "preflight",
        Is::OneOf(&["answer", "forward", "check"]),
        Given::Or("\"answer\""),
        "CORS preflights: answered here, forwarded without a key, or checked like any request.",
    ),
    field(
        "cors_origins",
        Is::Texts,
        Given::Or("[]"),
        "Origins that may call from a browser; `*` for any. Nobody otherwise.",
    ),
    field(
        "other_auth",
        Is::OneOf(&["refuse", "pass"]),
        Given::Or("\"refuse\""),
        "What becomes of Authorization schemes that are not declared.",
    ),
    field(
        "rate_headers",
        Is::OneOf(&["ours", "upstream", "off"]),
        Given::Or("\"ours\""),
        "Whose rate headers the client sees.",
    ),
    field("forward_credential", Is::Flag, Given::Or("false"), "Whether the upstream sees the credential too."),
    field(
        "identity_headers",
        Is::TextEach("X-Customer-Id = \"account.external_id\""),
        Given::Inside,
        "More headers that tell the upstream who calls, beside X-Keyward-*: account.id, account.public_id, \
         account.name, account.external_id, account.metadata.NAME, account.region, key.id, key.kind, key.scopes, \
         key.environment, person.id.",
    ),
    field("help_url", Is::Text, Given::Eg("\"https://example.com/docs/errors\""), "Where a refused caller finds help."),
    field(
        "url",
        Is::Text,
        Given::Eg("\"https://api.example.com\""),
        "Where its customers reach it: what examples in the dashboard begin with. Left out: its first host, or the \
         gateway's address, with its first prefix.",
    ),
    field(
        "example",
        Is::Text,
        Given::Or("\"/\""),
        "The path of a GET request that shows whether a key works, for examples in the dashboard.",
    ),
    field(
        "holder_door",
        Is::PathOrOff,
        Given::Or("\"/.well-known/keyward/key\""),
        "Where the holder of a key looks at it or revokes it; `false` closes it.",
    ),
    field("require_https", Is::Flag, Given::Or("false"), "Whether keys sent over plain HTTP are refused."),
    field(
        "environments",
        Is::SomeOf(ENVIRONMENTS),
        Given::Eg("[\"live\", \"test\"]"),
        "The environments that keys may have; left out: live, and test where there is a test_upstream.",
    ),
    field(
        "account_id",
        Is::Text,
        Given::Eg("\"XXX-XXX-XXXX\""),
        "The shape of accounts' public ids: each `X` a capital or digit. Left out: the plain id.",
    ),
    field("default_region", Is::Text, Given::Eg("\"eu1\""), "The region of new accounts that name none."),
    field(
        "regions",
        Is::Each("eu1", REGION),
        Given::Inside,
        "Regions: an account lives in one, and its keys work on that one's hosts only.",
    ),
    field(
        "scopes",
        Is::TextEach("\"read:orders\" = \"Read orders\""),
        Given::Inside,
        "What keys may be allowed to do: each scope with a description for people.",
    ),
    field("limits", Is::Each("default", LIMIT), Given::Inside, "So many requests per window, for every key."),
    field("quotas", Is::Each("monthly", QUOTA), Given::Inside, "Total budgets, for every key."),
    field(
        "plans",
        Is::Each("pro", PLAN),
        Given::Inside,
        "Plans for accounts or keys. Their limits and quotas replace those of the same name or join them.",
    ),
    field("keys", Is::Table(KEYS), Given::Inside, "What keys are like."),
    field(
        "routes",
        Is::List(ROUTE),
        Given::Inside,
        "The requests this API knows. Without any it knows every one; with some, all others are refused. A list here \
         replaces the preset's.",
    ),
    field("errors", Is::Table(ERRORS), Given::Inside, "How refusals are worded; by default RFC 9457 problems."),
    field(
        "keys_door",
        Is::Maybe(KEYS_DOOR),
        Given::Inside,
        "Where a key lists, makes and deletes the keys of its account. Closed unless this table is there.",
    ),
    field("words", Is::Table(WORDS), Given::Inside, "What the dashboard calls things."),
    field(
        "roles",
        Is::Each("developer", ROLE),
        Given::Inside,
        "Roles that people of an account can have, one of them with the permission `*`. Left out: admin, developer, \
         member, viewer.",
    ),
];

static UPSTREAM: &[Field] = &[
    field(
        "addresses",
        Is::Texts,
        Given::Always("[\"http://127.0.0.1:9000\"]"),
        "Equal addresses, tried in turn; a path is put before what is forwarded.",
    ),
    field("connect_timeout", Is::Duration(1, 60 * SECOND), Given::Or("\"5s\""), "Time to connect."),
    field(
        "response_timeout",
        Is::Duration(1, 3_600 * SECOND),
        Given::Or("\"30s\""),
        "Time until the head of the response.",
    ),
];

static REGION: &[Field] = &[field(
    "hosts",
    Is::Texts,
    Given::Always("[\"eu1.api.example.com\"]"),
    "Its hosts; the first is named to people.",
)];

const LIMIT_MAX: i64 = 4_000_000_000;
const LIMIT_OF_WINDOW: Field =
    field("limit", Is::Whole(1, LIMIT_MAX), Given::Always("1_000"), "The most that one window admits.");
const WINDOW: Field = field(
    "window",
    Is::Duration(SECOND, 400 * 24 * 3_600 * SECOND),
    Given::Always("\"1h\""),
    "The length of the window, in whole seconds.",
);
const ALGORITHM: Field = field(
    "algorithm",
    Is::OneOf(&["fixed", "sliding", "gcra"]),
    Given::Or("\"fixed\""),
    "fixed: aligned to the clock, whole again with the next window; sliding: never more in any stretch of that \
     length; gcra: a burst, then evenly spread.",
);
const PER: Field =
    field("per", Is::OneOf(&["key", "account"]), Given::Or("\"key\""), "Whose requests share one count.");

static LIMIT: &[Field] = &[
    LIMIT_OF_WINDOW,
    field("test_limit", Is::Whole(1, LIMIT_MAX), Given::Eg("10_000"), "The same for test keys; left out: as `limit`."),
    WINDOW,
    ALGORITHM,
    PER,
    field("environments", Is::SomeOf(ENVIRONMENTS), Given::Or("[\"live\", \"test\"]"), "Which keys it is for."),
];

static PLAN_LIMIT: &[Field] = &[LIMIT_OF_WINDOW, WINDOW, ALGORITHM, PER];

static QUOTA: &[Field] = &[
    field("budget", Is::Whole(1, 1 << 40), Given::Always("100_000"), "The whole budget of one period."),
    field(
        "refill",
        Is::OneOf(&["never", "daily", "monthly"]),
        Given::Or("\"monthly\""),
        "When it is whole again (UTC).",
    ),
    field(
        "day",
        Is::Whole(1, 31),
        Given::Eg("1"),
        "The day of the month of a monthly refill; 1 unless said otherwise.",
    ),
    PER,
];

static PLAN: &[Field] = &[
    field("scopes", Is::Texts, Given::Eg("[\"read:orders\"]"), "The most scopes a key can hold; left out: all."),
    field("limits", Is::Each("default", PLAN_LIMIT), Given::Inside, "Its limits, for every environment."),
    field("quotas", Is::Each("monthly", QUOTA), Given::Inside, "Its quotas."),
];

static ROUTE: &[Field] = &[
    field("path", Is::Text, Given::Always("\"/orders/{id}\""), "A path; segments may be `{name}`, the last `{*rest}`."),
    field("methods", Is::Texts, Given::Or("[]"), "Its methods; none means all."),
    field(
        "access",
        Is::OneOf(&["required", "optional", "public"]),
        Given::Or("\"required\""),
        "Whether it needs a key.",
    ),
    field("scopes", Is::Texts, Given::Or("[]"), "The scopes it needs, all of them."),
    field("environments", Is::SomeOf(ENVIRONMENTS), Given::Or("[\"live\", \"test\"]"), "The keys it is for."),
    field("cost", Is::Whole(0, 1_000_000), Given::Or("1"), "What one request takes from each limit and quota."),
    field("upstream", Is::Text, Given::Eg("\"billing\""), "Goes to this upstream instead of the API's."),
    field(
        "log_bodies",
        Is::Bytes(1, 64 << 10),
        Given::Eg("\"4KiB\""),
        "The request log keeps so much of each body, of requests and of answers; left out: nothing of any. Whoever may \
         read the log can read them. What looks like a key of a configured API is taken out.",
    ),
    field("body", Is::Maybe(BODY), Given::Inside, "What its JSON body must satisfy: CEL expressions over `body`."),
];

static BODY: &[Field] = &[
    field("require", Is::Text, Given::Eg("\"has(body.emails)\""), "Must be true, or the request is refused with 422."),
    field("require_message", Is::Text, Given::Eg("\"name the e-mails\""), "What to say then."),
    field("scopes", Is::Text, Given::Eg("\"['read:orders']\""), "A list of scopes that this body needs besides."),
    field("items", Is::Text, Given::Eg("\"size(body.emails)\""), "How many items the body holds."),
    field("items_max", Is::Whole(0, 1_000_000_000), Given::Eg("100"), "Most items."),
    field("cost", Is::Text, Given::Eg("\"size(body.emails)\""), "What the request takes instead of the route's cost."),
    field("bytes_max", Is::Bytes(1, 64 << 20), Given::Or("\"1MiB\""), "Most bytes of the body."),
];

static ERRORS: &[Field] = &[
    field("content_type", Is::Text, Given::Or("\"application/problem+json\""), "The Content-Type of refusals."),
    field(
        "template",
        Is::Text,
        Given::Eg("\"error.json\""),
        "A file with a template of the body, relative to this one. It sees status, title, code, message, request_id, \
         help_url, retry_after_s, needed_scopes, limit; `x|tojson` writes any of them safely.",
    ),
    field(
        "messages",
        Is::TextEach("key_expired = \"The key has expired: make a new one.\""),
        Given::Inside,
        "Other words for the message of a code; they see the same names.",
    ),
];

static KEYS_DOOR: &[Field] = &[
    field("path", Is::Text, Given::Always("\"/apiKeys\""), "Its path."),
    field(
        "key",
        Is::Text,
        Given::Always("\"key.json\""),
        "A file with a template of one key: it sees id, name, secret, created_at (RFC 3339, seconds).",
    ),
    field(
        "list",
        Is::Text,
        Given::Always("\"keys.json\""),
        "A file with a template of all of them: it sees keys, a list of what the other template wrote.",
    ),
    field("content_type", Is::Text, Given::Or("\"application/json\""), "The Content-Type of both."),
];

static ROLE: &[Field] = &[
    field("title", Is::Text, Given::Eg("\"Developer\""), "What people call it."),
    field("description", Is::Text, Given::Eg("\"Makes and withdraws keys.\""), "What it is for."),
    field(
        "permissions",
        Is::Texts,
        Given::Always("[\"*\"]"),
        "`*`, or keys, people, usage, logs, settings or audit, each with `.read` or `.write`, which includes it.",
    ),
];
