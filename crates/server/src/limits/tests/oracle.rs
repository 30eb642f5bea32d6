//! Each algorithm against the plainest thing that could be right: a list of all that was admitted.

use keyward_core::limit::{SLICES, slice_ms};
use keyward_core::time::DAY_MS;
use proptest::prelude::*;

use super::*;

/// What was admitted, and when.
#[derive(Default)]
struct Admitted(Vec<(UnixMs, u64)>);

impl Admitted {
    fn since(&self, from: UnixMs) -> u64 {
        self.0.iter().filter(|(at, _)| *at >= from).map(|(_, cost)| cost).sum()
    }

    /// The most in any stretch `(end − window, end]`.
    fn most_in(&self, window_ms: i64) -> u64 {
        let within = |end: UnixMs| move |at: UnixMs| at > end.plus(-window_ms) && at <= end;
        let sum = |end| self.0.iter().filter(|(at, _)| within(end)(*at)).map(|(_, cost)| cost).sum();
        self.0.iter().map(|(end, _)| sum(*end)).max().unwrap_or(0)
    }
}

/// Waits, mostly short, and costs; some waits go a little back.
fn steps() -> impl Strategy<Value = Vec<(i64, u32)>> {
    let wait = prop_oneof![4 => 0_i64..300, 2 => 0_i64..5_000, 1 => -200_i64..0, 1 => 10_000_i64..80_000];
    prop::collection::vec((wait, 1_u32..4), 1..250)
}

proptest! {
    #[test]
    fn r67_fixed_admits_exactly_what_the_window_has_left(most in 0_u32..12, window_s in 1_i64..8, steps in steps()) {
        let (limits, terms) = (Limits::in_memory().unwrap(), terms([fixed(most, window_s * 1_000)], []));
        let (mut now, mut latest, mut admitted) = (START, UnixMs(0), Admitted::default());
        for (wait, cost) in steps {
            now = now.plus(wait);
            latest = latest.max(now);
            let began = UnixMs(latest.0.div_euclid(window_s * 1_000) * window_s * 1_000);
            let fits = admitted.since(began) + u64::from(cost) <= u64::from(most);
            let taken = take(&limits, holder(1, 1), &terms, cost, now);
            prop_assert_eq!(taken.is_ok(), fits);
            if fits {
                admitted.0.push((latest, u64::from(cost)));
            }
            prop_assert_eq!(peek(&limits, holder(1, 1), &terms, now), [u64::from(most) - admitted.since(began)]);
        }
    }

    #[test]
    fn sliding_never_admits_more_in_any_stretch_and_refuses_at_most_a_slice_early(
        most in 0_u32..12, window_s in 1_i64..60, steps in steps(),
    ) {
        let window_ms = window_s * 1_000;
        let terms = terms([limit("slide", most, window_ms, Algorithm::Sliding, Per::Key)], []);
        let limits = Limits::in_memory().unwrap();
        let (mut now, mut latest, mut admitted) = (START, UnixMs(0), Admitted::default());
        for (wait, cost) in steps {
            now = now.plus(wait);
            latest = latest.max(now);
            // With a window longer by a slice there was still no room: only then may it refuse.
            let longer = admitted.since(latest.plus(-window_ms - slice_ms(window_ms)));
            match take(&limits, holder(1, 1), &terms, cost, now) {
                Ok(_) => admitted.0.push((latest, u64::from(cost))),
                Err(refused) => {
                    prop_assert!(longer + u64::from(cost) > u64::from(most));
                    let wait_ms = refused.retry_after_ms.unwrap();
                    prop_assert!(wait_ms > 0 && wait_ms <= window_ms + slice_ms(window_ms));
                    let left = peek(&limits, holder(1, 1), &terms, latest)[0];
                    prop_assert!(left < u64::from(cost));
                }
            }
        }
        prop_assert!(admitted.most_in(window_ms) <= u64::from(most));
    }

    /// Waiting as long as told is enough, and a slice less is not.
    #[test]
    fn sliding_tells_how_long_to_wait(
        most in 1_u32..12, window_s in 1_i64..60, takes in prop::collection::vec(0_i64..3_000, 1..40), cost in 1_u32..12,
    ) {
        let terms = terms([limit("slide", most, window_s * 1_000, Algorithm::Sliding, Per::Key)], []);
        let limits = Limits::in_memory().unwrap();
        let mut now = START;
        for wait in takes {
            now = now.plus(wait);
            let _ = take(&limits, holder(1, 1), &terms, 1, now);
        }
        prop_assume!(cost <= most);
        if let Err(refused) = take(&limits, holder(1, 1), &terms, cost, now) {
            let wait_ms = refused.retry_after_ms.unwrap();
            prop_assert!(take(&limits, holder(1, 1), &terms, cost, now.plus(wait_ms - 1)).is_err());
            prop_assert!(take(&limits, holder(1, 1), &terms, cost, now.plus(wait_ms)).is_ok());
        }
    }

    /// A bucket of `most` tokens that drips back evenly, in exact fractions: `level` counts token-milliseconds.
    #[test]
    fn gcra_is_a_bucket_that_drips_evenly(most in 1_u32..12, window_s in 1_i64..60, steps in steps()) {
        let window_ms = window_s * 1_000;
        let terms = terms([limit("even", most, window_ms, Algorithm::Gcra, Per::Key)], []);
        let limits = Limits::in_memory().unwrap();
        let full = i64::from(most) * window_ms;
        let (mut now, mut latest, mut level) = (START, UnixMs(0), full);
        for (wait, cost) in steps {
            now = now.plus(wait);
            level = (level + now.max(latest).since(latest) * i64::from(most)).min(full);
            latest = latest.max(now);
            let price = i64::from(cost) * window_ms;
            // It rounds to nanoseconds, against the caller: at a tie within a millisecond either answer is right.
            let close = (level - price).abs() <= i64::from(most);
            match take(&limits, holder(1, 1), &terms, cost, now) {
                Ok(_) => {
                    prop_assert!(level >= price);
                    level -= price;
                }
                Err(_) => prop_assert!(level < price || close),
            }
        }
    }

    #[test]
    fn a_quota_admits_exactly_its_budget_in_each_period(
        budget in 0_u64..12, day in 1_i8..=31, daily: bool, steps in steps(),
    ) {
        let refill = if daily { Refill::Daily } else { Refill::Monthly { day } };
        let terms = terms([], [quota("budget", budget, refill, Per::Account)]);
        let limits = Limits::in_memory().unwrap();
        let (mut now, mut latest) = (START, UnixMs(0));
        let mut used = std::collections::HashMap::<i32, u64>::new();
        for (wait, cost) in steps {
            // A second of the others' is an hour here.
            now = now.plus(wait * 3_600);
            latest = latest.max(now);
            let used = used.entry(refill.period(latest).number).or_default();
            let fits = *used + u64::from(cost) <= budget;
            prop_assert_eq!(take(&limits, holder(1, 1), &terms, cost, now).is_ok(), fits);
            if fits {
                *used += u64::from(cost);
            }
            prop_assert_eq!(peek(&limits, holder(1, 1), &terms, now), [budget - *used]);
        }
    }

    /// Several limits of several holders at once: a request passes exactly when each alone would let it.
    #[test]
    fn all_or_none(steps in prop::collection::vec((0_i64..400, 1_u32..4, 0_u128..3, 0_u128..2), 1..200)) {
        let limits = [
            fixed(9, 1_000),
            limit("default", 20, 3_000, Algorithm::Fixed, Per::Account),
            limit("even", 12, 2_000, Algorithm::Gcra, Per::Key),
            limit("slide", 15, 2_000, Algorithm::Sliding, Per::Account),
        ];
        let quotas = [quota("budget", 60, Refill::Never, Per::Key), quota("daily", 90, Refill::Daily, Per::Account)];
        let all = terms(limits.clone(), quotas.clone());
        let single: Vec<Terms> = limits.into_iter().map(|limit| terms([limit], []))
            .chain(quotas.into_iter().map(|quota| terms([], [quota]))).collect();
        let together = Limits::in_memory().unwrap();
        let apart: Vec<Limits> = single.iter().map(|_| Limits::in_memory().unwrap()).collect();
        let mut now = START;
        for (wait, cost, key, account) in steps {
            now = now.plus(wait);
            let who = holder(key + account * 10, account);
            let fits = apart.iter().zip(&single).all(|(limits, terms)| peek(limits, who, terms, now)[0] >= u64::from(cost));
            let taken = take(&together, who, &all, cost, now);
            prop_assert_eq!(taken.is_ok(), fits);
            if fits {
                for (limits, terms) in apart.iter().zip(&single) {
                    prop_assert!(take(limits, who, terms, cost, now).is_ok());
                }
            }
            let left: Vec<u64> = apart.iter().zip(&single).map(|(limits, terms)| peek(limits, who, terms, now)[0]).collect();
            prop_assert_eq!(peek(&together, who, &all, now), left);
        }
    }
}

#[test]
fn a_stretch_of_a_sliding_window_has_one_slice_more() {
    let terms = terms([limit("slide", 1, SLICES * 1_000, Algorithm::Sliding, Per::Key)], []);
    let limits = Limits::in_memory().unwrap();
    let at = UnixMs(START.0.div_euclid(DAY_MS) * DAY_MS + 500);
    assert!(take(&limits, holder(1, 1), &terms, 1, at).is_ok());
    let refused = take(&limits, holder(1, 1), &terms, 1, at.plus(SLICES * 1_000 - 1)).unwrap_err();
    assert_eq!(refused.retry_after_ms, Some(501));
}
