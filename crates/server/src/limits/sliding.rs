//! Sliding windows: a ring of counts, one per slice.
//!
//! A stretch as long as the window that ends within slice `n` begins within slice `n − 20`. So the whole of both and
//! of all between is counted: 21 slices, and one more place for the oldest to be cleared before the newest is named.

use std::sync::atomic::{AtomicU64, Ordering};

use keyward_core::limit::{Limit, LimitStatus, SLICES, slice_ms};
use keyward_core::time::UnixMs;

use super::shard::NO_END;

const PLACES: usize = SLICES as usize + 2;
const HEAD: usize = 0;
const UNTIL: usize = 1;
const COUNTS: usize = 2;

/// The state of a wide slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ring {
    /// The newest slice that was counted in.
    head: i64,
    /// The count of slice `n` is at `n mod 22`.
    counts: [u32; PLACES],
}

const fn place(slice: i64) -> usize {
    slice.rem_euclid(PLACES as i64) as usize
}

impl Ring {
    /// A ring in which nothing was counted yet.
    pub(super) const EMPTY: Self = Self { head: 0, counts: [0; PLACES] };

    pub(super) fn load(words: &[AtomicU64]) -> Self {
        let mut counts = [0; PLACES];
        for (pair, word) in counts.chunks_exact_mut(2).zip(&words[COUNTS..]) {
            let word = word.load(Ordering::Relaxed);
            (pair[0], pair[1]) = (word as u32, (word >> 32) as u32);
        }
        Self { head: words[HEAD].load(Ordering::Relaxed) as i64, counts }
    }

    /// Counts come before the head that gives them their meaning: a kill between leaves the newest count unnamed,
    /// which its taker has not been told of, and never old counts named as new ones.
    pub(super) fn store(&self, words: &[AtomicU64], window_ms: i64) {
        words[UNTIL].store(NO_END, Ordering::Release);
        for (pair, word) in self.counts.chunks_exact(2).zip(&words[COUNTS..]) {
            let value = u64::from(pair[0]) | u64::from(pair[1]) << 32;
            if word.load(Ordering::Relaxed) != value {
                word.store(value, Ordering::Release);
            }
        }
        words[HEAD].store(self.head as u64, Ordering::Release);
        words[UNTIL].store(gone_at(self.head, window_ms).0.max(0) as u64, Ordering::Release);
    }

    /// The same ring with its head at `now`, and without what no longer counts.
    fn at(mut self, now: UnixMs, window_ms: i64) -> Self {
        let slice = now.0.div_euclid(slice_ms(window_ms));
        // A head ahead of the clock stays: going back would forget.
        if slice > self.head {
            let from = (self.head + 1).max(slice - PLACES as i64 + 1);
            for slice in from..=slice {
                self.counts[place(slice)] = 0;
            }
            self.head = slice;
        }
        self
    }

    /// The slices that count, oldest first, with their counts.
    fn counted(&self) -> impl DoubleEndedIterator<Item = (i64, u32)> + '_ {
        (self.head - SLICES..=self.head).map(|slice| (slice, self.counts[place(slice)]))
    }

    fn used(&self) -> u64 {
        self.counted().map(|(_, count)| u64::from(count)).sum()
    }

    /// The ring after taking, or how many milliseconds to wait.
    pub(super) fn take(self, limit: &Limit, cost: u32, now: UnixMs) -> Result<Self, i64> {
        let mut ring = self.at(now, limit.window_ms);
        let (most, cost_wide) = (u64::from(limit.limit), u64::from(cost));
        let mut used = ring.used();
        if used + cost_wide <= most {
            ring.counts[place(ring.head)] += cost;
            return Ok(ring);
        }
        if cost_wide > most {
            return Err(limit.window_ms);
        }
        for (slice, count) in ring.counted() {
            used -= u64::from(count);
            if used + cost_wide <= most {
                return Err(gone_at(slice, limit.window_ms).since(now).max(1));
            }
        }
        Err(limit.window_ms)
    }

    /// How it stands.
    pub(super) fn status(self, limit: &Limit, now: UnixMs) -> LimitStatus {
        let ring = self.at(now, limit.window_ms);
        let most = u64::from(limit.limit);
        let newest = ring.counted().rev().find(|(_, count)| *count > 0);
        LimitStatus {
            limit: most,
            remaining: most.saturating_sub(ring.used()),
            reset_at: newest.map_or(now, |(slice, _)| gone_at(slice, limit.window_ms)),
        }
    }
}

/// When a slice no longer counts.
fn gone_at(slice: i64, window_ms: i64) -> UnixMs {
    UnixMs((slice + SLICES + 1) * slice_ms(window_ms))
}
