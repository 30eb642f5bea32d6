//! A request's own counters, locked: judged all, then taken from all.

use std::sync::MutexGuard;

use keyward_core::limit::{Algorithm, Limit, LimitStatus, Per};
use keyward_core::quota::Quota;
use keyward_core::terms::Terms;
use keyward_core::time::UnixMs;
use smallvec::SmallVec;

use super::arena::Arena;
use super::fixed::{self, Narrow};
use super::saved::Unsaved;
use super::shard::{NARROW, Shard, Table, WIDE};
use super::sliding::Ring;
use super::tag::{Owner, Tag};
use super::{Holder, Limits, Refused, quota};
use crate::authorize::Statuses;

/// The shards of a key and of its account, as far as the terms need them.
pub(super) struct Locked<'a> {
    arena: &'a Arena,
    holder: Holder,
    key: Option<Side>,
    account: Option<Side>,
    first: MutexGuard<'a, Shard>,
    /// The account's, if it is not the first one.
    second: Option<MutexGuard<'a, Shard>>,
}

/// One holder's part in the terms.
#[derive(Clone, Copy)]
struct Side {
    owner: Owner,
    /// How many slots of each width it needs at most.
    narrow: usize,
    wide: usize,
}

/// What is to be done to a slot once all have agreed.
enum Step {
    Narrow { per: Per, at: usize, was: Narrow, next: Narrow },
    Wide { at: usize },
}

type Steps = SmallVec<[Step; 2]>;

impl Side {
    fn of(holder: &Holder, terms: &Terms, per: Per) -> Option<Self> {
        let (mut narrow, mut wide) = (0, 0);
        for limit in terms.limits.iter().filter(|limit| limit.per == per) {
            match limit.algorithm {
                Algorithm::Fixed | Algorithm::Gcra => narrow += 1,
                Algorithm::Sliding => wide += 1,
            }
        }
        narrow += terms.quotas.iter().filter(|quota| quota.per == per).count();
        (narrow + wide > 0).then(|| Self { owner: Owner::new(holder, per), narrow, wide })
    }
}

impl<'a> Locked<'a> {
    /// Locks what the terms need, the lower number first, so that no two wait for each other; `None` if nothing.
    #[inline]
    pub(super) fn new(limits: &'a Limits, holder: Holder, terms: &Terms) -> Option<Self> {
        let (key, account) = (Side::of(&holder, terms, Per::Key), Side::of(&holder, terms, Per::Account));
        let shards = (key.map(|side| side.owner.shard()), account.map(|side| side.owner.shard()));
        let (first, second) = match shards {
            (None, None) => return None,
            (Some(one), None) | (None, Some(one)) => (limits.lock(one), None),
            (Some(key), Some(account)) if key == account => (limits.lock(key), None),
            (Some(key), Some(account)) if key < account => {
                let first = limits.lock(key);
                (first, Some(limits.lock(account)))
            }
            (Some(key), Some(account)) => {
                let second = limits.lock(account);
                (limits.lock(key), Some(second))
            }
        };
        Some(Self { arena: &limits.arena, holder, key, account, first, second })
    }

    /// `now`, or the latest instant that any of these counters was used at.
    #[inline]
    pub(super) fn advance(&mut self, now: UnixMs) -> UnixMs {
        let now = self.first.advance(now);
        match &mut self.second {
            None => now,
            Some(second) => {
                let now = second.advance(now);
                self.first.advance(now)
            }
        }
    }

    /// Makes room for all, so that no slot moves from here on.
    #[inline]
    pub(super) fn reserve(&mut self, now: UnixMs) {
        // Both sides may share a shard: each is asked for room for both.
        let sum = |of: fn(&Side) -> usize| self.key.as_ref().map_or(0, of) + self.account.as_ref().map_or(0, of);
        let (narrow, wide) = (sum(|side| side.narrow), sum(|side| side.wide));
        for (side, per) in [(self.key, Per::Key), (self.account, Per::Account)] {
            let Some(side) = side else { continue };
            let (arena, index, shard) = (self.arena, side.owner.shard(), self.shard(per));
            if side.narrow > 0 {
                shard.narrow.reserve(arena, index, narrow, now);
            }
            if side.wide > 0 {
                shard.wide.reserve(arena, index, wide, now);
            }
        }
    }

    /// Takes from all if all agree, and tells how each stands then; otherwise changes nothing.
    #[inline]
    pub(super) fn take(&mut self, terms: &Terms, cost: u32, now: UnixMs, out: &mut Statuses) -> bool {
        let mut steps = Steps::new();
        for limit in &terms.limits {
            let Some(status) = self.judge_limit(limit, cost, now, &mut steps) else { return false };
            out.push(status);
        }
        for quota in &terms.quotas {
            let Some(status) = self.judge_quota(quota, cost, now, &mut steps) else { return false };
            out.push(status);
        }
        self.apply(terms, cost, now, &steps);
        true
    }

    #[inline]
    fn judge_limit(&mut self, limit: &Limit, cost: u32, now: UnixMs, steps: &mut Steps) -> Option<LimitStatus> {
        let (arena, tag, per) = (self.arena, self.owner(limit.per).limit(limit), limit.per);
        let shard = self.shard(per);
        if limit.algorithm == Algorithm::Sliding {
            let words = shard.wide.words(arena);
            let at = shard.wide.claim(words, tag);
            let next = Ring::load(&words[at..]).take(limit, cost, now).ok()?;
            steps.push(Step::Wide { at });
            return Some(next.status(limit, now));
        }
        let words = shard.narrow.words(arena);
        let at = shard.narrow.claim(words, tag);
        let was = Narrow::load(&words[at..]);
        let next = fixed::take_any(was, limit, cost, now).ok()?;
        steps.push(Step::Narrow { per, at, was, next });
        Some(fixed::status_any(next, limit, now))
    }

    fn judge_quota(&mut self, quota: &Quota, cost: u32, now: UnixMs, steps: &mut Steps) -> Option<LimitStatus> {
        let (arena, tag, per) = (self.arena, self.owner(quota.per).quota(quota), quota.per);
        let shard = self.shard(per);
        let words = shard.narrow.words(arena);
        let at = shard.narrow.claim(words, tag);
        let was = Narrow::load(&words[at..]);
        let next = quota::take(was, quota, cost, now).ok()?;
        steps.push(Step::Narrow { per, at, was, next });
        Some(quota::status(next, quota, now))
    }

    #[inline]
    fn apply(&mut self, terms: &Terms, cost: u32, now: UnixMs, steps: &Steps) {
        let (arena, holder) = (self.arena, self.holder);
        for (number, step) in steps.iter().enumerate() {
            match *step {
                Step::Narrow { per, at, was, next } => {
                    let shard = self.shard(per);
                    next.store(&shard.narrow.words(arena)[at..], was);
                    if number >= terms.limits.len() && !quota::is_unsaved(was) {
                        let quota = &terms.quotas[number - terms.limits.len()];
                        let (name, refill) = (quota.name.clone(), quota.refill);
                        shard.unsaved.get_or_insert_default().push(Unsaved { holder, per, name, refill });
                    }
                }
                Step::Wide { at } => {
                    let limit = &terms.limits[number];
                    let words = &self.shard(limit.per).wide.words(arena)[at..];
                    // The same ring as when it was judged: the lock is still held.
                    if let Ok(next) = Ring::load(words).take(limit, cost, now) {
                        next.store(words, limit.window_ms);
                    }
                }
            }
        }
    }

    /// How each stands.
    pub(super) fn look(&mut self, terms: &Terms, now: UnixMs, out: &mut Statuses) {
        out.clear();
        for limit in &terms.limits {
            out.push(match limit.algorithm {
                Algorithm::Sliding => self.ring(limit).status(limit, now),
                Algorithm::Fixed | Algorithm::Gcra => fixed::status_any(self.state_of_limit(limit), limit, now),
            });
        }
        for quota in &terms.quotas {
            out.push(quota::status(self.state_of_quota(quota), quota, now));
        }
    }

    /// Which of all says no the longest.
    #[cold]
    pub(super) fn refusal(&mut self, terms: &Terms, cost: u32, now: UnixMs) -> Refused {
        let mut refused = Refused { at: 0, retry_after_ms: Some(0) };
        let mut no = |at, retry_after_ms: Option<i64>| {
            let longer = retry_after_ms.unwrap_or(i64::MAX) > refused.retry_after_ms.unwrap_or(i64::MAX);
            if longer {
                refused = Refused { at, retry_after_ms };
            }
        };
        for (at, limit) in terms.limits.iter().enumerate() {
            let taken = match limit.algorithm {
                Algorithm::Sliding => self.ring(limit).take(limit, cost, now).map(|_| ()),
                Algorithm::Fixed | Algorithm::Gcra => {
                    fixed::take_any(self.state_of_limit(limit), limit, cost, now).map(|_| ())
                }
            };
            if let Err(wait_ms) = taken {
                no(at, Some(wait_ms));
            }
        }
        for (at, quota) in terms.quotas.iter().enumerate() {
            if let Err(wait_ms) = quota::take(self.state_of_quota(quota), quota, cost, now) {
                no(terms.limits.len() + at, wait_ms);
            }
        }
        refused
    }

    fn ring(&mut self, limit: &Limit) -> Ring {
        let (arena, tag) = (self.arena, self.owner(limit.per).limit(limit));
        let words = self.shard(limit.per).wide.words(arena);
        Table::<WIDE>::find(words, tag).map_or(Ring::EMPTY, |at| Ring::load(&words[at..]))
    }

    fn state_of_limit(&mut self, limit: &Limit) -> Narrow {
        let tag = self.owner(limit.per).limit(limit);
        self.narrow(limit.per, tag)
    }

    fn state_of_quota(&mut self, quota: &Quota) -> Narrow {
        let tag = self.owner(quota.per).quota(quota);
        self.narrow(quota.per, tag)
    }

    fn narrow(&mut self, per: Per, tag: Tag) -> Narrow {
        let arena = self.arena;
        let words = self.shard(per).narrow.words(arena);
        Table::<NARROW>::find(words, tag).map_or(Narrow::default(), |at| Narrow::load(&words[at..]))
    }

    #[inline]
    fn owner(&self, per: Per) -> Owner {
        let side = match per {
            Per::Key => self.key,
            Per::Account => self.account,
        };
        side.map_or_else(|| Owner::new(&self.holder, per), |side| side.owner)
    }

    #[inline]
    fn shard(&mut self, per: Per) -> &mut Shard {
        match (per, &mut self.second) {
            (Per::Account, Some(second)) => second,
            (Per::Account, None) | (Per::Key, _) => &mut self.first,
        }
    }
}
