//! What keys were used for: in their whole lives, by whom, and many of them at once.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use keyward_core::ids::{AccountId, KeyId};
use keyward_core::time::{DAY_MS, HOUR_MS, UnixMs};

use super::cells::Cells;
use super::day::KeyDay;
use super::group::ALL_ROUTES;
use super::series::{Whole, whole};
use super::span::{AskedSpan, Span};
use super::store::{self, KeyRow, LIFE, Stretch};
use super::top::Counted;
use crate::app::App;
use crate::changes::Reach;
use crate::keys;
use crate::operation::{OpError, damaged};

/// Outcomes of what was never anybody's secret.
const NOBODYS: [&str; 3] =
    ["invalid_credentials.unknown", "invalid_credentials.checksum", "invalid_credentials.malformed"];
/// Most keys that are told of at once.
const KEYS_MAX: usize = 200;
/// Most keys of an account that are looked at.
pub(crate) const LIVES_MAX: i64 = 10_000;

/// What a key was used for since it was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Life {
    /// The key, which may be deleted by now.
    pub key: KeyId,
    /// All its requests, refused ones too.
    pub requests: u64,
    /// Those that were refused.
    pub refused: u64,
    /// When it was first accepted.
    pub first_used_at: Option<UnixMs>,
    /// When it was last accepted.
    pub last_used_at: Option<UnixMs>,
    /// What became of its requests.
    pub outcomes: Vec<Counted>,
    /// The routes it was used on; the empty text is what no route matched.
    pub routes: Met,
    /// The addresses it was used from.
    pub addresses: Met,
    /// The programs it was used by, as they call themselves.
    pub agents: Met,
}

/// Who or what was met, most requests first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Met {
    /// Those that are told apart.
    pub items: Vec<Counted>,
    /// Requests of all others.
    pub other: u64,
}

/// How one of many keys was used.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyUse {
    /// The key.
    pub key: KeyId,
    /// Its requests in each step.
    pub requests: Vec<u64>,
    /// Those of them that were refused.
    pub refused: Vec<u64>,
    /// When it was first accepted in its life.
    pub first_used_at: Option<UnixMs>,
    /// When it was last accepted.
    pub last_used_at: Option<UnixMs>,
}

fn met(list: &super::list::List<String>) -> Met {
    let mut items: Vec<Counted> = list.iter().map(|(name, hits)| Counted::of(name.clone(), hits)).collect();
    items.sort_by(|a, b| b.requests.cmp(&a.requests).then_with(|| a.name.cmp(&b.name)));
    Met { items, other: list.other().requests }
}

fn life(row: &KeyRow) -> sqlx::Result<Life> {
    let day = KeyDay::read(&row.detail).ok_or_else(|| damaged("a key's usage"))?;
    Ok(Life {
        key: row.key_id.parse().map_err(|_| damaged("a key's usage"))?,
        requests: row.requests as u64,
        refused: row.refused as u64,
        first_used_at: row.first_at.map(UnixMs),
        last_used_at: row.last_at.map(UnixMs),
        outcomes: met(&day.outcomes).items,
        routes: met(&day.routes),
        addresses: met(&day.addresses),
        agents: met(&day.agents),
    })
}

/// The lives of an account's keys, of deleted ones too as long as they are remembered; and whether that is all.
pub(crate) async fn lives(app: &App, account: AccountId) -> Result<(Vec<Life>, bool), OpError> {
    app.usage.store_for_reader(app).await?;
    let rows = store::of_account(&mut app.db.conn().await?, account, LIFE, LIVES_MAX).await?;
    let is_all = (rows.len() as i64) < LIVES_MAX;
    Ok((rows.iter().map(life).collect::<sqlx::Result<_>>()?, is_all))
}

/// One key's life; `None` if it never came.
pub(crate) async fn life_of(app: &App, key: KeyId) -> Result<Option<Life>, OpError> {
    app.usage.store_for_reader(app).await?;
    let rows = store::keys(&mut app.db.conn().await?, &[key.to_string()], LIFE.0, LIFE.1).await?;
    Ok(rows.first().map(life).transpose()?)
}

/// Who called a key in these last days, and what for: who breaks if it is revoked.
pub async fn callers(app: &App, reach: Reach, key: KeyId, days: u32) -> Result<(Life, Whole), OpError> {
    let kept = app.config.usage.keys_days;
    if days == 0 || days > kept {
        return Err(OpError::field("/days", format!("a whole number from 1 to {kept}")));
    }
    keys::get(app, reach, key).await?;
    let waiting_ms = app.usage.store_for_reader(app).await?;
    let now = app.clock.now();
    let (from, to) = ((now.0.div_euclid(DAY_MS) - i64::from(days) + 1) * DAY_MS, now.0 + DAY_MS);
    let rows = store::keys(&mut app.db.conn().await?, &[key.to_string()], from, to).await?;
    let mut sum = KeyDay::default();
    let (mut requests, mut refused) = (0, 0);
    let (mut first, mut last) = (None, None);
    for row in &rows {
        let day = KeyDay::read(&row.detail).ok_or_else(|| damaged("a key's usage"))?;
        sum.merge(&KeyDay { hours: vec![], ..day });
        requests += row.requests as u64;
        refused += row.refused as u64;
        first = first.or(row.first_at);
        last = row.last_at.or(last);
    }
    let life = Life {
        key,
        requests,
        refused,
        first_used_at: first.map(UnixMs),
        last_used_at: last.map(UnixMs),
        outcomes: met(&sum.outcomes).items,
        routes: met(&sum.routes),
        addresses: met(&sum.addresses),
        agents: met(&sum.agents),
    };
    Ok((life, whole(app, waiting_ms, UnixMs(from), now).await?))
}

/// Requests on some days with secrets that were nobody's, sent with this account's id; the last of each is told by its
/// day.
pub(crate) async fn unknown_of(app: &App, account: AccountId, since: UnixMs) -> Result<Vec<Counted>, OpError> {
    app.usage.store_for_reader(app).await?;
    let (from, to) = (since.0.div_euclid(DAY_MS) * DAY_MS, app.clock.now().0 + DAY_MS);
    let stretch = Stretch { subject: &account.to_string(), route: ALL_ROUTES, grain: DAY_MS, from, to };
    let mut all = BTreeMap::<String, (u64, UnixMs)>::new();
    for (at, bytes) in store::buckets(&mut app.db.conn().await?, stretch).await? {
        let cells = Cells::read(&bytes).ok_or_else(|| damaged("a bucket of usage"))?;
        for (_, outcome, cell) in cells.iter().filter(|(_, outcome, _)| NOBODYS.contains(&&**outcome)) {
            let (requests, last_at) = all.entry(outcome.to_string()).or_insert((0, UnixMs(at)));
            (*requests, *last_at) = (*requests + cell.requests, UnixMs(at));
        }
    }
    let one = |(name, (requests, last_at))| Counted { name, requests, refused: requests, last_at: Some(last_at) };
    let mut all: Vec<Counted> = all.into_iter().map(one).collect();
    all.sort_by_key(|one| Reverse(one.requests));
    Ok(all)
}

/// How each of these keys was used; of those that are none of the caller's, nothing is said.
pub async fn of_keys(
    app: &App,
    reach: Reach,
    asked: Vec<KeyId>,
    span: AskedSpan,
) -> Result<(Span, Vec<KeyUse>, Whole), OpError> {
    if asked.is_empty() || asked.len() > KEYS_MAX {
        return Err(OpError::field("/key_ids", format!("1 to {KEYS_MAX} ids of keys, with commas between them")));
    }
    let span = Span::fit(span, HOUR_MS, &app.config.usage, app.clock.now())?;
    let waiting_ms = app.usage.store_for_reader(app).await?;
    let ids: Vec<String> = asked.iter().map(ToString::to_string).collect();
    let first_day = span.from.0.div_euclid(DAY_MS) * DAY_MS;
    let mut conn = app.db.conn().await?;
    let lives = store::keys(&mut conn, &ids, LIFE.0, LIFE.1).await?;
    let days = store::keys(&mut conn, &ids, first_day, span.to.0).await?;
    drop(conn);
    let mut known = HashMap::new();
    for id in asked {
        match keys::account_of(app, reach, id).await {
            Ok(_) => {
                let none = vec![0; span.steps()];
                let (requests, refused) = (none.clone(), none);
                let key = KeyUse { key: id, requests, refused, first_used_at: None, last_used_at: None };
                known.insert(id.to_string(), key);
            }
            Err(OpError::NotFound) => {}
            Err(other) => return Err(other),
        }
    }
    for row in lives {
        if let Some(key) = known.get_mut(&row.key_id) {
            (key.first_used_at, key.last_used_at) = (row.first_at.map(UnixMs), row.last_at.map(UnixMs));
        }
    }
    for row in days {
        let Some(key) = known.get_mut(&row.key_id) else { continue };
        let day = KeyDay::read(&row.detail).ok_or_else(|| damaged("a key's usage"))?;
        for (hour, outcome, requests) in &day.hours {
            let Some(step) = span.step_of(row.day + i64::from(*hour) * HOUR_MS) else { continue };
            key.requests[step] += requests;
            if super::cells::is_refusal(outcome) {
                key.refused[step] += requests;
            }
        }
    }
    let mut items: Vec<KeyUse> = known.into_values().collect();
    items.sort_by_key(|item| item.key);
    let whole = whole(app, waiting_ms, span.from, span.to).await?;
    Ok((span, items, whole))
}
