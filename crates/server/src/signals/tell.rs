//! From signals to notices.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use keyward_core::ids::{AccountId, KeyId};
use keyward_core::limit::Per;
use keyward_core::time::{DAY_MS, HOUR_MS, MINUTE_MS, UnixMs};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{Signal, Used};
use crate::accounts;
use crate::app::App;
use crate::changes::{Actor, Reach};
use crate::keys;
use crate::notices::{self, Kind, Notice};
use crate::operation::OpError;

/// How often to look.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Most addresses and keys that are counted at once; what is more is told once the others are over.
const COUNTED_MAX: usize = 10_000;
/// Limits with shorter windows are told of no more often than that.
const TOLD_EVERY_MS: i64 = HOUR_MS;

/// Refusals of one sort, counted from the first.
#[derive(Debug, Clone, Copy)]
struct Count {
    since: UnixMs,
    count: u32,
    last: Option<IpAddr>,
}

/// Refusals that somebody will be told of when they are many.
#[derive(Debug, Default)]
pub struct Counts {
    unknown: Mutex<BTreeMap<(u16, IpAddr), Count>>,
    revoked: Mutex<BTreeMap<KeyId, Count>>,
}

/// Which counts are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// So many requests with unknown keys from one address.
    pub unknown_keys: u32,
    /// So many requests with one revoked key.
    pub revoked_key: u32,
    /// Within such a time.
    pub window_ms: i64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { unknown_keys: 100, revoked_key: 1, window_ms: 5 * MINUTE_MS }
    }
}

/// Counts one more; its count, when that is the first to reach `most` within the window.
fn count<K: Ord>(
    counts: &Mutex<BTreeMap<K, Count>>,
    of: K,
    address: Option<IpAddr>,
    at: UnixMs,
    (most, window_ms): (u32, i64),
) -> Option<u32> {
    let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
    if counts.len() >= COUNTED_MAX && !counts.contains_key(&of) {
        counts.retain(|_, count| at.since(count.since) < window_ms);
        if counts.len() >= COUNTED_MAX {
            return None;
        }
    }
    let fresh = Count { since: at, count: 0, last: None };
    let entry = counts.entry(of).or_insert(fresh);
    if at.since(entry.since) >= window_ms {
        *entry = fresh;
    }
    entry.count = entry.count.saturating_add(1);
    entry.last = address;
    (entry.count == most).then_some(entry.count)
}

/// Who counts as one: a household or a server has a whole /64 of IPv6.
fn grouped(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 => v4,
    }
}

/// Looks at what has been noticed, and tells; how many signals there were.
pub async fn tell_once(app: &App) -> Result<usize, OpError> {
    let _turn = app.signals.turn().await;
    let taken = app.signals.take();
    let all = taken.len();
    let mut left = taken.into_iter();
    while let Some(signal) = left.next() {
        if let Err(error) = tell(app, &signal).await {
            // It has been counted already, if it is one of those; what is raised twice is the same notice.
            app.signals.put_back(left.collect());
            return Err(error);
        }
    }
    Ok(all)
}

async fn tell(app: &App, signal: &Signal) -> Result<(), OpError> {
    let Thresholds { unknown_keys, revoked_key, window_ms } = app.config.thresholds;
    match signal {
        Signal::Used(used) => tell_used(app, used).await,
        Signal::Unknown { api, address, at } => {
            let address = grouped(*address);
            let bound = (unknown_keys, window_ms);
            match count(&app.counts.unknown, (*api, address), Some(address), *at, bound) {
                Some(count) => tell_unknown(app, *api, address, count, *at).await,
                None => Ok(()),
            }
        }
        Signal::Revoked { key, account, address, at } => {
            match count(&app.counts.revoked, *key, *address, *at, (revoked_key, window_ms)) {
                Some(count) => tell_revoked(app, (*account, *key), *address, count, *at).await,
                None => Ok(()),
            }
        }
    }
}

/// Once for each part of a limit in each of its windows; of a short window once an hour.
async fn tell_used(app: &App, used: &Used) -> Result<(), OpError> {
    let Used { account, key, per, limit, percent, used: count, budget, window_ms, resets_at, at } = used.clone();
    let settings = notices::settings_in(&mut app.db.conn().await?, account).await?;
    if !settings.limit_percents().contains(&percent) {
        return Ok(());
    }
    let period = match window_ms {
        Some(window_ms) => format!("{}", at.0.div_euclid(window_ms.max(TOLD_EVERY_MS))),
        None => resets_at.rfc3339(),
    };
    let facts = json!({
        "limit": limit, "percent": percent, "used": count, "budget": budget, "per": match per {
            Per::Key => "key",
            Per::Account => "account",
        },
        // A lifetime budget is never whole again.
        "resets_at": (resets_at.since(at) < 10_000 * DAY_MS).then(|| resets_at.rfc3339()),
    });
    let mark = format!("{limit} {percent} {period}");
    let notice = match per {
        Per::Key => Notice::of_key(Kind::LimitReached, account, key, mark),
        Per::Account => Notice {
            key: None,
            mark: format!("{} {account} {mark}", Kind::LimitReached.as_str()),
            ..Notice::of_key(Kind::LimitReached, account, key, "")
        },
    };
    raise(app, Some(account), notice.with(facts)).await
}

/// Once a day for each key.
async fn tell_revoked(
    app: &App,
    (account, key): (AccountId, KeyId),
    address: Option<IpAddr>,
    count: u32,
    at: UnixMs,
) -> Result<(), OpError> {
    let day = at.0.div_euclid(DAY_MS);
    let facts = json!({ "address": address.map(|address| address.to_string()), "count": count });
    raise(app, Some(account), Notice::of_key(Kind::RevokedKeyUsed, account, key, day).with(facts)).await
}

/// Once an hour for each address and API, to those who run the deployment.
async fn tell_unknown(app: &App, api: u16, address: IpAddr, count: u32, at: UnixMs) -> Result<(), OpError> {
    let Some(setup) = app.config.apis.get(usize::from(api)) else { return Ok(()) };
    let kind = Kind::UnknownKeys;
    let minutes = app.config.thresholds.window_ms / MINUTE_MS;
    let notice = Notice {
        kind,
        account: None,
        key: None,
        person: None,
        mark: format!("{} {} {address} {}", kind.as_str(), setup.api.name, at.0.div_euclid(HOUR_MS)),
        facts: json!({ "api": setup.api.name, "address": address.to_string(), "count": count, "minutes": minutes }),
        only_to: None,
        link: None,
    };
    raise(app, None, notice).await
}

/// Raises a notice, unless its account is gone.
async fn raise(app: &App, account: Option<AccountId>, notice: Notice) -> Result<(), OpError> {
    // Looking first costs no change: what is noticed once is often noticed again.
    if notices::is_known(&mut app.db.conn().await?, &notice.mark).await? {
        return Ok(());
    }
    let inner = app.clone();
    let raised = app.changes.run(Actor::system(), move |tx| {
        Box::pin(async move {
            if let Some(account) = account {
                accounts::lock(tx, Reach::All, account).await?;
            }
            notices::raise(&inner, tx, notice).await
        })
    });
    match raised.await {
        Err(OpError::NotFound) => Ok(()),
        other => other,
    }
}

/// The tasks that tell: of what was noticed, and of keys that near their end.
#[derive(Debug)]
pub struct Teller {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Teller {
    /// Starts them. Must be called on the control runtime.
    pub fn start(app: &App) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(keep_telling(app.clone(), stopped));
        Self { stop, tasks }
    }

    /// Tells what is still to be told, then ends.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn keep_telling(app: App, mut stopped: watch::Receiver<bool>) {
    loop {
        // Read before the last look: what came before the stop is looked at.
        let is_over = *stopped.borrow();
        if let Err(error) = tell_once(&app).await {
            tracing::warn!(%error, "what was noticed could not be told; trying again");
        }
        let mut more = 1;
        while more > 0 && !*stopped.borrow() {
            more = keys::remind_once(&app).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "keys that near their end could not be told of; trying again");
                0
            });
        }
        if is_over {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stopped.wait_for(|stop| *stop) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_refusals_are_told_of_once_in_each_window() {
        let counts = Mutex::default();
        let one = |at_ms| count(&counts, 1, None, UnixMs(at_ms), (3, 1_000));
        assert_eq!([one(0), one(10), one(20), one(30)], [None, None, Some(3), None]);
        assert_eq!([one(1_000), one(1_001), one(1_002)], [None, None, Some(3)], "a new window");
    }

    #[test]
    fn what_is_counted_is_bounded_and_what_is_over_makes_room() {
        let counts = Mutex::default();
        let one = |of: usize, at_ms| count(&counts, of, None, UnixMs(at_ms), (1, 1_000));
        for of in 0..COUNTED_MAX {
            assert_eq!(one(of, 0), Some(1));
        }
        assert_eq!(one(COUNTED_MAX, 10), None);
        assert_eq!(one(COUNTED_MAX, 1_000), Some(1));
    }

    #[test]
    fn an_address_of_ipv6_counts_with_its_neighbours() {
        let address = |text: &str| grouped(text.parse().unwrap_or(IpAddr::from([0, 0, 0, 0]))).to_string();
        assert_eq!(address("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!((address("192.0.2.7"), address("::ffff:192.0.2.7")), ("192.0.2.7".into(), "192.0.2.7".into()));
    }
}
