//! What is better tidied up: keys that nobody uses, that never end, that work from anywhere or may do more than they
//! ever did; rotations that wait to be completed; and what still arrives with keys that are over.
//!
//! Nothing here changes a key by itself. Making one smaller is an ordinary edit, with its rules and its dry run. What
//! can't be known is not claimed: a scope counts as needed wherever it might have been.

mod routes;
mod scopes;

use std::collections::HashMap;

use keyward_core::ids::{AccountId, KeyId};
use keyward_core::key::KeyState;
use keyward_core::time::{DAY_MS, UnixMs};

use crate::accounts;
use crate::app::App;
use crate::changes::{Actor, Reach};
use crate::keys::{self, Deed, Impact, KeyEdit, KeyFilter, KeyView, Sight};
use crate::operation::{OpError, Page};
use crate::usage::{self, Counted, Life};

pub use routes::routes;

/// Most keys of an account that are looked at, so many at a time.
const KEYS_MAX: usize = 10_000;
const PAGE: u32 = 200;
/// Most keys of each part of a report.
const FOUND_MAX: usize = 500;
/// Longest and shortest idleness that can be asked for, in days.
const IDLE_DAYS_MAX: u32 = 3_650;
/// An old secret that was not used for so long is not missed.
const QUIET_MS: i64 = DAY_MS;

/// What should be tidied up in an account.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The account.
    pub account: AccountId,
    /// Keys that can be used and of which there is something to say, newest first.
    pub keys: Vec<Found>,
    /// What came lately with keys and secrets that are over, most requests first.
    pub arriving: Vec<Arriving>,
    /// What came lately with the account's id and secrets that never were anybody's; the last of each by its day.
    pub unknown: Vec<Counted>,
    /// Whether there may be more than is told.
    pub more: bool,
}

/// A key of which there is something to say.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// It.
    pub key: KeyView,
    /// When it was first accepted.
    pub first_used_at: Option<UnixMs>,
    /// When one of its secrets was last accepted.
    pub last_used_at: Option<UnixMs>,
    /// It was not used for as long as was asked.
    pub idle: bool,
    /// It never ends.
    pub no_expiry: bool,
    /// It works from everywhere.
    pub no_addresses: bool,
    /// Scopes that it was never used for; empty where that can't be said.
    pub unused_scopes: Vec<String>,
    /// Its new secret is in use and its old one no longer: the rotation can be completed.
    pub rotation_done: bool,
}

/// Requests with a key or secret that is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Arriving {
    /// The key, which may be deleted.
    pub key: KeyId,
    /// Its name, where it is still there.
    pub name: Option<String>,
    /// What they were refused for: `key_revoked`, `invalid_credentials.deleted` and so on.
    pub outcome: Counted,
    /// Where it came from: its most frequent addresses.
    pub addresses: Vec<Counted>,
    /// What sent it.
    pub agents: Vec<Counted>,
}

/// The outcomes of what is over.
const OVER: [&str; 5] =
    ["key_revoked", "key_expired", "key_disabled", "invalid_credentials.deleted", "invalid_credentials.replaced"];
/// How many addresses and programs of such a key are told.
const CALLERS_TOLD: usize = 5;

/// What should be tidied up in an account. `idle_days` is also how far back "lately" reaches.
pub async fn report(
    app: &App,
    reach: Reach,
    actor: &Actor,
    account: AccountId,
    idle_days: u32,
) -> Result<Report, OpError> {
    if !(1..=IDLE_DAYS_MAX).contains(&idle_days) {
        return Err(OpError::field("/idle_days", format!("a whole number from 1 to {IDLE_DAYS_MAX}")));
    }
    let account = accounts::get(app, reach, account).await?;
    let sight = Sight::of(actor)?;
    let (lives, all_lives) = usage::lives(app, account.id).await?;
    let lives: HashMap<KeyId, Life> = lives.into_iter().map(|life| (life.key, life)).collect();
    let (keys, all_keys) = keys_of(app, account.id, sight).await?;
    let now = app.clock.now();
    let since = now.plus(-i64::from(idle_days) * DAY_MS);
    let setup = app.config.api(&account.api);
    let mut found = Vec::new();
    for key in keys.iter().filter(|key| is_in_force(key, now)) {
        let life = lives.get(&key.id);
        let unused = setup.and_then(|setup| scopes::unused(&setup.api, key, life?)).unwrap_or_default();
        let one = look(key, life, unused, since, now);
        if one.idle || one.no_expiry || one.no_addresses || one.rotation_done || !one.unused_scopes.is_empty() {
            found.push(one);
        }
    }
    let mut arriving = arriving(&lives, &keys, since, sight);
    let more = !all_lives || !all_keys || found.len() > FOUND_MAX || arriving.len() > FOUND_MAX;
    found.truncate(FOUND_MAX);
    arriving.truncate(FOUND_MAX);
    let unknown = if sight == Sight::All { usage::unknown_of(app, account.id, since).await? } else { vec![] };
    Ok(Report { account: account.id, keys: found, arriving, unknown, more })
}

async fn keys_of(app: &App, account: AccountId, sight: Sight) -> Result<(Vec<KeyView>, bool), OpError> {
    let filter = KeyFilter { account: Some(account), ..KeyFilter::default() };
    let Some(filter) = sight.narrow(filter) else { return Ok((vec![], true)) };
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let page = keys::list(app, Reach::Account(account), filter.clone(), Page { limit: PAGE, cursor }).await?;
        all.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() || all.len() >= KEYS_MAX {
            return Ok((all, cursor.is_none()));
        }
    }
}

fn is_in_force(key: &KeyView, now: UnixMs) -> bool {
    key.state == KeyState::Active && key.expires_at.is_none_or(|end| end > now)
}

fn look(key: &KeyView, life: Option<&Life>, unused_scopes: Vec<String>, since: UnixMs, now: UnixMs) -> Found {
    // Secrets are told apart by the key's own row, which is a few seconds behind.
    let by_secret = key.secrets.iter().filter_map(|secret| secret.last_used_at).max();
    let last_used_at = by_secret.max(life.and_then(|life| life.last_used_at));
    Found {
        first_used_at: life.and_then(|life| life.first_used_at),
        last_used_at,
        idle: key.created_at <= since && last_used_at.is_none_or(|at| at <= since),
        no_expiry: key.expires_at.is_none(),
        no_addresses: key.addresses.is_empty(),
        unused_scopes,
        rotation_done: rotation_is_done(key, now),
        key: key.clone(),
    }
}

fn rotation_is_done(key: &KeyView, now: UnixMs) -> bool {
    let [new, old] = key.secrets.as_slice() else { return false };
    let is_overlap = old.until.is_some_and(|until| until > now);
    let is_missed = old.last_used_at.is_some_and(|at| at > new.created_at && at > now.plus(-QUIET_MS));
    is_overlap && new.last_used_at.is_some() && !is_missed
}

fn arriving(lives: &HashMap<KeyId, Life>, keys: &[KeyView], since: UnixMs, sight: Sight) -> Vec<Arriving> {
    let listed: HashMap<KeyId, &KeyView> = keys.iter().map(|key| (key.id, key)).collect();
    let mut all = Vec::new();
    // Whoever sees personal keys only is told nothing of keys that are not listed any more.
    let shown = lives.values().filter(|life| sight == Sight::All || listed.contains_key(&life.key));
    for life in shown {
        let is_late =
            |outcome: &&Counted| OVER.contains(&outcome.name.as_str()) && outcome.last_at.is_some_and(|at| at > since);
        for outcome in life.outcomes.iter().filter(is_late) {
            let told = |met: &usage::Met| met.items.iter().take(CALLERS_TOLD).cloned().collect();
            all.push(Arriving {
                key: life.key,
                name: listed.get(&life.key).and_then(|key| key.name.clone()),
                outcome: outcome.clone(),
                addresses: told(&life.addresses),
                agents: told(&life.agents),
            });
        }
    }
    let order = |one: &Arriving| (std::cmp::Reverse(one.outcome.requests), one.key, one.outcome.name.clone());
    all.sort_by_key(order);
    all
}

/// Takes from a key the scopes it was never used for. An edit like any other.
pub async fn shrink(app: &App, reach: Reach, actor: Actor, id: KeyId) -> Result<KeyView, OpError> {
    let (edit, version) = smaller(app, reach, &actor, id).await?;
    keys::edit(app, reach, actor, id, edit, Some(version)).await
}

/// What that would do, without doing it.
pub async fn rehearse_shrink(app: &App, reach: Reach, actor: Actor, id: KeyId) -> Result<Impact, OpError> {
    let (edit, version) = smaller(app, reach, &actor, id).await?;
    keys::rehearse(app, reach, actor, id, Deed::Edit(Box::new(edit), Some(version))).await
}

/// The edit that leaves a key what it was used for.
async fn smaller(app: &App, reach: Reach, actor: &Actor, id: KeyId) -> Result<(KeyEdit, i64), OpError> {
    let key = keys::get(app, reach, id).await?;
    Sight::of(actor)?.holds(&key)?;
    let never = || OpError::conflict("never_used", "the key was never used: there is nothing to go by");
    let life = usage::life_of(app, id).await?.filter(|life| life.last_used_at.is_some()).ok_or_else(never)?;
    let setup = app.config.api(&key.api).ok_or(OpError::NotFound)?;
    let Some(unused) = scopes::unused(&setup.api, &key, &life) else {
        let why = "what the key needs can't be told: it was used on too many routes, or on some that are no longer \
                   configured, or the API declares none";
        return Err(OpError::conflict("use_not_known", why));
    };
    let kept = key.scopes.iter().filter(|scope| !unused.contains(scope)).cloned().collect();
    Ok((KeyEdit { scopes: Some(kept), ..KeyEdit::default() }, key.version))
}
