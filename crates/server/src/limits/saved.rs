//! What the store keeps of quotas, so that a lost file of counters does not give anybody a fresh lifetime budget.

use std::sync::atomic::Ordering;

use keyward_core::ids::{AccountId, KeyId};
use keyward_core::limit::Per;
use keyward_core::quota::Refill;
use keyward_core::time::UnixMs;
use uuid::Uuid;

use super::fixed::Narrow;
use super::quota::{Used, saved};
use super::shard::{NARROW, NO_END, Table};
use super::tag::{Owner, refill_code, refill_of};
use super::{Holder, Limits};

/// What a holder has used of a quota: a row of `quota_used`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaUse {
    /// The id of a key or an account.
    pub holder: String,
    /// The quota's name.
    pub name: String,
    /// How it is renewed and which period it is, as one number that only [`Limits::seed_quota`] reads.
    pub period: i64,
    /// What was used in that period.
    pub used: i64,
}

/// A quota whose count changed since it was last saved.
#[derive(Debug, Clone)]
pub(super) struct Unsaved {
    pub(super) holder: Holder,
    pub(super) per: Per,
    pub(super) name: String,
    pub(super) refill: Refill,
}

fn holder_text(holder: &Holder, per: Per) -> String {
    match per {
        Per::Key => holder.key.to_string(),
        Per::Account => holder.account.to_string(),
    }
}

fn holder_of(text: &str) -> Option<(Holder, Per)> {
    let (key, account) = (KeyId::new(Uuid::nil()), AccountId::new(Uuid::nil()));
    if let Ok(key) = text.parse() {
        return Some((Holder { key, account }, Per::Key));
    }
    text.parse().ok().map(|account| (Holder { key, account }, Per::Account))
}

fn period_code(refill: Refill, period: u64) -> i64 {
    i64::from(refill_code(refill)) << 32 | period as i64
}

impl Limits {
    /// The quotas that changed since the last call, with their counts as they are now; to be saved in the store.
    /// What can't be saved is to be handed back to [`Self::keep_dirty`].
    pub fn dirty_quotas(&self) -> Vec<QuotaUse> {
        let mut uses = Vec::new();
        for index in 0..self.shards.len() {
            let mut shard = self.lock(index);
            let Some(unsaved) = shard.unsaved.take() else { continue };
            let words = shard.narrow.words(&self.arena);
            for Unsaved { holder, per, name, refill } in *unsaved {
                let tag = Owner::new(&holder, per).renewed(&name, refill);
                // A slot may be gone by now: its period was over and its place was needed.
                let Some(at) = Table::<NARROW>::find(words, tag) else { continue };
                let state = Narrow::load(&words[at..]);
                words[at].store(saved(state).word, Ordering::Release);
                let Used { period, used } = Used::of(state.word);
                let period = period_code(refill, period);
                uses.push(QuotaUse { holder: holder_text(&holder, per), name, period, used: used as i64 });
            }
        }
        uses
    }

    /// Takes back what could not be saved: it will be in the next [`Self::dirty_quotas`], with newer counts.
    pub fn keep_dirty(&self, uses: Vec<QuotaUse>) {
        for QuotaUse { holder, name, period, .. } in uses {
            let (Some((holder, per)), Some(refill)) = (holder_of(&holder), refill_of((period >> 32) as u32)) else {
                continue;
            };
            let mut shard = self.lock(Owner::new(&holder, per).shard());
            shard.unsaved.get_or_insert_default().push(Unsaved { holder, per, name, refill });
        }
    }

    /// Makes sure that a quota counts at least what the store knows was used of it; to be called for each row at
    /// start. Says whether the row could be read; one of a period that is over has no effect.
    pub fn seed_quota(&self, row: &QuotaUse, now: UnixMs) -> bool {
        let (Some((holder, per)), Some(refill)) = (holder_of(&row.holder), refill_of((row.period >> 32) as u32)) else {
            return false;
        };
        let seed = Used::restored(row.period & 0xFFFF_FFFF, row.used);
        let owner = Owner::new(&holder, per);
        let mut shard = self.lock(owner.shard());
        let now = shard.advance(now);
        if seed.period < Used::restored(i64::from(refill.period(now).number), 0).period {
            return true;
        }
        shard.narrow.reserve(&self.arena, owner.shard(), 1, now);
        let words = shard.narrow.words(&self.arena);
        let at = shard.narrow.claim(words, owner.renewed(&row.name, refill));
        let state = Narrow::load(&words[at..]);
        let was = Used::of(state.word);
        if (seed.period, seed.used) > (was.period, was.used) || state.until == 0 {
            // The end is left open: the next request looks it up in the calendar.
            saved(Narrow { word: seed.word(), until: NO_END }).store(&words[at..], state);
        }
        true
    }
}
