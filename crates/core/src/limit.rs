//! Limits: so many per window, never more (promise P4). The arithmetic only; where counters live is the server's.
//!
//! Each algorithm's state is one or a few plain integers, so that a store can change it in one atomic step.

use serde::{Deserialize, Serialize};

use crate::time::UnixMs;

/// How a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// Windows aligned to the clock; the whole limit is back when the next one begins (row r67).
    #[default]
    Fixed,
    /// Never more than the limit in any stretch as long as the window. It counts in twentieths of the window and
    /// an old twentieth whole, so that it may refuse up to a twentieth of a window early, and never late.
    Sliding,
    /// The generic cell rate algorithm: a burst of up to the limit, then evenly spread at the limit per window.
    Gcra,
}

/// Whose requests share one count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// Each key its own.
    #[default]
    Key,
    /// All keys of an account together.
    Account,
}

/// A limit: at most `limit` in each `window_ms`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Limit {
    /// What it is called in headers and refusals.
    pub name: String,
    /// The most that one window admits; up to [`LIMIT_MAX`].
    pub limit: u32,
    /// The length of the window; a whole number of seconds.
    pub window_ms: i64,
    /// How it counts.
    pub algorithm: Algorithm,
    /// Whose requests share the count.
    pub per: Per,
}

/// The largest number a limit may have.
pub const LIMIT_MAX: u32 = 4_000_000_000;
/// The longest window of a limit: 400 days. Longer budgets are quotas.
pub const WINDOW_MS_MAX: i64 = 400 * crate::time::DAY_MS;
/// Into how many parts a sliding window is cut.
pub const SLICES: i64 = 20;

/// What a caller is told of one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitStatus {
    /// The most that one window admits.
    pub limit: u64,
    /// What is left of it.
    pub remaining: u64,
    /// When it is whole again.
    pub reset_at: UnixMs,
}

/// The fixed window that holds `now`, by number.
pub const fn fixed_window(now: UnixMs, window_ms: i64) -> i64 {
    now.0.div_euclid(window_ms)
}

/// When a fixed window ends.
pub const fn fixed_end(window: i64, window_ms: i64) -> UnixMs {
    UnixMs((window + 1) * window_ms)
}

/// The length of one slice of a sliding window, rounded up so that the slices cover the window.
pub const fn slice_ms(window_ms: i64) -> i64 {
    (window_ms + SLICES - 1) / SLICES
}

/// One step of the generic cell rate algorithm, in nanoseconds since 1970: `tat` is the stored theoretical
/// arrival time. Returns the new one, or how many milliseconds to wait.
pub fn gcra_take(tat_ns: u64, now: UnixMs, limit: u32, window_ms: i64, cost: u32) -> Result<u64, i64> {
    let now_ns = ns(now);
    let window_ns = window_ms as u64 * 1_000_000;
    // Rounded up: the rate admitted is never above the limit's own.
    let each_ns = window_ns.div_ceil(u64::from(limit.max(1)));
    let next = tat_ns.max(now_ns).saturating_add(each_ns.saturating_mul(u64::from(cost)));
    let burst_end = now_ns.saturating_add(each_ns.saturating_mul(u64::from(limit)));
    if limit > 0 && next <= burst_end {
        return Ok(next);
    }
    if cost > limit {
        return Err(window_ms);
    }
    Err(((next - burst_end).div_ceil(1_000_000) as i64).max(1))
}

/// What is left under the generic cell rate algorithm, and when all of it is back.
pub fn gcra_status(tat_ns: u64, now: UnixMs, limit: u32, window_ms: i64) -> LimitStatus {
    let each_ns = (window_ms as u64 * 1_000_000).div_ceil(u64::from(limit.max(1)));
    let ahead_ns = tat_ns.saturating_sub(ns(now));
    let used = ahead_ns.div_ceil(each_ns).min(u64::from(limit));
    LimitStatus {
        limit: u64::from(limit),
        remaining: u64::from(limit) - used,
        reset_at: now.plus(ahead_ns.div_ceil(1_000_000) as i64),
    }
}

const fn ns(at: UnixMs) -> u64 {
    (at.0 as u64).saturating_mul(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::HOUR_MS;
    use proptest::prelude::*;

    #[test]
    fn r67_windows_are_aligned_to_the_clock_hour() {
        let at = UnixMs::parse_rfc3339("2026-03-01T10:59:59.999Z").unwrap();
        let window = fixed_window(at, HOUR_MS);
        assert_eq!(fixed_end(window, HOUR_MS).rfc3339(), "2026-03-01T11:00:00Z");
        assert_eq!(fixed_window(at.plus(1), HOUR_MS), window + 1);
    }

    proptest! {
        /// In any stretch of time GCRA admits at most the burst and what the rate earns meanwhile.
        #[test]
        fn gcra_never_admits_more_than_burst_and_rate(
            limit in 1_u32..50, window_s in 1_i64..100, steps in prop::collection::vec((0_i64..5_000, 1_u32..3), 1..200),
        ) {
            let (start, window_ms) = (UnixMs(1_700_000_000_000), window_s * 1_000);
            let (mut now, mut tat, mut admitted) = (start, 0, 0_u64);
            for (wait, cost) in steps {
                now = now.plus(wait);
                match gcra_take(tat, now, limit, window_ms, cost) {
                    Ok(next) => { tat = next; admitted += u64::from(cost); }
                    Err(wait_ms) => {
                        prop_assert!(wait_ms > 0);
                        if cost <= limit {
                            prop_assert!(gcra_take(tat, now.plus(wait_ms), limit, window_ms, cost).is_ok());
                        }
                    }
                }
                let earned = now.since(start) as u64 * u64::from(limit) / window_ms as u64;
                prop_assert!(admitted <= u64::from(limit) + earned);
                let status = gcra_status(tat, now, limit, window_ms);
                prop_assert_eq!(status.remaining == 0, gcra_take(tat, now, limit, window_ms, 1).is_err());
            }
        }
    }
}
