//! What templates are given: a notice's facts in the words and the time zone of whom they are for. Whatever is not
//! known is an empty text, so that no template stumbles over it.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use keyward_core::time::UnixMs;
use minijinja::value::Serde;
use minijinja::{Value as Shown, context};
use serde::Serialize;
use serde_json::Value;

use super::letter::is_plain;
use crate::notices::{Kind, Raised};

/// Most letters of one fact.
const FACT_CHARS_MAX: usize = 300;
/// Most notices that a digest lists.
pub(super) const ITEMS_MAX: usize = 100;
/// What things are called where no API says it.
const WORDS: [(&str, &str); 7] = [
    ("key", "key"),
    ("keys", "keys"),
    ("personal_key", "personal key"),
    ("keys_page", "API keys"),
    ("account_page", "Account"),
    ("people_page", "People"),
    ("secret", "API key"),
];

/// Whom a mail is for.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    pub(super) words: BTreeMap<String, String>,
    pub(super) account: Option<String>,
    pub(super) zone: TimeZone,
    pub(super) home: Option<String>,
    /// Names of those who did something, by who they are to the audit.
    pub(super) names: BTreeMap<String, String>,
}

impl Reader {
    /// Somebody of an account. A time zone that is unknown is UTC.
    pub(super) fn new(
        words: &BTreeMap<String, String>,
        account: Option<String>,
        zone: Option<&str>,
        home: Option<String>,
    ) -> Self {
        let word = |(name, default): (&str, &str)| {
            (name.to_owned(), words.get(name).cloned().unwrap_or_else(|| default.to_owned()))
        };
        let zone = zone.and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
        Self { words: WORDS.into_iter().map(word).collect(), account, zone, home, names: BTreeMap::new() }
    }

    /// Whoever runs the deployment.
    pub(super) fn operator(home: Option<String>) -> Self {
        Self::new(&BTreeMap::new(), None, None, home)
    }

    fn word<'a>(&'a self, name: &'a str) -> &'a str {
        self.words.get(name).map_or(name, String::as_str)
    }

    /// An instant of the facts, in the reader's zone.
    fn zoned(&self, text: &str) -> Option<Zoned> {
        text.parse::<Timestamp>().ok().map(|at| at.to_zoned(self.zone.clone()))
    }
}

/// An instant as people read it.
#[derive(Debug, Clone, Default, Serialize)]
struct When {
    /// `Thursday, 22 October 2026, 14:30 CEST`
    at: String,
    /// `Thursday, 22 October 2026`
    day: String,
    /// `today`, `tomorrow`, `in 7 days`; empty when it is over.
    left: String,
    is_over: bool,
}

/// One line of a mail's table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Row {
    pub(super) label: String,
    pub(super) value: String,
}

/// A notice's facts, ready for templates.
pub(super) struct Facts<'a> {
    pub(super) reader: &'a Reader,
    pub(super) kind: Kind,
    raw: &'a Value,
    raised_at: UnixMs,
    now: UnixMs,
}

impl<'a> Facts<'a> {
    pub(super) fn of(notice: &'a Raised, reader: &'a Reader, now: UnixMs) -> Self {
        Self { reader, kind: notice.kind, raw: &notice.facts, raised_at: notice.at, now }
    }

    /// One of a digest's notices.
    pub(super) fn item(&self, item: &'a Value) -> Option<Self> {
        let word = item.get("kind")?.as_str()?;
        let kind = Kind::ALL.iter().copied().find(|kind| kind.as_str() == word)?;
        let raised_at = item.get("at").and_then(Value::as_str).and_then(UnixMs::parse_rfc3339);
        let raw = item.get("facts").unwrap_or(&Value::Null);
        Some(Self { reader: self.reader, kind, raw, raised_at: raised_at.unwrap_or(self.raised_at), now: self.now })
    }

    pub(super) fn items(&self) -> &'a [Value] {
        let all = self.raw.get("items").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        &all[..all.len().min(ITEMS_MAX)]
    }

    /// The fact at a path such as `key/name`, as text: empty where there is none.
    fn text(&self, path: &str) -> String {
        let text = match self.raw.pointer(&format!("/{path}")) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => grouped(&number.to_string()),
            Some(Value::Bool(is)) => (if *is { "yes" } else { "no" }).into(),
            Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => return String::new(),
        };
        text.chars().map(|letter| if is_plain(letter) { letter } else { ' ' }).take(FACT_CHARS_MAX).collect()
    }

    /// Who did it, by name.
    fn by(&self) -> String {
        let who = self.text("by");
        self.reader.names.get(&who).cloned().unwrap_or(who)
    }

    /// Whose report it was that a secret was found.
    fn reported_by(&self) -> String {
        if self.kind == Kind::KeyExposed { self.by() } else { String::new() }
    }

    fn when(&self, path: &str) -> When {
        self.reader.zoned(&self.text(path)).map(|at| self.shown(&at)).unwrap_or_default()
    }

    pub(super) fn raised(&self) -> String {
        self.reader.zoned(&self.raised_at.rfc3339()).map(|at| self.shown(&at).at).unwrap_or_default()
    }

    fn shown(&self, at: &Zoned) -> When {
        let now = self.reader.zoned(&self.now.rfc3339());
        let days = now.as_ref().map_or(0, |now| at.date().duration_since(now.date()).as_hours() / 24);
        let is_over = now.is_some_and(|now| *at <= now);
        let left = match days {
            _ if is_over => String::new(),
            ..=0 => "today".into(),
            1 => "tomorrow".into(),
            days => format!("in {days} days"),
        };
        When {
            at: at.strftime("%A, %-d %B %Y, %H:%M %Z").to_string(),
            day: at.strftime("%A, %-d %B %Y").to_string(),
            left,
            is_over,
        }
    }

    fn account(&self) -> String {
        let said = self.text("account");
        if said.is_empty() { self.reader.account.clone().unwrap_or_default() } else { said }
    }

    /// What kind of key it is, in the preset's words.
    fn what(&self) -> &str {
        let is_personal = self.raw.pointer("/key/kind").and_then(Value::as_str) == Some("personal");
        self.reader.word(if is_personal { "personal_key" } else { "key" })
    }

    /// `passcode “Server”`, or its hint where it has no name.
    fn called(&self) -> String {
        match (self.text("key/name").as_str(), self.text("key/hint").as_str()) {
            ("", "") => self.what().to_owned(),
            ("", hint) => format!("{} {hint}", self.what()),
            (name, _) => format!("{} “{name}”", self.what()),
        }
    }

    /// What a template sees.
    pub(super) fn context(&self, link: Option<&str>) -> Shown {
        let text = |path: &str| self.text(path);
        context! {
            kind => self.kind.as_str(),
            words => self.reader.words.clone(),
            account => self.account(),
            by => self.by(),
            key => context! {
                what => self.what(),
                called => self.called(),
                name => text("key/name"),
                hint => text("key/hint"),
                environment => text("key/environment"),
                state => text("key/state"),
                expires => Serde(self.when("key/expires_at")),
            },
            person => context! { name => text("person/name"), role => text("person/role") },
            facts => Serde(self.raw),
            said => context! {
                limit => text("limit"), percent => text("percent"), used => text("used"), budget => text("budget"),
                address => text("address"), count => text("count"), minutes => text("minutes"),
                how => text("how"), api => text("api"), place => text("url"), reported_by => self.reported_by(), done => text("done"),
                url => text("url"), why => text("why"), reason => text("reason"), role => text("role"),
            },
            expires => Serde(self.when("expires_at")),
            overlap => Serde(self.when("overlap_until")),
            resets => Serde(self.when("resets_at")),
            since => Serde(self.when("since")),
            at => self.raised(),
            link => link.unwrap_or_default(),
            home => self.reader.home.clone().unwrap_or_default(),
            items_count => self.items().len(),
        }
    }

    /// The table of a mail: what is known, in the same order for every kind.
    pub(super) fn rows(&self) -> Vec<Row> {
        let what = capital(self.what());
        let key = match (self.text("key/name"), self.text("key/hint")) {
            (name, hint) if name.is_empty() || hint.is_empty() => name + &hint,
            (name, hint) => format!("{name} ({hint})"),
        };
        let used = match (self.text("used"), self.text("budget")) {
            (used, budget) if used.is_empty() || budget.is_empty() => used + &budget,
            (used, budget) => format!("{used} of {budget}"),
        };
        let key_expires = self.when("key/expires_at");
        if self.kind == Kind::Digest {
            return vec![];
        }
        let tells_end = matches!(self.kind, Kind::KeyCreated | Kind::KeyExpiring | Kind::KeyExpired | Kind::KeyRotated);
        let has_link = matches!(self.kind, Kind::Invitation | Kind::PasswordReset);
        let is_of_now = has_link || matches!(self.kind, Kind::KeyExpiring | Kind::KeyExpired);
        let all = [
            (self.reader.word("account_page"), self.account()),
            (&what, key),
            ("Environment", self.text("key/environment")),
            (
                if key_expires.is_over { "Expired" } else { "Expires" },
                if tells_end { key_expires.at } else { String::new() },
            ),
            ("Old secret until", self.when("overlap_until").at),
            ("Person", self.text("person/name")),
            ("Role", self.text("person/role") + &self.text("role")),
            ("Limit", self.text("limit")),
            ("Used", used),
            ("Whole again", self.when("resets_at").at),
            ("API", self.text("api")),
            ("From address", self.text("address")),
            ("Requests", self.text("count")),
            ("Found at", if self.kind == Kind::KeyExposed { self.text("url") } else { String::new() }),
            ("Reported by", self.reported_by()),
            ("Endpoint", if self.kind == Kind::WebhookDisabled { self.text("url") } else { String::new() }),
            ("Failing since", self.when("since").at),
            ("Reason", self.text("reason") + &self.text("why")),
            ("By", if self.kind == Kind::KeyExposed { String::new() } else { self.by() }),
            ("Works until", if has_link { self.when("expires_at").at } else { String::new() }),
            ("When", if is_of_now { String::new() } else { self.raised() }),
        ];
        let row = |(label, value): (&str, String)| Row { label: label.to_owned(), value };
        all.into_iter().map(row).filter(|row| !row.value.is_empty()).collect()
    }
}

/// `1234567` as `1,234,567`.
fn grouped(digits: &str) -> String {
    if digits.len() < 5 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return digits.to_owned();
    }
    let head = digits.len() % 3;
    let mut text = digits[..head].to_owned();
    for (place, digit) in digits[head..].chars().enumerate() {
        if place % 3 == 0 && !text.is_empty() {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// With its first letter as a capital.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: UnixMs = UnixMs(1_772_360_100_000); // Sunday, 1 March 2026, 10:15 UTC

    fn when(at: &str, zone: &str) -> When {
        let reader = Reader::new(&BTreeMap::new(), None, Some(zone), None);
        let raised = Raised {
            id: "ntc_01900000000070008000000000000001".parse().unwrap(),
            kind: Kind::KeyExpiring,
            account: None,
            key: None,
            person: None,
            facts: json!({ "expires_at": at }),
            at: NOW,
        };
        Facts::of(&raised, &reader, NOW).when("expires_at")
    }

    #[test]
    fn instants_are_shown_in_the_readers_zone_with_the_weekday() {
        let at = |zone: &str| when("2026-03-31T23:30:00Z", zone).at;
        assert_eq!(at("UTC"), "Tuesday, 31 March 2026, 23:30 UTC");
        assert_eq!(at("Europe/Berlin"), "Wednesday, 1 April 2026, 01:30 CEST");
        assert_eq!(at("America/New_York"), "Tuesday, 31 March 2026, 19:30 EDT");
        assert_eq!(at("Mars/Base"), at("UTC"), "an unknown zone is UTC");
    }

    #[test]
    fn days_left_are_those_of_the_readers_calendar() {
        let left = |at: &str| when(at, "UTC").left;
        assert_eq!(left("2026-03-08T10:15:00Z"), "in 7 days");
        assert_eq!(left("2026-03-02T00:01:00Z"), "tomorrow");
        assert_eq!(left("2026-03-01T23:59:00Z"), "today");
        assert_eq!(left("2026-03-01T10:15:00Z"), "");
        assert_eq!(when("2026-03-02T00:01:00Z", "America/New_York").left, "today");
        assert_eq!(left("nonsense"), "");
    }

    #[test]
    fn long_numbers_are_grouped() {
        assert_eq!(["1", "1234", "12345", "1234567"].map(grouped), ["1", "1234", "12,345", "1,234,567"]);
    }
}
