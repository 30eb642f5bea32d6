//! How long a key lives, and what its state is called at an instant (rows r20, r21, r29, r40, r41).

use serde::{Deserialize, Serialize};

use crate::key::KeyState;
use crate::time::{DAY_MS, UnixMs};

/// From how long before its end a key is "expiring soon": 30 days, the boundary included (row r29).
pub const EXPIRING_SOON_MS: i64 = 30 * DAY_MS;

/// What a lifetime may be for one kind of key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpiryRules {
    /// Fewest whole days of a finite lifetime.
    pub days_min: u32,
    /// Most whole days of a finite lifetime.
    pub days_max: u32,
    /// Whether a lifetime must be said when the key is made (row r39).
    pub required: bool,
    /// What "infinite" means: `None` never ends, otherwise this many days (row r41).
    pub infinite_days: Option<u32>,
}

impl Default for ExpiryRules {
    fn default() -> Self {
        Self { days_min: 1, days_max: 3_650, required: false, infinite_days: None }
    }
}

/// The lifetime somebody asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// Nothing was said.
    Unsaid,
    /// This many times 24 hours.
    Days(u32),
    /// For ever, as the kind's rules understand it.
    Infinite,
    /// Until this instant.
    Until(UnixMs),
}

/// Why a lifetime is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadLifetime {
    /// The rules want one and none was given.
    #[error("a lifetime must be given: a number of days, an instant, or never")]
    Required,
    /// Outside the permitted range of days.
    #[error("the number of days must be a whole number from {min} to {max}")]
    OutOfRange {
        /// Fewest days.
        min: u32,
        /// Most days.
        max: u32,
    },
    /// The instant has passed.
    #[error("the expiry must lie in the future")]
    Past,
}

impl ExpiryRules {
    /// The instant at which a key made at `now` ends; `None` is never.
    pub fn end(&self, asked: Lifetime, now: UnixMs) -> Result<Option<UnixMs>, BadLifetime> {
        let out_of_range = BadLifetime::OutOfRange { min: self.days_min, max: self.days_max };
        match asked {
            Lifetime::Unsaid if self.required => Err(BadLifetime::Required),
            Lifetime::Unsaid | Lifetime::Infinite => Ok(self.infinite_days.map(|days| now.plus_days(days))),
            Lifetime::Days(days) if (self.days_min..=self.days_max).contains(&days) => Ok(Some(now.plus_days(days))),
            Lifetime::Days(_) => Err(out_of_range),
            Lifetime::Until(at) if at <= now => Err(BadLifetime::Past),
            Lifetime::Until(at) if at > now.plus_days(self.days_max) => Err(out_of_range),
            Lifetime::Until(at) => Ok(Some(at)),
        }
    }
}

/// What a key is called at an instant: its stored state and its expiry seen together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Usable, more than 30 days left or no end.
    Active,
    /// Usable, 30 days or less left.
    ExpiringSoon,
    /// Its time is over; an extension makes it usable again.
    Expired,
    /// Switched off; can be switched on again.
    Disabled,
    /// Ended for good.
    Revoked,
    /// Waits for a second admin's approval; has no secret yet.
    Pending,
    /// Waits for somebody to pick up its secret; has none yet.
    AwaitingPickup,
}

/// The standing of a key; what was done to it hides whether it has expired.
pub fn standing(state: KeyState, expires_at: Option<UnixMs>, now: UnixMs) -> Standing {
    match (state, expires_at) {
        (KeyState::Revoked, _) => Standing::Revoked,
        (KeyState::Disabled, _) => Standing::Disabled,
        (KeyState::Pending, _) => Standing::Pending,
        (KeyState::AwaitingPickup, _) => Standing::AwaitingPickup,
        (KeyState::Active, Some(end)) if end <= now => Standing::Expired,
        (KeyState::Active, Some(end)) if end.since(now) <= EXPIRING_SOON_MS => Standing::ExpiringSoon,
        (KeyState::Active, _) => Standing::Active,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs(1_700_000_000_000);

    #[test]
    fn r20_days_are_whole_and_bounded() {
        let rules = ExpiryRules::default();
        assert_eq!(rules.end(Lifetime::Days(1), NOW), Ok(Some(NOW.plus(DAY_MS))));
        assert_eq!(rules.end(Lifetime::Days(3_650), NOW), Ok(Some(NOW.plus(3_650 * DAY_MS))));
        for days in [0, 3_651] {
            assert_eq!(rules.end(Lifetime::Days(days), NOW), Err(BadLifetime::OutOfRange { min: 1, max: 3_650 }));
        }
    }

    #[test]
    fn r21_forever_has_no_end() {
        assert_eq!(ExpiryRules::default().end(Lifetime::Infinite, NOW), Ok(None));
    }

    #[test]
    fn r29_the_thirtieth_day_is_already_soon() {
        let at = |left| standing(KeyState::Active, Some(NOW.plus(left)), NOW);
        assert_eq!(at(30 * DAY_MS + 1), Standing::Active);
        assert_eq!(at(30 * DAY_MS), Standing::ExpiringSoon);
        assert_eq!(at(1), Standing::ExpiringSoon);
        assert_eq!(at(0), Standing::Expired);
        assert_eq!(standing(KeyState::Active, None, NOW), Standing::Active);
        assert_eq!(standing(KeyState::Revoked, Some(NOW), NOW), Standing::Revoked);
        assert_eq!(standing(KeyState::Disabled, Some(NOW), NOW), Standing::Disabled);
        assert_eq!(standing(KeyState::Pending, Some(NOW), NOW), Standing::Pending);
        assert_eq!(standing(KeyState::AwaitingPickup, None, NOW), Standing::AwaitingPickup);
    }

    #[test]
    fn r40_r41_a_grant_needs_a_period_and_infinite_is_ten_years() {
        let rules = ExpiryRules { days_min: 1, days_max: 365, required: true, infinite_days: Some(3_650) };
        assert_eq!(rules.end(Lifetime::Unsaid, NOW), Err(BadLifetime::Required));
        assert_eq!(rules.end(Lifetime::Infinite, NOW), Ok(Some(NOW.plus_days(3_650))));
        for days in [0, 366] {
            assert!(rules.end(Lifetime::Days(days), NOW).is_err());
        }
        for days in [1, 365] {
            assert!(rules.end(Lifetime::Days(days), NOW).is_ok());
        }
        assert_eq!(ExpiryRules { infinite_days: None, ..rules }.end(Lifetime::Infinite, NOW), Ok(None));
    }
}
