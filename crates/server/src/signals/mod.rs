//! Signals: what the data plane notices that somebody should be told of.
//!
//! A limit that is nearly used up, a revoked key that is still sent, an address that tries many unknown keys. The data
//! plane only drops a signal into a bounded box, which costs it a short lock and never a wait; a task of the control
//! runtime empties the box, counts, and raises notices. What does not fit is counted and shown: then one signal more
//! or less changes nothing, since whatever causes so many goes on.

mod tell;

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use keyward_core::denial::Denial;
use keyward_core::ids::{AccountId, KeyId};
use keyward_core::limit::Per;
use keyward_core::terms::Terms;
use keyward_core::time::{HOUR_MS, UnixMs};

use crate::authorize::{Caller, Statuses};
use crate::notices::PERCENTS;

pub use tell::{Counts, Teller, Thresholds, tell_once};

/// Most signals that wait to be looked at.
const WAITING_MAX: usize = 8_192;
/// How many places what was noticed lately has.
const LATELY: usize = 4_096;
/// Limits with shorter windows are told of no more often than that.
const TOLD_EVERY_MS: i64 = HOUR_MS;

/// In which period a part of a limit is told of once: its window, or an hour where that is shorter.
fn period(at: UnixMs, window_ms: i64) -> i64 {
    at.0.div_euclid(window_ms.max(TOLD_EVERY_MS))
}

/// A part of a holder's limit in a period, by a number that hardly two share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Once(u64);

impl Once {
    fn of(holder: u128, place: usize, percent: u8, period: i64) -> Self {
        let words = [holder as u64, (holder >> 64) as u64, (place as u64) << 8 | u64::from(percent), period as u64];
        let mixed = words.into_iter().fold(0x9E37_79B9_7F4A_7C15_u64, |mixed, word| {
            (mixed ^ word).wrapping_mul(0xD1B5_4A32_D192_ED03).rotate_left(29)
        });
        // Zero is the empty place.
        Self(mixed | 1)
    }
}

/// What was noticed lately: a limit that is always nearly used up is not put into the box by every request. Where two
/// fall into one place they displace each other, which costs a signal more, never one less.
#[derive(Debug)]
struct Lately(Box<[AtomicU64]>);

impl Default for Lately {
    fn default() -> Self {
        Self((0..LATELY).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Lately {
    fn place(&self, Once(number): Once) -> &AtomicU64 {
        &self.0[(number >> 32) as usize % LATELY]
    }

    fn is_new(&self, once: Once) -> bool {
        self.place(once).swap(once.0, Ordering::Relaxed) != once.0
    }

    fn forget(&self, once: Once) {
        let _ = self.place(once).compare_exchange(once.0, 0, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// One thing noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Signal {
    /// So much of a limit or quota is used up.
    Used(Box<Used>),
    /// A request with a secret that is nobody's.
    Unknown { api: u16, address: IpAddr, at: UnixMs },
    /// A request with a key's secret over plain HTTP, where that is refused (threat T23).
    Clear { key: KeyId },
    /// A request with the secret of a revoked key.
    Revoked { key: KeyId, account: AccountId, address: Option<IpAddr>, at: UnixMs },
}

/// A limit or quota of which a part was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Used {
    account: AccountId,
    key: KeyId,
    per: Per,
    limit: String,
    percent: u8,
    count: u64,
    budget: u64,
    /// Of a limit; a quota has its period.
    window_ms: Option<i64>,
    resets_at: UnixMs,
    at: UnixMs,
}

/// The box; one for the whole program.
#[derive(Debug, Clone, Default)]
pub struct Signals(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Vec<Signal>>,
    dropped: AtomicU64,
    lately: Lately,
    /// Held by whoever empties the box, until all of it is told.
    turn: tokio::sync::Mutex<()>,
}

impl Signals {
    /// Notes which parts of its limits a request has reached that took `cost` from each. Called for every request that
    /// is allowed: one comparison for each of its limits.
    #[inline]
    pub fn took(&self, caller: &Caller, cost: u32, statuses: &Statuses, now: UnixMs) {
        for (place, status) in statuses.iter().enumerate() {
            let used = status.limit.saturating_sub(status.remaining);
            if used.saturating_mul(100) >= status.limit.saturating_mul(u64::from(PERCENTS[0]))
                && let Some(percent) = reached(used.saturating_sub(u64::from(cost)), used, status.limit)
            {
                self.used(caller, place, percent, statuses, now);
            }
        }
    }

    /// Notes a refusal, where it is of a kind that somebody is told of.
    #[inline]
    pub fn refused(&self, api: u16, denial: &Denial, caller: Option<&Caller>, address: Option<IpAddr>, now: UnixMs) {
        match (denial, caller, address) {
            (Denial::InvalidCredentials(_), _, Some(address)) => {
                self.put(Signal::Unknown { api, address, at: now });
            }
            (Denial::HttpsRequired, Some(caller), _) => {
                self.put(Signal::Clear { key: caller.key.id });
            }
            (Denial::KeyRevoked, Some(caller), address) => {
                let (key, account) = (caller.key.id, caller.account.id);
                self.put(Signal::Revoked { key, account, address, at: now });
            }
            _ => {}
        }
    }

    #[cold]
    fn used(&self, caller: &Caller, place: usize, percent: u8, statuses: &Statuses, now: UnixMs) {
        let Some((per, name, window_ms)) = named(&caller.terms, place) else { return };
        let Some(status) = statuses.get(place) else { return };
        let holder = match per {
            Per::Key => caller.key.id.uuid(),
            Per::Account => caller.account.id.uuid(),
        };
        let period =
            window_ms.map_or(status.reset_at.0 ^ status.limit.cast_signed(), |window_ms| period(now, window_ms));
        let once = Once::of(holder.as_u128(), place, percent, period);
        if !self.0.lately.is_new(once) {
            return;
        }
        let is_kept = self.put(Signal::Used(Box::new(Used {
            account: caller.account.id,
            key: caller.key.id,
            per,
            limit: name.to_owned(),
            percent,
            count: status.limit.saturating_sub(status.remaining),
            budget: status.limit,
            window_ms,
            resets_at: status.reset_at,
            at: now,
        })));
        if !is_kept {
            self.0.lately.forget(once);
        }
    }

    /// Whether there was room.
    fn put(&self, signal: Signal) -> bool {
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let has_room = waiting.len() < WAITING_MAX;
        if has_room {
            waiting.push(signal);
        } else {
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
        }
        has_room
    }

    /// Waits for whoever else is at it.
    async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.0.turn.lock().await
    }

    fn take(&self) -> Vec<Signal> {
        std::mem::take(&mut *self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts back what could not be told: it goes before what came meanwhile.
    fn put_back(&self, signals: Vec<Signal>) {
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let later = std::mem::replace(&mut *waiting, signals);
        waiting.extend(later);
        let too_many = waiting.len().saturating_sub(WAITING_MAX);
        waiting.truncate(WAITING_MAX);
        self.0.dropped.fetch_add(too_many as u64, Ordering::Relaxed);
    }

    /// How many did not fit.
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }
}

/// The highest part of a limit, in percent, that was reached between two counts.
fn reached(before: u64, after: u64, limit: u64) -> Option<u8> {
    let has = |used: u64, percent: u8| used.saturating_mul(100) >= limit.saturating_mul(u64::from(percent));
    let crossed = PERCENTS.into_iter().filter(|percent| has(after, *percent) && !has(before, *percent));
    crossed.max().filter(|_| limit > 0)
}

/// Whose the limit or quota at this place of the terms is, what it is called, and how long its window is.
fn named(terms: &Terms, place: usize) -> Option<(Per, &str, Option<i64>)> {
    if let Some(limit) = terms.limits.get(place) {
        return Some((limit.per, &limit.name, Some(limit.window_ms)));
    }
    let quota = terms.quotas.get(place.checked_sub(terms.limits.len())?)?;
    Some((quota.per, &quota.name, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_reached_once_and_the_highest_counts() {
        let all: Vec<_> = (0..10).filter_map(|used| reached(used, used + 1, 10)).collect();
        assert_eq!(all, [80, 100], "95 % of ten are ten");
        let hundred: Vec<_> = (0..100).filter_map(|used| Some((used + 1, reached(used, used + 1, 100)?))).collect();
        assert_eq!(hundred, [(80, 80), (95, 95), (100, 100)]);
        assert_eq!(reached(0, 100, 100), Some(100));
        assert_eq!((reached(80, 94, 100), reached(100, 100, 100), reached(0, 0, 0)), (None, None, None));
        assert_eq!(reached(0, 1, 1), Some(100));
    }

    #[test]
    fn what_was_noticed_lately_is_not_noticed_again() {
        let (lately, one) = (Lately::default(), Once::of(1, 0, 80, 5));
        assert_eq!([lately.is_new(one), lately.is_new(one)], [true, false]);
        lately.forget(one);
        assert!(lately.is_new(one));
        let others = [Once::of(2, 0, 80, 5), Once::of(1, 1, 80, 5), Once::of(1, 0, 95, 5), Once::of(1, 0, 80, 6)];
        assert!(others.iter().all(|other| *other != one));
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let signals = Signals::default();
        let one = || Signal::Unknown { api: 0, address: IpAddr::from([192, 0, 2, 1]), at: UnixMs(0) };
        for _ in 0..WAITING_MAX + 3 {
            signals.put(one());
        }
        assert_eq!(signals.dropped(), 3);
        let taken = signals.take();
        signals.put(one());
        signals.put_back(taken);
        assert_eq!((signals.dropped(), signals.take().len()), (4, WAITING_MAX));
    }
}
