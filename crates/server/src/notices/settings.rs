//! What an account wants to be told. Whatever it has not said is as the program's defaults have it, also when those
//! change.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use keyward_core::ids::AccountId;
use keyward_core::time::UnixMs;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Kind, store};
use crate::accounts;
use crate::app::App;
use crate::audit::differences;
use crate::changes::{Actor, AuditEvent, Reach, Touched, Tx};
use crate::db::Conn;
use crate::keys;
use crate::operation::{Findings, OpError, damaged};

/// How many days before its end a key is told of (row r27).
const EXPIRY_DAYS: [u32; 3] = [30, 7, 1];
/// At which parts of a limit, in percent, it is told of.
pub const PERCENTS: [u8; 3] = [80, 95, 100];
/// When the daily digest goes out, in the account's time zone.
const DIGEST_HOUR: i8 = 8;
const EXPIRY_DAYS_MAX: u32 = 365;
/// Most days before an expiry, and most parts of a limit, that an account can name.
const MARKS_MAX: usize = 10;

/// What an account has said; `None`, or a kind that is missing: as the defaults have it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Whether each kind is mailed.
    #[serde(default)]
    pub mail: BTreeMap<String, bool>,
    /// How many days before its end a key is told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry_days: Option<Vec<u32>>,
    /// At which parts of a limit, in percent, it is told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_percents: Option<Vec<u8>>,
    /// The zone of times in mails, such as `Europe/Berlin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// At which hour the daily digest goes out there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest_hour: Option<i8>,
}

/// An account's settings as they are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeptSettings {
    /// What it has said.
    pub settings: Settings,
    /// Grows with every change; 0 until the first.
    pub version: i64,
}

impl Settings {
    /// Whether this kind is mailed to the account's people.
    pub fn mails(&self, kind: Kind) -> bool {
        self.mail.get(kind.as_str()).copied().unwrap_or(kind.is_mailed()) || !kind.is_chosen()
    }

    /// Days before an expiry, the most first.
    pub fn expiry_days(&self) -> Vec<u32> {
        self.expiry_days.clone().unwrap_or_else(|| EXPIRY_DAYS.to_vec())
    }

    /// Parts of a limit in percent, the least first.
    pub fn limit_percents(&self) -> Vec<u8> {
        self.limit_percents.clone().unwrap_or_else(|| PERCENTS.to_vec())
    }

    /// The hour of the digest.
    pub fn digest_hour(&self) -> i8 {
        self.digest_hour.unwrap_or(DIGEST_HOUR)
    }

    /// When the next daily digest goes out: never within the present instant, so that a day has one.
    pub(super) fn next_digest(&self, now: UnixMs) -> UnixMs {
        let zone = self.time_zone.as_deref().and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
        let found = jiff::Timestamp::from_millisecond(now.0).ok().and_then(|at| {
            let at = at.to_zoned(zone.clone());
            let on = |date: jiff::civil::Date| date.at(self.digest_hour(), 0, 0, 0).to_zoned(zone.clone()).ok();
            let today = on(at.date()).filter(|today| *today > at);
            today.or_else(|| on(at.date().tomorrow().ok()?))
        });
        // Only at the end of the calendar is there no next day.
        found.map_or(now, |at| UnixMs(at.timestamp().as_millisecond()))
    }
}

/// What an account wants to be told.
pub async fn settings(app: &App, reach: Reach, account: AccountId) -> Result<KeptSettings, OpError> {
    let account = accounts::get(app, reach, account).await?;
    kept(&mut app.db.conn().await?, account.id).await
}

/// What an account has said, on a connection in hand.
pub async fn settings_in(conn: &mut Conn, account: AccountId) -> Result<Settings, OpError> {
    Ok(kept(conn, account).await?.settings)
}

async fn kept(conn: &mut Conn, account: AccountId) -> Result<KeptSettings, OpError> {
    let Some((text, version)) = store::settings(conn, account).await? else { return Ok(KeptSettings::default()) };
    let settings = serde_json::from_str(&text).map_err(|_| damaged("an account's notice settings"))?;
    Ok(KeptSettings { settings, version })
}

/// Sets what an account wants to be told, as a whole. Other days before an expiry count for its keys from now on.
pub async fn set(
    app: &App,
    reach: Reach,
    actor: Actor,
    account: AccountId,
    settings: Settings,
    if_version: Option<i64>,
) -> Result<KeptSettings, OpError> {
    app.changes
        .run(actor, move |tx| Box::pin(async move { set_in(tx, reach, account, settings, if_version).await }))
        .await
}

async fn set_in(
    tx: &mut Tx,
    reach: Reach,
    account: AccountId,
    settings: Settings,
    if_version: Option<i64>,
) -> Result<KeptSettings, OpError> {
    let account = accounts::lock(tx, reach, account).await?.id;
    let before = kept(tx.conn(), account).await?;
    if if_version.is_some_and(|version| version != before.version) {
        return Err(OpError::PreconditionFailed);
    }
    let settings = checked(settings)?;
    if settings == before.settings {
        return Ok(before);
    }
    let after = KeptSettings { settings, version: before.version + 1 };
    let (was, is) = (facts(&before.settings), facts(&after.settings));
    store::save_settings(tx.conn(), account, &is.to_string(), after.version).await?;
    if after.settings.expiry_days() != before.settings.expiry_days() {
        keys::remind_anew(tx, account).await?;
    }
    tx.touch(Touched::Other, account.to_string());
    let (was, is) = differences(was, is);
    tx.audit(AuditEvent {
        action: "notices.set",
        subject: account.to_string(),
        account: Some(account),
        before: Some(was),
        after: Some(is),
    });
    Ok(after)
}

fn facts(settings: &Settings) -> Value {
    serde_json::to_value(settings).unwrap_or_default()
}

/// The settings with their lists in order, each number once.
fn checked(settings: Settings) -> Result<Settings, OpError> {
    let mut findings = Findings::default();
    for word in settings.mail.keys() {
        super::choices::check_kind("/mail", word, &mut findings);
    }
    let expiry_days = settings.expiry_days.map(|mut days| {
        days.sort_unstable_by(|a, b| b.cmp(a));
        days.dedup();
        if days.len() > MARKS_MAX || days.iter().any(|day| !(1..=EXPIRY_DAYS_MAX).contains(day)) {
            let bound = format!("at most {MARKS_MAX} whole numbers of days from 1 to {EXPIRY_DAYS_MAX}");
            findings.note("/expiry_days", bound);
        }
        days
    });
    let limit_percents = settings.limit_percents.map(|mut percents| {
        percents.sort_unstable();
        percents.dedup();
        if let Some(odd) = percents.iter().find(|percent| !PERCENTS.contains(percent)) {
            findings.note("/limit_percents", format!("some of 80, 95 and 100, not {odd}"));
        }
        percents
    });
    if let Some(zone) = &settings.time_zone
        && TimeZone::get(zone).is_err()
    {
        findings.note("/time_zone", "the name of a time zone such as Europe/Berlin");
    }
    if settings.digest_hour.is_some_and(|hour| !(0..=23).contains(&hour)) {
        findings.note("/digest_hour", "a whole number from 0 to 23");
    }
    findings.done()?;
    Ok(Settings { expiry_days, limit_percents, ..settings })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-03-01T10:15:00Z, a Sunday.
    const NOW: UnixMs = UnixMs(1_772_360_100_000);

    fn in_zone(zone: &str, hour: i8) -> Settings {
        Settings { time_zone: Some(zone.into()), digest_hour: Some(hour), ..Settings::default() }
    }

    #[test]
    fn the_digest_goes_out_at_its_hour_where_the_account_is() {
        let next = |settings: Settings, now| settings.next_digest(now).rfc3339();
        assert_eq!(next(Settings::default(), NOW), "2026-03-02T08:00:00Z");
        assert_eq!(next(in_zone("Asia/Kolkata", 16), NOW), "2026-03-01T10:30:00Z");
        assert_eq!(next(in_zone("Asia/Kolkata", 15), NOW), "2026-03-02T09:30:00Z");
        // The hour that a clock skips in spring comes all the same, and one that it repeats comes once.
        let spring = UnixMs::parse_rfc3339("2026-03-29T00:30:00Z").unwrap_or(NOW);
        assert_eq!(next(in_zone("Europe/Berlin", 2), spring), "2026-03-29T01:00:00Z");
        let autumn = UnixMs::parse_rfc3339("2026-10-25T00:10:00Z").unwrap_or(NOW);
        assert_eq!(next(in_zone("Europe/Berlin", 2), autumn), "2026-10-26T01:00:00Z");
    }

    #[test]
    fn a_digest_is_never_due_at_once() {
        let eight = UnixMs::parse_rfc3339("2026-03-02T08:00:00Z").unwrap_or(NOW);
        assert_eq!(Settings::default().next_digest(eight).rfc3339(), "2026-03-03T08:00:00Z");
    }

    #[test]
    fn what_is_not_said_is_as_the_defaults_have_it() {
        let settings = Settings::default();
        assert!(settings.mails(Kind::KeyExpiring) && !settings.mails(Kind::PersonAdded));
        let settings = Settings {
            mail: [("key.expiring".into(), false), ("person.added".into(), true), ("invitation".into(), false)].into(),
            ..settings
        };
        assert!(!settings.mails(Kind::KeyExpiring) && settings.mails(Kind::PersonAdded));
        assert!(settings.mails(Kind::Invitation), "nobody can switch off what is for one person alone");
    }

    #[test]
    fn lists_are_kept_in_order_and_each_once() {
        let settings = Settings { expiry_days: Some(vec![1, 60, 7, 7]), ..Settings::default() };
        assert_eq!(checked(settings).map(|settings| settings.expiry_days()).ok(), Some(vec![60, 7, 1]));
        for (wrong, pointer) in [
            (Settings { expiry_days: Some(vec![0]), ..Settings::default() }, "/expiry_days"),
            (Settings { limit_percents: Some(vec![50]), ..Settings::default() }, "/limit_percents"),
            (Settings { time_zone: Some("Mars/Olympus".into()), ..Settings::default() }, "/time_zone"),
            (Settings { digest_hour: Some(24), ..Settings::default() }, "/digest_hour"),
            (Settings { mail: [("key.eaten".into(), true)].into(), ..Settings::default() }, "/mail/key.eaten"),
        ] {
            let Err(OpError::Invalid(fields)) = checked(wrong) else { panic!("{pointer}") };
            assert_eq!(fields[0].pointer, pointer);
        }
    }
}
