//! The file: what was counted is there again, whatever happened in between.

use std::fs;
use std::path::Path;

use keyward_core::time::HOUR_MS;
use proptest::prelude::*;

use super::super::Origin;
use super::super::arena::Arena;
use super::super::saved::QuotaUse;
use super::*;

fn everything() -> Terms {
    let limits = [
        fixed(100, HOUR_MS),
        limit("even", 100, HOUR_MS, Algorithm::Gcra, Per::Key),
        limit("slide", 100, HOUR_MS, Algorithm::Sliding, Per::Account),
    ];
    terms(
        limits,
        [quota("budget", 100, Refill::Never, Per::Key), quota("month", 100, Refill::Monthly { day: 3 }, Per::Key)],
    )
}

#[test]
fn what_was_counted_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (file, terms) = (folder.path().join("counters"), everything());
    let limits = Limits::open(&file).unwrap();
    assert_eq!(*limits.origin(), Origin::New);
    take(&limits, holder(1, 1), &terms, 30, START).unwrap();
    drop(limits);
    for left in [69, 68, 67] {
        let limits = Limits::open(&file).unwrap();
        assert_eq!(*limits.origin(), Origin::Continued);
        assert_eq!(take(&limits, holder(1, 1), &terms, 1, START), Ok(vec![left; 5]));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "the counters and the lock");
}

#[test]
fn many_counters_survive_growing_syncing_and_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let (file, terms) = (folder.path().join("counters"), everything());
    for round in 1..=3 {
        let limits = Limits::open(&file).unwrap();
        for key in 0..10_000 {
            assert_eq!(take(&limits, holder(key, key), &terms, 1, START), Ok(vec![100 - round; 5]), "{key}");
            if key % 2_500 == 0 {
                limits.sync().unwrap();
            }
        }
        assert_eq!(limits.counters(), 50_000);
    }
}

#[test]
fn what_has_run_out_is_dropped_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("counters");
    let limits = Limits::open(&file).unwrap();
    take(&limits, holder(1, 1), &everything(), 1, START).unwrap();
    take(&limits, holder(2, 2), &terms([fixed(5, 1_000)], []), 1, START.plus(40 * 24 * HOUR_MS)).unwrap();
    limits.sync().unwrap();
    drop(limits);
    assert_eq!(Limits::open(&file).unwrap().counters(), 2, "the lifetime budget, and the second that was last");
}

#[test]
fn an_outgrown_table_never_overrules_the_one_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let (file, terms) = (folder.path().join("counters"), everything());
    let limits = Limits::open(&file).unwrap();
    for _ in 0..2 {
        for key in 0..30_000 {
            take(&limits, holder(key, key), &terms, 1, START).unwrap();
        }
    }
    drop(limits);
    let limits = Limits::open(&file).unwrap();
    assert!((0..30_000).all(|key| peek(&limits, holder(key, key), &terms, START) == [98; 5]));
}

/// What was dropped as over stays over.
#[test]
fn a_clock_behind_the_last_sync_counts_at_that_instant() {
    let folder = tempfile::tempdir().unwrap();
    let (file, terms) = (folder.path().join("counters"), terms([fixed(5, 1_000)], []));
    let limits = Limits::open(&file).unwrap();
    assert!(take(&limits, holder(1, 1), &terms, 5, START).is_ok());
    assert!(take(&limits, holder(2, 1), &terms, 5, START.plus(1_000)).is_ok());
    limits.sync().unwrap();
    drop(limits);
    let (limits, mut statuses) = (Limits::open(&file).unwrap(), Statuses::new());
    limits.take(holder(1, 1), &terms, 1, START, &mut statuses).unwrap();
    assert_eq!(statuses[0].reset_at, START.plus(2_000));
}

/// Without a sync it is not known how late it was, but each counter knows its own window.
#[test]
fn a_clock_behind_a_counter_brings_no_older_window_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("counters");
    let of = |algorithm| terms([limit("default", 5, 1_000, algorithm, Per::Key)], []);
    let all = [
        of(Algorithm::Fixed),
        of(Algorithm::Sliding),
        of(Algorithm::Gcra),
        terms([], [quota("budget", 5, Refill::Daily, Per::Key)]),
    ];
    let limits = Limits::open(&file).unwrap();
    for terms in &all {
        assert!(take(&limits, holder(1, 1), terms, 5, START.plus_days(1)).is_ok());
    }
    drop(limits);
    for back_ms in [50, 1_000, 10_000, 24 * HOUR_MS] {
        for terms in &all {
            let limits = Limits::open(&file).unwrap();
            let now = START.plus_days(1).plus(-back_ms);
            assert!(take(&limits, holder(1, 1), terms, 1, now).is_err(), "{terms:?} {back_ms}");
        }
    }
}

#[test]
fn two_processes_never_count_in_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("counters");
    let first = Limits::open(&file).unwrap();
    assert_eq!(Limits::open(&file).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    drop(first);
    assert!(Limits::open(&file).is_ok());
}

fn set_aside_after(damage: impl Fn(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    let (file, terms) = (folder.path().join("counters"), everything());
    take(&Limits::open(&file).unwrap(), holder(1, 1), &terms, 1, START).unwrap();
    for number in 1..3 {
        damage(&file);
        let damaged = fs::read(&file).unwrap();
        let limits = Limits::open(&file).unwrap();
        let Origin::SetAside(aside) = limits.origin() else { panic!("{:?}", limits.origin()) };
        assert!(aside.ends_with(format!("counters.damaged-{number}")));
        assert_eq!(fs::read(aside).unwrap(), damaged);
        assert_eq!(take(&limits, holder(1, 1), &terms, 1, START), Ok(vec![99; 5]));
    }
}

fn overwrite(file: &Path, at: usize, bytes: &[u8]) {
    let mut text = fs::read(file).unwrap();
    text[at..at + bytes.len()].copy_from_slice(bytes);
    fs::write(file, text).unwrap();
}

#[test]
fn a_file_that_cannot_be_read_is_set_aside() {
    set_aside_after(|file| fs::write(file, "").unwrap());
    set_aside_after(|file| fs::write(file, "something else entirely").unwrap());
    set_aside_after(|file| overwrite(file, 0, b"kwCounts"));
    set_aside_after(|file| overwrite(file, 8, &[99]));
    set_aside_after(|file| overwrite(file, 512 * 8, &[0xFF; 8]));
    set_aside_after(|file| overwrite(file, 512 * 8, &[6, 1, 0, 0, 0, 0, 0, 0]));
    set_aside_after(|file| fs::write(file, &fs::read(file).unwrap()[..4_096]).unwrap());
}

#[test]
fn a_full_disk_stops_no_counting() {
    let name = "counters";
    let memory = rustix::fs::memfd_create(name, rustix::fs::MemfdFlags::ALLOW_SEALING).unwrap();
    let arena = Arena::in_file(memory.try_clone().unwrap().into()).unwrap();
    rustix::fs::fcntl_add_seals(&memory, rustix::fs::SealFlags::GROW).unwrap();
    let (limits, terms) = (Limits::with(arena, Origin::New, None), everything());
    for round in 1..=2 {
        for key in 0..20_000 {
            assert_eq!(take(&limits, holder(key, key), &terms, 1, START), Ok(vec![100 - round; 5]));
        }
    }
    limits.sync().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Power loss: of what was written since the last sync, any page may have reached the disk or not.
    #[test]
    fn power_loss_forgets_nothing_that_was_synced(
        before in 1_u128..12_000, between in 1_u128..12_000, after in 1_u128..12_000, pages: u64,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (file, lost) = (folder.path().join("counters"), folder.path().join("lost"));
        let terms = terms([fixed(2, HOUR_MS), limit("slide", 2, HOUR_MS, Algorithm::Sliding, Per::Key)], []);
        let limits = Limits::open(&file).unwrap();
        for key in 0..before {
            take(&limits, holder(key, 1), &terms, 1, START).unwrap();
        }
        limits.sync().unwrap();
        for key in before..before + between {
            take(&limits, holder(key, 1), &terms, 1, START).unwrap();
        }
        limits.sync().unwrap();
        let synced = fs::read(&file).unwrap();
        for key in before + between..before + between + after {
            take(&limits, holder(key, 1), &terms, 1, START).unwrap();
        }
        let mut mixed = fs::read(&file).unwrap();
        let mut dice = pages;
        for (number, page) in mixed.chunks_mut(4_096).enumerate() {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            if dice >> 63 == 0 {
                match synced.get(number * 4_096..number * 4_096 + page.len()) {
                    Some(old) => page.copy_from_slice(old),
                    None => page.fill(0),
                }
            }
        }
        fs::write(&lost, mixed).unwrap();
        let limits = Limits::open(&lost).unwrap();
        prop_assert_eq!(limits.origin(), &Origin::Continued);
        for key in 0..before + between {
            prop_assert_eq!(peek(&limits, holder(key, 1), &terms, START), [1, 1], "{}", key);
        }
    }
}

#[test]
fn a_lost_file_gives_nobody_a_fresh_lifetime_budget() {
    let terms = terms(
        [],
        [quota("budget", 10, Refill::Never, Per::Key), quota("month", 10, Refill::Monthly { day: 1 }, Per::Account)],
    );
    let limits = Limits::in_memory().unwrap();
    assert_eq!(limits.dirty_quotas(), []);
    take(&limits, holder(1, 2), &terms, 4, START).unwrap();
    take(&limits, holder(1, 2), &terms, 3, START).unwrap();
    let mut rows = limits.dirty_quotas();
    rows.sort_by(|a, b| a.name.cmp(&b.name));
    let row = |holder: String, name: &str, period| QuotaUse { holder, name: name.into(), period, used: 7 };
    let month = 2 << 32 | (2026 * 12 + 2);
    let who = holder(1, 2);
    assert_eq!(rows, [row(who.key.to_string(), "budget", 0), row(who.account.to_string(), "month", month)]);
    assert_eq!(limits.dirty_quotas(), [], "saved");
    take(&limits, who, &terms, 1, START).unwrap();
    assert_eq!(limits.dirty_quotas().len(), 2);

    let fresh = Limits::in_memory().unwrap();
    assert!(rows.iter().all(|row| fresh.seed_quota(row, START)));
    assert_eq!(peek(&fresh, who, &terms, START), [3, 3]);
    assert_eq!(fresh.dirty_quotas(), []);
    assert!(take(&fresh, who, &terms, 4, START).is_err());
    assert_eq!(take(&fresh, who, &terms, 1, START), Ok(vec![2, 2]));
    assert!(rows.iter().all(|row| fresh.seed_quota(row, START)), "an older row takes nothing back");
    assert_eq!(take(&fresh, who, &terms, 1, START), Ok(vec![1, 1]));
    assert_eq!(fresh.dirty_quotas().len(), 2);

    let later = Limits::in_memory().unwrap();
    assert!(rows.iter().all(|row| later.seed_quota(row, START.plus_days(31))));
    assert_eq!(peek(&later, who, &terms, START.plus_days(31)), [3, 10], "that month is over");
    let wrong = QuotaUse { holder: "somebody".into(), ..rows[0].clone() };
    assert!(!later.seed_quota(&wrong, START));
}

#[test]
fn what_was_not_saved_before_a_kill_is_saved_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let (file, terms) = (folder.path().join("counters"), everything());
    take(&Limits::open(&file).unwrap(), holder(1, 2), &terms, 4, START).unwrap();
    let limits = Limits::open(&file).unwrap();
    assert_eq!(take(&limits, holder(1, 2), &terms, 1, START), Ok(vec![95; 5]));
    assert_eq!(limits.dirty_quotas().iter().map(|row| row.used).collect::<Vec<_>>(), [5, 5]);
}

#[test]
fn what_could_not_be_saved_is_saved_next_time() {
    let terms = terms([], [quota("budget", 10, Refill::Never, Per::Key)]);
    let limits = Limits::in_memory().unwrap();
    take(&limits, holder(1, 2), &terms, 4, START).unwrap();
    let rows = limits.dirty_quotas();
    limits.keep_dirty(rows);
    take(&limits, holder(1, 2), &terms, 1, START).unwrap();
    let used: Vec<i64> = limits.dirty_quotas().iter().map(|row| row.used).collect();
    assert!(!used.is_empty() && used.iter().all(|used| *used == 5), "{used:?}");
}
