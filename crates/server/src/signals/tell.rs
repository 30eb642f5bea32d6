//! From signals to notices.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keyward_core::ids::{AccountId, KeyId};
use keyward_core::limit::Per;
use keyward_core::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, UnixMs};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{Signal, Used, period};
use crate::accounts;
use crate::app::App;
use crate::changes::{Actor, Reach, Touched};
use crate::keys;
use crate::leaks;
use crate::notices::{self, Kind, Notice};
use crate::operation::OpError;

/// How often to look.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Most addresses and keys that are counted at once; what is more is told once the others are over.
const COUNTED_MAX: usize = 10_000;
/// Of so many addresses at most are operators told in an hour, for each API: the others are in the log.
const ADDRESSES_TOLD_MAX: u32 = 20;

/// Refusals of one sort, counted from the first.
#[derive(Debug, Clone, Copy)]
struct Count {
    since: UnixMs,
    seen: u32,
    is_told: bool,
}

/// Counts by what they are of; bounded.
#[derive(Debug)]
struct Tally<K> {
    counts: BTreeMap<K, Count>,
    /// When those that are over were last thrown out.
    pruned_at: UnixMs,
}

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Self { counts: BTreeMap::new(), pruned_at: UnixMs(i64::MIN) }
    }
}

impl<K: Ord> Tally<K> {
    /// Counts one more; how many there are, once they are many and nobody was told yet.
    fn add(&mut self, of: K, at: UnixMs, (most, window_ms): (u32, i64)) -> Option<u32> {
        if self.counts.len() >= COUNTED_MAX && !self.counts.contains_key(&of) {
            // Not for each that is too many: there may be very many.
            if at.0.saturating_sub(self.pruned_at.0) >= SECOND_MS {
                self.pruned_at = at;
                self.counts.retain(|_, count| at.since(count.since) < window_ms);
            }
            if self.counts.len() >= COUNTED_MAX {
                return None;
            }
        }
        let fresh = Count { since: at, seen: 0, is_told: false };
        let entry = self.counts.entry(of).or_insert(fresh);
        if at.since(entry.since) >= window_ms {
            *entry = fresh;
        }
        entry.seen = entry.seen.saturating_add(1);
        (entry.seen >= most && !entry.is_told).then_some(entry.seen)
    }

    /// It was told, or could not be: then the one that was counted last comes again.
    fn settle(&mut self, of: &K, is_told: bool) {
        if let Some(count) = self.counts.get_mut(of) {
            count.is_told = is_told;
            count.seen -= u32::from(!is_told);
        }
    }
}

/// Refusals that somebody will be told of when they are many.
#[derive(Debug, Default)]
pub struct Counts {
    unknown: Mutex<Tally<(u16, IpAddr)>>,
    revoked: Mutex<Tally<KeyId>>,
    /// How many addresses operators were told of, by API and hour.
    addresses: Mutex<BTreeMap<(u16, i64), u32>>,
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

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Who counts as one: a household or a server has a whole /64 of IPv6.
fn grouped(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Looks at what has been noticed, and tells; how many signals there were. While the store can't be asked, all of them
/// wait.
pub async fn tell_once(app: &App) -> Result<usize, OpError> {
    let _turn = app.signals.turn().await;
    let taken = app.signals.take();
    let all = taken.len();
    let mut left = taken.into_iter();
    while let Some(signal) = left.next() {
        match tell(app, &signal).await {
            Ok(()) => {}
            Err(error) if error.is_of_the_store() => {
                app.signals.put_back(std::iter::once(signal).chain(left).collect());
                return Err(error);
            }
            // Something is wrong with what this one is about: the others must not wait for it.
            Err(error) => tracing::error!(%error, ?signal, "what was noticed can't be told"),
        }
    }
    Ok(all)
}

async fn tell(app: &App, signal: &Signal) -> Result<(), OpError> {
    let Thresholds { unknown_keys, revoked_key, window_ms } = app.config.thresholds;
    match signal {
        Signal::Used(used) => tell_used(app, used).await,
        Signal::Clear { key } => leaks::exposed(app, *key, leaks::How::PlainHttp).await.map(drop),
        Signal::Unknown { api, address, at } => {
            let of = (*api, grouped(*address));
            let seen = held(&app.counts.unknown).add(of, *at, (unknown_keys, window_ms));
            if let Some(seen) = seen {
                let told = tell_unknown(app, of, seen, *at).await;
                held(&app.counts.unknown).settle(&of, told.is_ok());
                return told;
            }
            Ok(())
        }
        Signal::Revoked { key, account, address, at } => {
            let seen = held(&app.counts.revoked).add(*key, *at, (revoked_key, window_ms));
            if let Some(seen) = seen {
                let told = tell_revoked(app, (*account, *key), *address, seen, *at).await;
                held(&app.counts.revoked).settle(key, told.is_ok());
                return told;
            }
            Ok(())
        }
    }
}

/// Once for each part of a limit in each of its windows; of a short window once an hour.
async fn tell_used(app: &App, used: &Used) -> Result<(), OpError> {
    let Used { account, key, per, limit, percent, count, budget, window_ms, resets_at, at } = used.clone();
    let settings = notices::settings_in(&mut app.db.conn().await?, account).await?;
    // A request that reached more than one part has reached the lower ones too.
    let wanted = settings.limit_percents().into_iter().filter(|wanted| *wanted <= percent).max();
    let Some(percent) = wanted else { return Ok(()) };
    let period = match window_ms {
        Some(window_ms) => period(at, window_ms).to_string(),
        // A budget that is raised is another one.
        None => format!("{} {budget}", resets_at.rfc3339()),
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

/// Once an hour for each address and API, and of so many addresses at most, to those who run the deployment.
async fn tell_unknown(app: &App, (api, address): (u16, IpAddr), count: u32, at: UnixMs) -> Result<(), OpError> {
    let Some(setup) = app.config.apis.get(usize::from(api)) else { return Ok(()) };
    let hour = at.0.div_euclid(HOUR_MS);
    let told = held(&app.counts.addresses).get(&(api, hour)).copied().unwrap_or_default();
    if told >= ADDRESSES_TOLD_MAX {
        tracing::warn!(api = setup.api.name, %address, "one more address tries unknown keys; nobody is mailed");
        return Ok(());
    }
    let kind = Kind::UnknownKeys;
    let minutes = app.config.thresholds.window_ms / MINUTE_MS;
    let notice = Notice {
        kind,
        account: None,
        key: None,
        person: None,
        mark: format!("{} {} {address} {hour}", kind.as_str(), setup.api.name),
        facts: json!({ "api": setup.api.name, "address": address.to_string(), "count": count, "minutes": minutes }),
        only_to: None,
        link: None,
    };
    raise(app, None, notice).await?;
    // Only what was told counts: nothing is while the store is away, and nobody else tells meanwhile.
    let mut addresses = held(&app.counts.addresses);
    addresses.retain(|(_, of), _| *of >= hour);
    *addresses.entry((api, hour)).or_default() += 1;
    Ok(())
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
            // With an epoch of its own its fate can be looked up when a commit's outcome is not known.
            tx.touch(Touched::Other, notice.mark.clone());
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
        let more = keys::remind_once(&app).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "keys that near their end could not be told of; trying again");
            0
        });
        if is_over {
            return;
        }
        if more > 0 {
            continue;
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
        let mut tally = Tally::default();
        let mut one = |at_ms| {
            let seen = tally.add(1, UnixMs(at_ms), (3, 1_000));
            if seen.is_some() {
                tally.settle(&1, true);
            }
            seen
        };
        assert_eq!([one(0), one(10), one(20), one(30)], [None, None, Some(3), None]);
        assert_eq!([one(1_000), one(1_001), one(1_002)], [None, None, Some(3)], "a new window");
    }

    #[test]
    fn what_could_not_be_told_comes_again_and_counts_once() {
        let mut tally = Tally::default();
        let mut add = |is_told| {
            let seen = tally.add(1, UnixMs(0), (2, 1_000));
            if seen.is_some() {
                tally.settle(&1, is_told);
            }
            seen
        };
        assert_eq!([add(true), add(false), add(false), add(true), add(true)], [None, Some(2), Some(2), Some(2), None]);
    }

    #[test]
    fn what_is_counted_is_bounded_and_what_is_over_makes_room() {
        let mut tally = Tally::default();
        for of in 0..COUNTED_MAX {
            assert_eq!(tally.add(of, UnixMs(0), (1, 1_000)), Some(1));
        }
        assert_eq!(tally.add(COUNTED_MAX, UnixMs(10), (1, 1_000)), None);
        assert_eq!(tally.add(COUNTED_MAX, UnixMs(1_010), (1, 1_000)), Some(1));
        assert_eq!(tally.counts.len(), 1);
    }

    #[test]
    fn an_address_of_ipv6_counts_with_its_neighbours() {
        let address = |text: &str| grouped(text.parse().unwrap_or(IpAddr::from([0, 0, 0, 0]))).to_string();
        assert_eq!(address("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!((address("192.0.2.7"), address("::ffff:192.0.2.7")), ("192.0.2.7".into(), "192.0.2.7".into()));
    }
}
