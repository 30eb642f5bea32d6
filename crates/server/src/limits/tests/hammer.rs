//! Sixty-four threads at once, on the same counts: exactly the limit passes, never one more or less.

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::sync::atomic::{AtomicI64, Ordering};

use keyward_core::limit::{SLICES, slice_ms};
use keyward_core::time::HOUR_MS;

use super::*;

const THREADS: u128 = 64;

/// Runs a body in every thread, started together, and adds up what each returns.
fn together<T: Send>(body: impl Fn(u128) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(THREADS as usize);
    std::thread::scope(|scope| {
        let (body, barrier) = (&body, &barrier);
        let run = |number| {
            scope.spawn(move || {
                barrier.wait();
                body(number)
            })
        };
        let threads: Vec<_> = (0..THREADS).map(run).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// How many of 64 × 100 requests pass.
fn passed(terms: &Terms) -> usize {
    let limits = Limits::in_memory().unwrap();
    let take = |_| (0..100).filter(|_| take(&limits, holder(1, 1), terms, 1, START).is_ok()).count();
    together(take).into_iter().sum()
}

#[test]
fn of_many_threads_exactly_the_limit_passes() {
    for algorithm in [Algorithm::Fixed, Algorithm::Sliding, Algorithm::Gcra] {
        for per in [Per::Key, Per::Account] {
            assert_eq!(passed(&terms([limit("default", 2_345, HOUR_MS, algorithm, per)], [])), 2_345, "{algorithm:?}");
        }
    }
    for refill in [Refill::Never, Refill::Daily, Refill::Monthly { day: 31 }] {
        assert_eq!(passed(&terms([], [quota("budget", 2_345, refill, Per::Key)])), 2_345, "{refill:?}");
    }
}

/// Every thread has a key of its own, all share what is the account's, and some of it runs out before the rest.
#[test]
fn of_many_threads_all_or_none_is_taken() {
    let limits = Limits::in_memory().unwrap();
    let key_limits = [fixed(90, HOUR_MS), limit("slide", 80, HOUR_MS, Algorithm::Sliding, Per::Key)];
    let shared = [limit("default", 4_000, HOUR_MS, Algorithm::Gcra, Per::Account)];
    let budget = quota("budget", 3_000, Refill::Never, Per::Account);
    let terms = terms([key_limits.as_slice(), &shared].concat(), [budget]);
    let take = |number| (0..100).filter(|_| take(&limits, holder(number, 1), &terms, 1, START).is_ok()).count();
    let passed = together(take);
    assert_eq!(passed.iter().sum::<usize>(), 3_000);
    for (number, passed) in passed.iter().enumerate() {
        let passed = *passed as u64;
        assert!(passed <= 80);
        assert_eq!(peek(&limits, holder(number as u128, 1), &terms, START), [90 - passed, 80 - passed, 1_000, 0]);
    }
}

/// The threads move the clock as they go, and some read it long before they use it.
#[test]
fn of_many_threads_none_passes_twice_over_an_edge() {
    let window_ms = 1_000;
    for algorithm in [Algorithm::Fixed, Algorithm::Sliding] {
        let limits = Limits::in_memory().unwrap();
        let terms = terms([limit("default", 40, window_ms, algorithm, Per::Account)], []);
        let clock = AtomicI64::new(START.0);
        let admitted = together(|number| {
            let (mut admitted, mut statuses) = (Vec::new(), Statuses::new());
            for step in 0..400 {
                let late = if step % 7 == 0 { 700 } else { 0 };
                let now = UnixMs(clock.fetch_add(1, Ordering::Relaxed) - late);
                if limits.take(holder(number, 1), &terms, 1, now, &mut statuses).is_ok() {
                    admitted.push(statuses[0].reset_at.0);
                }
            }
            admitted
        });
        // When it is whole again names the window, or the slice, that an admitted request was counted in.
        let mut counts = BTreeMap::<i64, usize>::new();
        for reset_at in admitted.into_iter().flatten() {
            *counts.entry(reset_at).or_default() += 1;
        }
        let stretch_ms = if algorithm == Algorithm::Fixed { 1 } else { (SLICES + 1) * slice_ms(window_ms) };
        for end in counts.keys() {
            let within: usize = counts.range(end - stretch_ms + 1..=*end).map(|(_, count)| count).sum();
            assert!(within <= 40, "{algorithm:?}: {within}");
        }
        assert!(counts.values().sum::<usize>() >= 40 * 12, "{algorithm:?}: {counts:?}");
    }
}

/// New counters move the tables while others are being taken from.
#[test]
fn of_many_threads_none_is_forgotten_while_tables_grow() {
    let limits = Limits::in_memory().unwrap();
    let terms = terms([fixed(1, HOUR_MS), limit("slide", 2, HOUR_MS, Algorithm::Sliding, Per::Key)], []);
    let keys = 6_000;
    let first = together(|number| {
        let order = (0..keys).map(|key| (key * 7_919 + number * 97) % keys);
        order.filter(|key| take(&limits, holder(*key, 1), &terms, 1, START).is_ok()).count()
    });
    assert_eq!(first.into_iter().sum::<usize>(), keys as usize);
    assert_eq!(limits.counters(), keys as usize * 2);
}
