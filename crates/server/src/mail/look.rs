//! Every kind of mail with made-up facts: what templates are tried out with, and what an operator who changes them can
//! look at.

use std::collections::BTreeMap;

use keyward_core::ids::NoticeId;
use keyward_core::time::{DAY_MS, HOUR_MS, UnixMs};
use serde_json::{Value, json};
use uuid::Uuid;

use super::facts::Reader;
use super::{Letter, Templates};
use crate::config::Config;
use crate::notices::{Kind, Raised};

/// Sunday, 1 March 2026, 10:15 UTC.
const NOW: UnixMs = UnixMs(1_772_360_100_000);
const LINK: &str = "https://keys.example.com/invitation#kwl_0123456789abcdefghijklmnopqrstuvwxyzABCD";
/// Text that careless templates stumble over.
const NASTY: &str = "\"a\" \\ {{ b }} {% c %}\r\nBcc: x@y.z\u{2028}é'</td><script>";

/// A mail with made-up facts.
pub(super) struct Sample {
    pub(super) notice: Raised,
    pub(super) reader: Reader,
    pub(super) link: Option<String>,
    pub(super) now: UnixMs,
}

/// Every kind in an API's words, as mails; in the words of none when it is not configured.
pub fn looks(config: &Config, api: &str, zone: &str) -> Vec<(Kind, Letter)> {
    let built_in = Templates::default();
    let templates = config.mail.as_ref().map_or(&built_in, |mail| &mail.templates);
    let words = config.api(api).map(|setup| setup.words.clone()).unwrap_or_default();
    let reader = Reader::new(&words, Some("Acme Corp".into()), Some(zone), Some("https://keys.example.com".into()));
    let letter = |kind: &Kind| {
        let reader = match kind {
            Kind::PasswordReset | Kind::UnknownKeys => Reader::operator(reader.home.clone()),
            _ => reader.clone(),
        };
        let sample = Sample::new(*kind, all_facts(*kind), reader);
        (*kind, templates.write(&sample.notice, &sample.reader, sample.link.as_deref(), sample.now))
    };
    Kind::ALL.iter().map(letter).collect()
}

/// Every kind: with all facts, with none, and with nasty ones.
pub(super) fn samples() -> Vec<Sample> {
    let home = Some("https://keys.example.com".to_owned());
    let reader = Reader::new(&BTreeMap::new(), Some("Acme Corp".into()), Some("Europe/Berlin"), home);
    let of = |kind: &Kind| {
        let bare = Sample::new(*kind, json!({}), Reader::operator(None));
        let nasty = Sample::new(*kind, spoilt(all_facts(*kind)), reader.clone());
        [Sample::new(*kind, all_facts(*kind), reader.clone()), bare, nasty]
    };
    Kind::ALL.iter().flat_map(of).collect()
}

impl Sample {
    fn new(kind: Kind, facts: Value, reader: Reader) -> Self {
        let (account, key, person) = (None, None, None);
        let notice = Raised { id: NoticeId::new(Uuid::nil()), kind, account, key, person, facts, at: NOW };
        let link = matches!(kind, Kind::Invitation | Kind::PasswordReset).then(|| LINK.to_owned());
        Self { notice, reader, link, now: NOW }
    }
}

/// The same with every text in it nasty.
fn spoilt(facts: Value) -> Value {
    match facts {
        Value::Object(members) => members.into_iter().map(|(name, value)| (name, spoilt(value))).collect(),
        Value::Array(items) => items.into_iter().map(spoilt).collect(),
        Value::String(_) => NASTY.into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => facts,
    }
}

fn all_facts(kind: Kind) -> Value {
    let after = |ms: i64| NOW.plus(ms).rfc3339();
    let expires = match kind {
        Kind::KeyExpired => after(0),
        _ => after(7 * DAY_MS),
    };
    let key = json!({
        "name": "Order import", "hint": "kw_live_…x7Qa", "environment": "live", "kind": "account",
        "expires_at": expires,
    });
    let person = json!({ "name": "Grace Hopper", "role": "Developer" });
    let (by, account) = ("Ada Lovelace", "Acme Corp");
    match kind {
        Kind::KeyCreated | Kind::KeyRevealed | Kind::KeyPickedUp => json!({ "account": account, "key": key, "by": by }),
        Kind::KeyExpiring => json!({ "account": account, "key": key, "days": 7 }),
        Kind::KeyExpired => json!({ "account": account, "key": key }),
        Kind::KeyRevoked => json!({ "account": account, "key": key, "by": by, "reason": "No longer in use" }),
        Kind::KeyRotated => json!({ "account": account, "key": key, "by": by, "overlap_until": after(3 * DAY_MS) }),
        Kind::KeyExposed => json!({
            "account": account, "key": key, "how": "published", "by": "GitHub", "done": "contain",
            "url": "https://github.com/acme/orders/blob/main/import.py#L12",
        }),
        Kind::LimitReached => json!({
            "account": account, "key": key, "limit": "monthly", "percent": 95, "used": 95_120, "budget": 100_000,
            "resets_at": after(12 * DAY_MS),
        }),
        Kind::UnknownKeys => json!({ "api": "shop", "address": "198.51.100.7", "count": 1_284, "minutes": 5 }),
        Kind::RevokedKeyUsed => json!({ "account": account, "key": key, "address": "198.51.100.7", "count": 37 }),
        Kind::PersonAdded | Kind::PersonJoined | Kind::PersonChanged | Kind::PersonRemoved => {
            json!({ "account": account, "person": person, "by": by })
        }
        Kind::Invitation => {
            json!({ "account": account, "role": "Developer", "by": by, "expires_at": after(7 * DAY_MS) })
        }
        Kind::PasswordReset => json!({ "expires_at": after(HOUR_MS / 2) }),
        Kind::WebhookDisabled => json!({
            "account": account, "url": "https://hooks.example.com/keyward", "since": after(-5 * DAY_MS),
            "why": "it answered 500 to every one of 212 deliveries",
        }),
        Kind::Digest => digest(account),
    }
}

fn digest(account: &str) -> Value {
    let item = |kind: Kind, ago: i64| json!({ "kind": kind.as_str(), "at": NOW.plus(-ago).rfc3339(), "facts": all_facts(kind) });
    let items =
        [item(Kind::KeyExpiring, HOUR_MS), item(Kind::KeyCreated, 5 * HOUR_MS), item(Kind::PersonJoined, 20 * HOUR_MS)];
    json!({ "account": account, "items": items })
}
