//! One watcher: what it has counted since it last told, and what it tells.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use keyward_core::ids::{AccountId, KeyId};
use keyward_core::limit::LimitStatus;
use keyward_core::terms::Terms;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use crate::app::App;
use crate::authorize::Statuses;
use crate::http::Standing;
use crate::keys;
use crate::limits::Holder;
use crate::logs::{Name, Record, Subscription, Told};
use crate::operation::OpError;
use crate::usage;

/// How often a watcher looks whether there is something to tell.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// It tells something at least this often, and as often sees whether it still may.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// Most keys of one telling.
const KEYS_MAX: usize = 50;
/// Most keys that are counted apart between two tellings.
const COUNTED_MAX: usize = 10_000;

/// What is watched; all given conditions hold at once.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Filter {
    pub(super) account: Option<AccountId>,
    pub(super) key: Option<KeyId>,
    pub(super) api: Option<Name>,
}

/// What is told.
pub(super) enum Event {
    /// What happened since the last one.
    Tick(Tick),
    /// The caller may no longer watch.
    Over,
}

/// What happened since the last telling.
#[derive(Default)]
pub(super) struct Tick {
    pub(super) over_ms: u64,
    pub(super) requests: u64,
    /// In the last second.
    pub(super) per_second: u64,
    pub(super) outcomes: BTreeMap<&'static str, u64>,
    /// Records that this watcher was too slow for.
    pub(super) missed: u64,
    /// Keys that came, those with the most requests first, and the one that is watched.
    pub(super) keys: Vec<KeyTick>,
    /// Keys that came and are not told.
    pub(super) more_keys: usize,
}

/// A key that came.
pub(super) struct KeyTick {
    pub(super) key: KeyId,
    pub(super) name: Option<String>,
    pub(super) requests: u64,
    pub(super) refused: u64,
    /// Each limit and then each quota, by name.
    pub(super) limits: Vec<(String, LimitStatus)>,
}

/// What a key may do, as of an epoch.
struct Known {
    name: Option<String>,
    holder: Holder,
    terms: Terms,
}

/// Returns when the program stops.
async fn closed(closing: &mut watch::Receiver<bool>) {
    // The sender going away means the same.
    let _ = closing.wait_for(|closing| *closing).await;
}

/// A watcher at work.
pub(super) struct Watcher {
    app: App,
    filter: Filter,
    standing: Standing,
    records: Subscription,
    closing: watch::Receiver<bool>,
    looks: Interval,
    told_at: Option<Instant>,
    counted: Tick,
    by_key: HashMap<KeyId, (u64, u64)>,
    lately: VecDeque<(Instant, u64)>,
    known: HashMap<KeyId, Known>,
    known_at: i64,
    _place: OwnedSemaphorePermit,
}

impl Watcher {
    pub(super) fn new(
        app: App,
        filter: Filter,
        standing: Standing,
        (place, closing): (OwnedSemaphorePermit, watch::Receiver<bool>),
    ) -> Self {
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            records: app.logs.subscribe(),
            app,
            filter,
            standing,
            closing,
            looks,
            told_at: None,
            counted: Tick::default(),
            by_key: HashMap::new(),
            lately: VecDeque::new(),
            known: HashMap::new(),
            known_at: -1,
            _place: place,
        }
    }

    /// What is to be told next; `None` once the program stops.
    pub(super) async fn next(&mut self) -> Option<Event> {
        loop {
            tokio::select! {
                () = closed(&mut self.closing) => return None,
                told = self.records.next() => match told? {
                    Told::Records(records) => {
                        for record in records.iter() {
                            self.count(record);
                        }
                    }
                    Told::Missed(missed) => self.counted.missed += missed,
                },
                _ = self.looks.tick() => {
                    let is_due = self.told_at.is_none_or(|told_at| told_at.elapsed() >= TELL_EVERY);
                    if is_due && !self.standing.holds().await {
                        return Some(Event::Over);
                    }
                    if is_due || self.counted.requests + self.counted.missed > 0 {
                        return Some(Event::Tick(self.tell().await));
                    }
                }
            }
        }
    }

    fn count(&mut self, record: &Record) {
        let Filter { account, key, api } = self.filter;
        let is_watched = account.is_none_or(|account| record.account == Some(account))
            && key.is_none_or(|key| record.key == Some(key))
            && api.is_none_or(|api| record.api == api);
        if !is_watched {
            return;
        }
        self.counted.requests += 1;
        let outcome = usage::outcome(record);
        *self.counted.outcomes.entry(outcome).or_default() += 1;
        let Some(key) = record.key else { return };
        if self.by_key.len() < COUNTED_MAX || self.by_key.contains_key(&key) {
            let counts = self.by_key.entry(key).or_default();
            counts.0 += 1;
            counts.1 += u64::from(usage::is_refusal(outcome));
        }
    }

    async fn tell(&mut self) -> Tick {
        let now = Instant::now();
        let mut tick = std::mem::take(&mut self.counted);
        tick.over_ms = self.told_at.map_or(0, |told_at| (now - told_at).as_millis() as u64);
        self.told_at = Some(now);
        self.lately.push_back((now, tick.requests));
        self.lately.retain(|(at, _)| now - *at < TELL_EVERY);
        tick.per_second = self.lately.iter().map(|(_, requests)| requests).sum();
        let mut keys: Vec<_> = self.by_key.drain().map(|(key, (requests, refused))| (requests, key, refused)).collect();
        if let Some(key) = self.filter.key.filter(|key| keys.iter().all(|(_, own, _)| own != key)) {
            keys.push((0, key, 0));
        }
        keys.sort_unstable_by(|a, b| b.cmp(a));
        tick.more_keys = keys.len().saturating_sub(KEYS_MAX);
        for (requests, key, refused) in keys.into_iter().take(KEYS_MAX) {
            let (name, limits) = self.left(key).await;
            tick.keys.push(KeyTick { key, name, requests, refused, limits });
        }
        tick
    }

    /// What is left of a key's limits and quotas; nothing where the key is gone.
    async fn left(&mut self, key: KeyId) -> (Option<String>, Vec<(String, LimitStatus)>) {
        // What a key may do changes with an epoch and never otherwise.
        let epoch = *self.app.keyring.applied().borrow();
        if epoch != self.known_at {
            self.known.clear();
            self.known_at = epoch;
        }
        if !self.known.contains_key(&key) {
            match keys::allowance(&self.app, key).await {
                Ok((view, terms)) => {
                    let holder = Holder { key, account: view.account };
                    self.known.insert(key, Known { name: view.name, holder, terms });
                }
                Err(OpError::NotFound) => {}
                Err(error) => tracing::warn!(%error, "what is left of a key's limits could not be told"),
            }
        }
        let Some(known) = self.known.get(&key) else { return (None, vec![]) };
        let mut statuses = Statuses::new();
        self.app.limits.peek(known.holder, &known.terms, self.app.clock.now(), &mut statuses);
        let names = known.terms.limits.iter().map(|limit| limit.name.clone());
        let names = names.chain(known.terms.quotas.iter().map(|quota| quota.name.clone()));
        (known.name.clone(), names.zip(statuses).collect())
    }
}
