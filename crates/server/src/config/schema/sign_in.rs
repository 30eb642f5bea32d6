//! Keys about people: where they reach us and how they sign in.

use super::{Field, Given, HOUR, Is, field};

const MINUTE: u64 = HOUR / 60;
const DAY: u64 = 24 * HOUR;

pub(super) static CONTROL: &[Field] = &[field(
    "url",
    Is::Text,
    Given::Eg("\"https://keys.example.com\""),
    "Where people reach the control listener; links begin with it. `http://` and its address unless said.",
)];

pub(super) static SIGN_IN: &[Field] = &[
    field(
        "idle_timeout",
        Is::Duration(5 * MINUTE, 30 * DAY),
        Given::Or("\"12h\""),
        "A sign-in unused for so long ends.",
    ),
    field("lifetime", Is::Duration(5 * MINUTE, 365 * DAY), Given::Or("\"30d\""), "Every sign-in ends after so long."),
    field(
        "sso",
        Is::Each("company", SSO),
        Given::Inside,
        "Providers of identities (OpenID Connect) that may vouch for people, each under a name.",
    ),
];

static SSO: &[Field] = &[
    field("issuer", Is::Text, Given::Always("\"https://login.example.com\""), "Its issuer URL; https beyond loopback."),
    field("client_id", Is::Text, Given::Always("\"keyward\""), "What it calls us."),
    field(
        "client_secret",
        Is::Secret,
        Given::Always("\"what-the-provider-gave\""),
        "Proves to it that we are it; `env:NAME` or `file:PATH` to keep it elsewhere.",
    ),
    field("title", Is::Text, Given::Eg("\"Example Inc.\""), "What people are shown; its name unless said."),
    field(
        "domains",
        Is::Texts,
        Given::Or("[]"),
        "Domains of e-mail that it may vouch for; any when empty. Name yours if the provider serves others too.",
    ),
];
