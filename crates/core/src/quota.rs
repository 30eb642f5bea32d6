//! Quotas: a total budget, renewed by the calendar or never.

use serde::{Deserialize, Serialize};

use crate::limit::Per;
use crate::time::UnixMs;

/// When a quota is whole again. All boundaries are midnights in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refill {
    /// Never: a lifetime budget.
    Never,
    /// Every midnight.
    Daily,
    /// On this day of each month, or on its last one where it is shorter.
    Monthly {
        /// 1 to 31.
        day: i8,
    },
}

/// A total budget.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Quota {
    /// What it is called in headers and refusals.
    pub name: String,
    /// The whole budget of one period.
    pub budget: u64,
    /// When it is renewed.
    pub refill: Refill,
    /// Whose requests share it.
    pub per: Per,
}

/// The largest budget a quota may have.
pub const BUDGET_MAX: u64 = 1 << 40;

/// One period of a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its number: grows by at least one from a period to the next. A lifetime budget has only number 0.
    pub number: i32,
    /// When the next one begins; `None` for a lifetime budget.
    pub ends_at: Option<UnixMs>,
}

impl Refill {
    /// The period that holds `now`.
    pub fn period(self, now: UnixMs) -> Period {
        match self {
            Self::Never => Period { number: 0, ends_at: None },
            Self::Daily => {
                let number = now.0.div_euclid(crate::time::DAY_MS);
                Period { number: number as i32, ends_at: Some(UnixMs((number + 1) * crate::time::DAY_MS)) }
            }
            Self::Monthly { day } => {
                let at = jiff::Timestamp::from_millisecond(now.0).unwrap_or_default();
                let date = at.to_zoned(jiff::tz::TimeZone::UTC).date();
                let month = i32::from(date.year()) * 12 + i32::from(date.month()) - 1;
                let number = if date.day() >= day_in(month, day) { month } else { month - 1 };
                Period { number, ends_at: Some(midnight(number + 1, day)) }
            }
        }
    }
}

fn first_of(month: i32) -> jiff::civil::Date {
    let (year, month) = (month.div_euclid(12).clamp(-9_998, 9_998), month.rem_euclid(12) + 1);
    jiff::civil::date(year as i16, month as i8, 1)
}

fn day_in(month: i32, day: i8) -> i8 {
    day.clamp(1, first_of(month).days_in_month())
}

fn midnight(month: i32, day: i8) -> UnixMs {
    let date = first_of(month).with().day(day_in(month, day)).build().unwrap_or_else(|_| first_of(month));
    let days = date.duration_since(jiff::civil::date(1970, 1, 1)).as_secs() / 86_400;
    UnixMs(days * crate::time::DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> UnixMs {
        UnixMs::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn a_monthly_quota_renews_on_its_day_or_the_last_one() {
        let refill = Refill::Monthly { day: 31 };
        let period = refill.period(at("2026-02-27T23:59:59Z"));
        assert_eq!(period.ends_at, Some(at("2026-02-28T00:00:00Z")));
        let next = refill.period(at("2026-02-28T00:00:00Z"));
        assert_eq!((next.number, next.ends_at), (period.number + 1, Some(at("2026-03-31T00:00:00Z"))));
        let december = Refill::Monthly { day: 1 }.period(at("2026-12-31T12:00:00Z"));
        assert_eq!(december.ends_at, Some(at("2027-01-01T00:00:00Z")));
    }

    #[test]
    fn a_daily_quota_renews_at_midnight_and_a_lifetime_one_never() {
        assert_eq!(Refill::Daily.period(at("2026-02-27T23:59:59Z")).ends_at, Some(at("2026-02-28T00:00:00Z")));
        assert_eq!(Refill::Never.period(at("2026-02-27T23:59:59Z")).ends_at, None);
    }

    proptest! {
        #[test]
        fn a_period_ends_where_the_next_begins(ms in 0_i64..4_000_000_000_000, day in 1_i8..=31) {
            let refill = Refill::Monthly { day };
            let period = refill.period(UnixMs(ms));
            let end = period.ends_at.unwrap();
            prop_assert!(end > UnixMs(ms));
            prop_assert_eq!(refill.period(end).number, period.number + 1);
            prop_assert_eq!(refill.period(end.plus(-1)), period);
        }
    }
}
