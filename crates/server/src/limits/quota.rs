//! Quotas in one word: period, what was used in it, and whether that is yet to be saved in the store.

use keyward_core::limit::LimitStatus;
use keyward_core::quota::{Quota, Refill};
use keyward_core::time::{NEVER, UnixMs};

use super::fixed::Narrow;
use super::shard::NO_END;

const USED_BITS: u32 = 41;
const USED_MAX: u64 = (1 << USED_BITS) - 1;
const PERIOD_MAX: u64 = (1 << 22) - 1;
/// Set while a count is not saved in the store.
const UNSAVED: u64 = 1;

/// What was used of a quota in which period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Used {
    /// The period's number.
    pub(super) period: u64,
    /// Up to 2^41 − 1.
    pub(super) used: u64,
}

impl Used {
    pub(super) const fn of(word: u64) -> Self {
        Self { period: word >> (USED_BITS + 1), used: word >> 1 & USED_MAX }
    }

    pub(super) const fn word(self) -> u64 {
        self.period << (USED_BITS + 1) | self.used << 1 | UNSAVED
    }

    /// From numbers that were saved once; what is out of range ends at its edge.
    pub(super) fn restored(period: i64, used: i64) -> Self {
        Self { period: (period.max(0) as u64).min(PERIOD_MAX), used: (used.max(0) as u64).min(USED_MAX) }
    }
}

/// Whether the count is already known to be unsaved.
pub(super) const fn is_unsaved(state: Narrow) -> bool {
    state.word & UNSAVED != 0
}

/// The same count, saved.
pub(super) const fn saved(state: Narrow) -> Narrow {
    Narrow { word: state.word & !UNSAVED, until: state.until }
}

/// A quota at an instant: what was used of it, and when it is renewed.
fn at(state: Narrow, refill: Refill, now: UnixMs) -> (Used, u64) {
    let stored = Used::of(state.word);
    // The slot tells how long its period lasts: no calendar on the hot path.
    if state.until != NO_END && state.until > now.0.max(0) as u64 {
        return (stored, state.until);
    }
    let period = refill.period(now);
    let (number, end) = (i64::from(period.number), period.ends_at.map_or(NO_END, |at| at.0.max(0) as u64));
    let current = Used::restored(number, 0);
    // A stored period ahead of the clock is the one that counts.
    if current.period > stored.period { (current, end) } else { (stored, end) }
}

/// Takes from a quota, or tells how many milliseconds to wait; `None` when it is never renewed.
pub(super) fn take(state: Narrow, quota: &Quota, cost: u32, now: UnixMs) -> Result<Narrow, Option<i64>> {
    let (was, end) = at(state, quota.refill, now);
    let used = was.used + u64::from(cost);
    if used > quota.budget.min(USED_MAX) {
        return Err((end != NO_END).then(|| UnixMs(end as i64).since(now).max(1)));
    }
    Ok(Narrow { word: Used { used, ..was }.word(), until: end })
}

/// How a quota stands.
pub(super) fn status(state: Narrow, quota: &Quota, now: UnixMs) -> LimitStatus {
    let (Used { used, .. }, end) = at(state, quota.refill, now);
    LimitStatus {
        limit: quota.budget,
        remaining: quota.budget.saturating_sub(used),
        reset_at: if end == NO_END { NEVER } else { UnixMs(end as i64) },
    }
}

#[cfg(test)]
mod tests {
    use keyward_core::limit::Per;
    use keyward_core::time::DAY_MS;

    use super::*;

    /// A kill between two stores leaves the end open; then the calendar is asked, and never brings a period back.
    #[test]
    fn a_period_ahead_of_the_clock_counts_even_without_its_end() {
        let quota = Quota { name: "daily".into(), budget: 5, refill: Refill::Daily, per: Per::Key };
        let full = Narrow { word: Used { period: 100, used: 5 }.word(), until: NO_END };
        for day in [99, 100] {
            assert!(take(full, &quota, 1, UnixMs(day * DAY_MS)).is_err());
        }
        let next = Narrow { word: Used { period: 101, used: 1 }.word(), until: 102 * DAY_MS as u64 };
        assert_eq!(take(full, &quota, 1, UnixMs(101 * DAY_MS)), Ok(next));
    }

    #[test]
    fn a_word_holds_the_largest_budget_and_period() {
        for (period, used) in [(0, 0), (i64::MAX, i64::MAX), (30_000, 1 << 40)] {
            let kept = Used::restored(period, used);
            assert_eq!(Used::of(kept.word()), kept);
        }
        assert_eq!(Used::restored(1, 1 << 40).used, keyward_core::quota::BUDGET_MAX);
    }
}
