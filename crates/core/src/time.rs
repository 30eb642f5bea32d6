//! Instants as unix milliseconds: what the store holds and every rule compares.

use serde::{Deserialize, Serialize};

/// Milliseconds in a second.
pub const SECOND_MS: i64 = 1_000;
/// Milliseconds in a minute.
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
/// Milliseconds in an hour.
pub const HOUR_MS: i64 = 3_600 * SECOND_MS;
/// Milliseconds in 24 hours; a "day" of an expiry is always this long (row r20).
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMs(pub i64);

/// Later than everything: when a lifetime budget is whole again.
pub const NEVER: UnixMs = UnixMs(i64::MAX);

impl UnixMs {
    /// This instant and `ms` milliseconds; stops at the ends of time instead of wrapping.
    #[must_use]
    pub const fn plus(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// This instant and `days` times 24 hours.
    #[must_use]
    pub const fn plus_days(self, days: u32) -> Self {
        self.plus(days as i64 * DAY_MS)
    }

    /// Milliseconds from `earlier` to this instant; negative when it is later.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Whole seconds since 1970, rounded up: a reset shown to a client is never too early.
    pub const fn seconds_up(self) -> i64 {
        self.0.div_euclid(SECOND_MS) + if self.0.rem_euclid(SECOND_MS) == 0 { 0 } else { 1 }
    }

    /// RFC 3339 in UTC with as many digits as needed; instants beyond year 9999 show as the last one.
    pub fn rfc3339(self) -> String {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::MAX).to_string()
    }

    /// RFC 3339 in UTC, whole seconds.
    pub fn rfc3339_seconds(self) -> String {
        Self(self.0.div_euclid(SECOND_MS) * SECOND_MS).rfc3339()
    }

    /// Reads RFC 3339 with an offset.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|at| Self(at.as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_round_up_and_text_round_trips() {
        assert_eq!(UnixMs(1_000).seconds_up(), 1);
        assert_eq!(UnixMs(1_001).seconds_up(), 2);
        let at = UnixMs(1_649_684_977_123);
        assert_eq!(at.rfc3339(), "2022-04-11T13:49:37.123Z");
        assert_eq!(UnixMs::parse_rfc3339(&at.rfc3339()), Some(at));
        assert_eq!(at.rfc3339_seconds(), "2022-04-11T13:49:37Z");
    }
}
