//! Fixed windows and the generic cell rate algorithm, each in one word; what they share is the narrow slot.

use std::sync::atomic::{AtomicU64, Ordering};

use keyward_core::limit::{Algorithm, Limit, LimitStatus, fixed_end, fixed_window, gcra_status, gcra_take};
use keyward_core::time::UnixMs;

use super::shard::NO_END;

/// The state of a narrow slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Narrow {
    /// The count, packed by its algorithm.
    pub(super) word: u64,
    /// Until when it means something, in unix milliseconds.
    pub(super) until: u64,
}

impl Narrow {
    #[inline]
    pub(super) fn load(words: &[AtomicU64]) -> Self {
        Self { word: words[0].load(Ordering::Relaxed), until: words[1].load(Ordering::Relaxed) }
    }

    /// A state that seems to last too long does no harm, one that seems to have run out would be forgotten: so the
    /// end is open while the word changes.
    #[inline]
    pub(super) fn store(self, words: &[AtomicU64], was: Self) {
        if self.until == was.until {
            words[0].store(self.word, Ordering::Release);
            return;
        }
        words[1].store(NO_END, Ordering::Release);
        words[0].store(self.word, Ordering::Release);
        words[1].store(self.until, Ordering::Release);
    }
}

/// A fixed window: what was used of it, and when it ends.
struct Window {
    number: i64,
    used: u32,
    end: UnixMs,
}

impl Window {
    /// Number and use are 32 bits each of the word: one store changes both.
    #[inline]
    fn at(state: Narrow, limit: &Limit, now: UnixMs) -> Self {
        let (number, used) = ((state.word >> 32) as i64, state.word as u32);
        // The slot tells when its window ends: no division on the hot path.
        if state.until != NO_END && state.until > now.0.max(0) as u64 {
            return Self { number, used, end: UnixMs(state.until as i64) };
        }
        let current = fixed_window(now, limit.window_ms);
        // A stored window ahead of the clock is the one that counts: going back would give its requests twice.
        let (number, used) = if current > number { (current, 0) } else { (number, used) };
        Self { number, used, end: fixed_end(number, limit.window_ms) }
    }
}

/// Takes from a fixed window, or tells how many milliseconds to wait.
#[inline]
fn take(state: Narrow, limit: &Limit, cost: u32, now: UnixMs) -> Result<Narrow, i64> {
    let Window { number, used, end } = Window::at(state, limit, now);
    match used.checked_add(cost) {
        Some(used) if used <= limit.limit => {
            Ok(Narrow { word: (number as u64) << 32 | u64::from(used), until: end.0.max(0) as u64 })
        }
        _ => Err(end.since(now).max(1)),
    }
}

/// How a fixed window stands.
#[inline]
fn status(state: Narrow, limit: &Limit, now: UnixMs) -> LimitStatus {
    let Window { used, end, .. } = Window::at(state, limit, now);
    LimitStatus { limit: u64::from(limit.limit), remaining: u64::from(limit.limit.saturating_sub(used)), reset_at: end }
}

/// Takes from a limit that is kept in a narrow slot, or tells how many milliseconds to wait.
#[inline]
pub(super) fn take_any(state: Narrow, limit: &Limit, cost: u32, now: UnixMs) -> Result<Narrow, i64> {
    match limit.algorithm {
        Algorithm::Gcra => take_gcra(state, limit, cost, now),
        Algorithm::Fixed | Algorithm::Sliding => take(state, limit, cost, now),
    }
}

/// How a limit that is kept in a narrow slot stands.
#[inline]
pub(super) fn status_any(state: Narrow, limit: &Limit, now: UnixMs) -> LimitStatus {
    match limit.algorithm {
        Algorithm::Gcra => status_gcra(state, limit, now),
        Algorithm::Fixed | Algorithm::Sliding => status(state, limit, now),
    }
}

/// Takes by the generic cell rate algorithm, or tells how many milliseconds to wait.
fn take_gcra(state: Narrow, limit: &Limit, cost: u32, now: UnixMs) -> Result<Narrow, i64> {
    let tat_ns = gcra_take(state.word, now, limit.limit, limit.window_ms, cost)?;
    Ok(Narrow { word: tat_ns, until: tat_ns.div_ceil(1_000_000) })
}

/// How the generic cell rate algorithm stands.
fn status_gcra(state: Narrow, limit: &Limit, now: UnixMs) -> LimitStatus {
    gcra_status(state.word, now, limit.limit, limit.window_ms)
}

#[cfg(test)]
mod tests {
    use keyward_core::limit::Per;

    use super::*;

    /// A kill between two stores leaves the end open; then the clock alone must not bring an older window back.
    #[test]
    fn a_window_ahead_of_the_clock_counts_even_without_its_end() {
        let (name, algorithm, per) = ("default".into(), Algorithm::Fixed, Per::Key);
        let limit = Limit { name, limit: 5, window_ms: 1_000, algorithm, per };
        let full = Narrow { word: 100 << 32 | 5, until: NO_END };
        assert_eq!(take(full, &limit, 1, UnixMs(99_500)), Err(1_500));
        assert_eq!(take(full, &limit, 1, UnixMs(100_500)), Err(500));
        assert_eq!(take(full, &limit, 1, UnixMs(101_500)), Ok(Narrow { word: 101 << 32 | 1, until: 102_000 }));
    }
}
