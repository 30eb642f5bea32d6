//! Keys as people read them.

use std::io;

use jiff::Timestamp;
use keyward_sdk::wire::{Environment, Key, KeyWithSecret, Kind, Pickup, SecretInfo, Standing};

use crate::output::{Cell, Output, Tone};
use crate::terms::{show_limit, show_quota};
use crate::when::relative;

/// A list of keys.
pub(crate) fn table(keys: &[Key], output: Output) -> io::Result<()> {
    let now = Timestamp::now();
    let row = |key: &Key| {
        vec![
            Cell::from(key.id.clone()),
            Cell::maybe(key.name.as_ref()),
            key.api.clone().into(),
            kind(key).into(),
            environment(key).into(),
            standing(key),
            expiry(key, now),
            Cell::maybe(last_use(key, now)),
            Cell::new(key.secrets.first().map_or("", |secret| &secret.hint), Tone::Quiet),
        ]
    };
    let headings = ["ID", "NAME", "API", "KIND", "ENVIRONMENT", "STATUS", "EXPIRES", "LAST USED", "HINT"];
    output.table(&headings, &keys.iter().map(row).collect::<Vec<_>>())
}

/// One key.
pub(crate) fn key(key: &Key, output: Output) -> io::Result<()> {
    let now = Timestamp::now();
    let limits: Vec<String> = key.limits.iter().map(show_limit).collect();
    let quotas: Vec<String> = key.quotas.iter().map(show_quota).collect();
    let mut facts = vec![
        ("id", Cell::from(key.id.clone())),
        ("name", Cell::maybe(key.name.as_ref())),
        ("status", standing(key)),
        ("expires", expiry(key, now)),
        ("api", key.api.clone().into()),
        ("account", key.account_id.clone().into()),
        ("kind", kind(key).into()),
        ("environment", environment(key).into()),
        ("scopes", Cell::list(&key.scopes)),
    ];
    let optional = [
        ("person", key.person_id.clone()),
        ("addresses", (!key.addresses.is_empty()).then(|| key.addresses.join(" "))),
        ("limits", (!limits.is_empty()).then(|| limits.join(" "))),
        ("quotas", (!quotas.is_empty()).then(|| quotas.join(" "))),
        ("plan", key.plan.clone()),
        ("external id", key.external_id.clone()),
        ("metadata", key.metadata.as_ref().map(ToString::to_string)),
        (
            "to be picked up by",
            key.pickup_by.as_ref().map(|by| by.recipient.clone().unwrap_or_else(|| "somebody".into())),
        ),
        ("link ends", key.pickup_by.as_ref().and_then(|by| Some(relative(by.link_expires_at.as_ref()?, now)))),
        ("tags", (!key.tags.is_empty()).then(|| key.tags.join(" "))),
        ("reminded again", key.snoozed_until.as_ref().map(|until| relative(until, now))),
        ("contacts", (!key.contacts.is_empty()).then(|| key.contacts.join(" "))),
    ];
    facts.extend(optional.into_iter().filter_map(|(name, value)| Some((name, Cell::from(value?)))));
    facts.extend(key.secrets.iter().map(|known| secret(known, now)));
    facts.push(("created", format!("{} by {}", relative(&key.created_at, now), key.created_by).into()));
    facts.push(("version", key.version.to_string().into()));
    output.facts(&facts)
}

/// One key with the secret that was just made or may be seen.
pub(crate) fn with_secret(shown: &KeyWithSecret, output: Output) -> io::Result<()> {
    if let Some(pickup) = &shown.pickup {
        return sent(&shown.key, pickup, output);
    }
    key(&shown.key, output)?;
    let Some(secret) = &shown.secret else {
        if shown.key.standing == Standing::Pending {
            output.remark("Somebody else must approve it: keyward keys approve. Then collect its secret.");
            return Ok(());
        }
        output.remark("The secret was in the first answer to this request; if it is lost, rotate the key.");
        return Ok(());
    };
    output.line("")?;
    output.line(output.paint(secret.expose(), Tone::Heading))?;
    output.remark("");
    output.remark(
        output.paint_stderr("Copy the secret now, and keep it where only its user can read it.", Tone::Careful),
    );
    Ok(())
}

/// One key with the link to pick up its secret with.
pub(crate) fn sent(shown: &Key, pickup: &Pickup, output: Output) -> io::Result<()> {
    key(shown, output)?;
    output.line("")?;
    output.line(output.paint(pickup.link.expose(), Tone::Heading))?;
    output.remark("");
    let until = relative(&pickup.expires_at, Timestamp::now());
    let told = format!("Send this link: it shows the secret once, to whoever opens it first, and ends {until}.");
    output.remark(output.paint_stderr(&told, Tone::Careful));
    Ok(())
}

/// A key that is no more.
pub(crate) fn gone(
    key_id: &str,
    account_id: &str,
    name: Option<&str>,
    reason: &str,
    at: &str,
    output: Output,
) -> io::Result<()> {
    let what = if reason == "deleted" { "a key that was deleted" } else { "a key whose secret was replaced since" };
    output.line(format_args!("This was the secret of {what}"))?;
    output.facts(&[
        ("id", key_id.into()),
        ("name", Cell::maybe(name)),
        ("account", account_id.into()),
        (if reason == "deleted" { "deleted" } else { "replaced" }, relative(at, Timestamp::now()).into()),
    ])
}

fn secret(secret: &SecretInfo, now: Timestamp) -> (&'static str, Cell) {
    let at = |at: Option<&String>| at.map(|at| relative(at, now));
    let used = match (at(secret.first_used_at.as_ref()), at(secret.last_used_at.as_ref())) {
        (_, None) => "never used".to_owned(),
        (Some(first), Some(last)) if first != last => format!("used {last}, first {first}"),
        (_, Some(last)) => format!("used {last}"),
    };
    match &secret.until {
        None => ("secret", format!("{}  {used}", secret.hint).into()),
        Some(until) => {
            let text = format!("{}  {used}, ends {}", secret.hint, relative(until, now));
            ("old secret", Cell::new(text, Tone::Careful))
        }
    }
}

fn last_use(key: &Key, now: Timestamp) -> Option<String> {
    let uses = key.secrets.iter().filter_map(|secret| secret.last_used_at.as_deref());
    let latest = uses.filter_map(|at| at.parse::<Timestamp>().ok()).max()?;
    Some(relative(&latest.to_string(), now))
}

fn expiry(key: &Key, now: Timestamp) -> Cell {
    key.expires_at.as_ref().map_or_else(|| Cell::new("never", Tone::Quiet), |at| relative(at, now).into())
}

const fn kind(key: &Key) -> &'static str {
    match key.kind {
        Kind::Account => "account",
        Kind::Personal => "personal",
    }
}

const fn environment(key: &Key) -> &'static str {
    match key.environment {
        Environment::Live => "live",
        Environment::Test => "test",
    }
}

fn standing(key: &Key) -> Cell {
    let (word, tone) = match key.standing {
        Standing::Active => ("active", Tone::Good),
        Standing::ExpiringSoon => ("expiring soon", Tone::Careful),
        Standing::Expired => ("expired", Tone::Bad),
        Standing::Disabled => ("disabled", Tone::Careful),
        Standing::Revoked => ("revoked", Tone::Bad),
        Standing::Pending => ("pending", Tone::Careful),
        Standing::AwaitingPickup => ("awaiting pick-up", Tone::Careful),
    };
    Cell::new(word, tone)
}
