//! Rows of the behaviours, and what single requests see.

use keyward_core::time::{DAY_MS, HOUR_MS, NEVER};

use super::*;

#[test]
fn r64_a_limit_of_five_refuses_the_sixth_call() {
    let (limits, terms) = (Limits::in_memory().unwrap(), terms([fixed(5, HOUR_MS)], []));
    for left in (0..5).rev() {
        assert_eq!(take(&limits, holder(1, 1), &terms, 1, START), Ok(vec![left]));
    }
    let refused = Refused { at: 0, retry_after_ms: Some(HOUR_MS / 2) };
    assert_eq!(take(&limits, holder(1, 1), &terms, 1, START), Err(refused));
}

#[test]
fn r65_a_thousand_pass_and_the_next_is_refused() {
    let (limits, terms) = (Limits::in_memory().unwrap(), terms([fixed(1_000, HOUR_MS)], []));
    let passed = (0..1_500).filter(|_| take(&limits, holder(1, 1), &terms, 1, START).is_ok()).count();
    assert_eq!(passed, 1_000);
    assert!(take(&limits, holder(2, 1), &terms, 1, START).is_ok(), "another key has its own count");
}

#[test]
fn r67_the_whole_limit_is_back_when_the_clock_hour_begins() {
    let (limits, terms) = (Limits::in_memory().unwrap(), terms([fixed(2, HOUR_MS)], []));
    let end = START.plus(HOUR_MS / 2);
    assert!(take(&limits, holder(1, 1), &terms, 2, end.plus(-1)).is_ok());
    assert!(take(&limits, holder(1, 1), &terms, 1, end.plus(-1)).is_err());
    assert_eq!(take(&limits, holder(1, 1), &terms, 1, end), Ok(vec![1]));
}

#[test]
fn r69_the_first_call_shows_one_less_and_the_end_of_the_window() {
    let (limits, terms) = (Limits::in_memory().unwrap(), terms([fixed(1_000, HOUR_MS)], []));
    let mut statuses = Statuses::new();
    limits.take(holder(1, 1), &terms, 1, START, &mut statuses).unwrap();
    assert_eq!((statuses[0].limit, statuses[0].remaining), (1_000, 999));
    assert_eq!(statuses[0].reset_at.rfc3339(), "2026-03-01T11:00:00Z");
    assert_eq!(statuses[0].reset_at.seconds_up(), 1_772_362_800);
}

#[test]
fn a_refused_request_takes_nothing_from_any() {
    let limits = Limits::in_memory().unwrap();
    let wide = limit("wide", 9, HOUR_MS, Algorithm::Sliding, Per::Account);
    let even = limit("even", 9, HOUR_MS, Algorithm::Gcra, Per::Key);
    let budget = quota("budget", 3, Refill::Never, Per::Account);
    let terms = terms([fixed(9, HOUR_MS), wide, even], [quota("daily", 9, Refill::Daily, Per::Key), budget]);
    assert_eq!(take(&limits, holder(1, 1), &terms, 3, START), Ok(vec![6, 6, 6, 6, 0]));
    let refused = Refused { at: 4, retry_after_ms: None };
    assert_eq!(take(&limits, holder(1, 1), &terms, 1, START), Err(refused));
    assert_eq!(peek(&limits, holder(1, 1), &terms, START), [6, 6, 6, 6, 0]);
    assert_eq!(peek(&limits, holder(2, 1), &terms, START), [9, 6, 9, 9, 0], "the account's are shared");
}

#[test]
fn of_several_refusals_the_longest_is_told() {
    let limits = Limits::in_memory().unwrap();
    let minute = limit("minute", 1, 60_000, Algorithm::Fixed, Per::Key);
    let terms = terms([minute, fixed(1, HOUR_MS)], [quota("daily", 1, Refill::Daily, Per::Key)]);
    assert!(take(&limits, holder(1, 1), &terms, 1, START).is_ok());
    let until_midnight = 13 * HOUR_MS + HOUR_MS / 2;
    let refused = Refused { at: 2, retry_after_ms: Some(until_midnight) };
    assert_eq!(take(&limits, holder(1, 1), &terms, 1, START), Err(refused));
    assert!(take(&limits, holder(1, 1), &terms, 1, START.plus(until_midnight)).is_ok());
}

#[test]
fn a_cost_above_the_limit_is_refused_without_harm() {
    let limits = Limits::in_memory().unwrap();
    for algorithm in [Algorithm::Fixed, Algorithm::Sliding, Algorithm::Gcra] {
        let terms = terms([limit("default", 5, HOUR_MS, algorithm, Per::Key)], []);
        for cost in [6, u32::MAX] {
            assert!(take(&limits, holder(1, 1), &terms, cost, START).unwrap_err().retry_after_ms > Some(0));
        }
        assert_eq!(take(&limits, holder(1, 1), &terms, 5, START), Ok(vec![0]), "{algorithm:?}");
    }
}

#[test]
fn no_cost_takes_nothing_and_still_tells() {
    let (limits, terms) = (Limits::in_memory().unwrap(), terms([fixed(1, HOUR_MS)], []));
    assert_eq!(take(&limits, holder(1, 1), &terms, 0, START), Ok(vec![1]));
    assert_eq!(take(&limits, holder(1, 1), &terms, 1, START), Ok(vec![0]));
    assert_eq!(take(&limits, holder(1, 1), &terms, 0, START), Ok(vec![0]));
}

#[test]
fn a_limit_that_is_lowered_counts_what_was_used() {
    let limits = Limits::in_memory().unwrap();
    for algorithm in [Algorithm::Fixed, Algorithm::Sliding] {
        let of = |most| terms([limit("default", most, HOUR_MS, algorithm, Per::Key)], []);
        assert_eq!(take(&limits, holder(1, 1), &of(100), 50, START), Ok(vec![50]));
        assert_eq!(peek(&limits, holder(1, 1), &of(5), START), [0]);
        assert!(take(&limits, holder(1, 1), &of(5), 1, START).is_err());
        assert_eq!(take(&limits, holder(1, 1), &of(60), 1, START), Ok(vec![9]));
    }
    let of = |budget| terms([], [quota("budget", budget, Refill::Never, Per::Key)]);
    assert_eq!(take(&limits, holder(1, 1), &of(100), 50, START), Ok(vec![50]));
    assert_eq!(peek(&limits, holder(1, 1), &of(5), START), [0]);
    assert!(take(&limits, holder(1, 1), &of(5), 1, START).is_err());
}

#[test]
fn a_limit_of_nothing_lets_nothing_pass() {
    let limits = Limits::in_memory().unwrap();
    for algorithm in [Algorithm::Fixed, Algorithm::Sliding, Algorithm::Gcra] {
        let terms = terms([limit("default", 0, HOUR_MS, algorithm, Per::Key)], []);
        assert!(take(&limits, holder(1, 1), &terms, 1, START).is_err());
        assert_eq!(peek(&limits, holder(1, 1), &terms, START), [0]);
    }
}

#[test]
fn a_key_and_an_account_of_the_same_id_and_limit_count_apart() {
    let limits = Limits::in_memory().unwrap();
    let of = |per| terms([limit("default", 1, HOUR_MS, Algorithm::Fixed, per)], []);
    assert!(take(&limits, holder(7, 7), &of(Per::Key), 1, START).is_ok());
    assert!(take(&limits, holder(7, 7), &of(Per::Account), 1, START).is_ok());
    assert!(take(&limits, holder(8, 7), &of(Per::Account), 1, START).is_err());
}

#[test]
fn a_clock_that_goes_back_never_brings_an_older_window_back() {
    let limits = Limits::in_memory().unwrap();
    for algorithm in [Algorithm::Fixed, Algorithm::Sliding, Algorithm::Gcra] {
        let terms = terms([limit("default", 3, 1_000, algorithm, Per::Key)], []);
        let before = take(&limits, holder(1, 1), &terms, 3, START.plus(10_000));
        assert_eq!(before, Ok(vec![0]), "{algorithm:?}");
        for back in [1, 999, 1_000, 1_050, 9_999] {
            assert!(take(&limits, holder(1, 1), &terms, 1, START.plus(10_000 - back)).is_err(), "{algorithm:?}");
        }
    }
}

#[test]
fn quotas_are_renewed_by_the_calendar_or_never() {
    let midnight = START.plus(13 * HOUR_MS + HOUR_MS / 2);
    for refill in [Refill::Daily, Refill::Monthly { day: 2 }] {
        let (limits, terms) = (Limits::in_memory().unwrap(), terms([], [quota("budget", 2, refill, Per::Key)]));
        assert_eq!(take(&limits, holder(1, 1), &terms, 2, START), Ok(vec![0]));
        let refused = Refused { at: 0, retry_after_ms: Some(1) };
        assert_eq!(take(&limits, holder(1, 1), &terms, 1, midnight.plus(-1)), Err(refused));
        assert_eq!(take(&limits, holder(1, 1), &terms, 1, midnight), Ok(vec![1]));
        assert_eq!(take(&limits, holder(1, 1), &terms, 1, midnight.plus(DAY_MS - 1)), Ok(vec![0]));
    }
}

#[test]
fn a_lifetime_budget_is_never_renewed() {
    let (limits, terms) = (Limits::in_memory().unwrap(), terms([], [quota("budget", 2, Refill::Never, Per::Key)]));
    assert_eq!(take(&limits, holder(1, 1), &terms, 2, START), Ok(vec![0]));
    let refused = Refused { at: 0, retry_after_ms: None };
    assert_eq!(take(&limits, holder(1, 1), &terms, 1, START.plus_days(4_000)), Err(refused));
    let mut statuses = Statuses::new();
    limits.peek(holder(1, 1), &terms, START, &mut statuses);
    assert_eq!(statuses[0].reset_at, NEVER);
}

#[test]
fn without_limits_nothing_is_counted() {
    let limits = Limits::in_memory().unwrap();
    assert_eq!(take(&limits, holder(1, 1), &Terms::default(), 1, START), Ok(vec![]));
    assert_eq!(limits.counters(), 0);
}

#[test]
fn counters_that_have_run_out_make_room_for_others() {
    let (limits, terms) = (Limits::in_memory().unwrap(), terms([fixed(1, 1_000)], []));
    for second in 0..50 {
        for key in 0..2_000 {
            let now = START.plus(second * 1_000);
            assert!(take(&limits, holder(second as u128 * 10_000 + key, 1), &terms, 1, now).is_ok());
        }
    }
    assert!(limits.counters() < 100_000 / 2, "{}", limits.counters());
}
