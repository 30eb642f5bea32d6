//! Tails, segments and queries together: whatever is asked, the answer is what a plain list would give.

mod files;

use std::path::Path;
use std::sync::Arc;

use keyward_core::ids::KeyId;
use keyward_core::time::UnixMs;
use proptest::prelude::*;
use uuid::Uuid;

use super::codec::Encoder;
use super::disk::Disk;
use super::filter::Filter;
use super::fixtures::{CODES, any_record, names};
use super::names::Names;
use super::query::newest;
use super::record::{Cause, Outcome, Record};
use super::segment;
use super::shelf::{Held, Shelf};
use super::tail::{Reached, Tail};
use super::{Incarnation, Source};

/// A tail of these batches.
fn tail(folder: &Path, number: u32, before: Reached, names: &Names, batches: &[Vec<Record>]) -> Tail {
    let tail = Tail::create(folder, Incarnation(1), number, before, names).unwrap();
    for batch in batches {
        let (mut frame, reached) = (Vec::new(), tail.reached());
        Encoder::default().frame(names, reached.seq + 1, reached.stored, reached.dropped, batch, &mut frame);
        tail.append(&frame, batch).unwrap();
    }
    tail
}

/// Half of some batches as a segment, the rest as a tail.
fn stored(folder: &Path, names: &Names, batches: &[Vec<Record>]) -> Shelf {
    let (old, new) = batches.split_at(batches.len() / 2);
    let old = tail(folder, 1, Reached::default(), names, old);
    let new = tail(folder, 2, old.reached(), names, new);
    let made = segment::seal(folder, &old, names, &Disk::default()).unwrap();
    let on_disk = segment::all(folder).unwrap();
    assert_eq!(on_disk.len(), usize::from(made.is_some()));
    let held = Held { tails: vec![Arc::new(new)], spent: vec![], segments: on_disk };
    assert_eq!(held.rows() as usize, batches.iter().map(Vec::len).sum::<usize>());
    Shelf::new(folder.to_owned(), held)
}

/// Every page of a query.
fn all_pages(shelf: &Shelf, names: &Names, filter: &Filter, limit: usize) -> Vec<Record> {
    let (mut all, mut from) = (Vec::new(), None);
    loop {
        let found = newest(shelf, names, filter, from.as_ref(), limit).unwrap();
        assert!(found.records.len() <= limit);
        all.extend(found.records);
        let Some(next) = found.next else { return all };
        from = super::Place::decode(&next.encode());
        assert_eq!(from, Some(next));
    }
}

/// Few different values, so that filters find something; ids that were made here among them.
fn some_record() -> impl Strategy<Value = Record> {
    (any_record(), 0_i64..40, 1_u128..5, any::<bool>()).prop_map(|(mut record, at, key, made_here)| {
        record.at = UnixMs(1_000_000_000_000 + at);
        record.key = Some(KeyId::new(Uuid::from_u128(key << 70 | key)));
        if made_here {
            let random = (key as u64 * 77).to_be_bytes();
            let mut bytes = [0; 10];
            bytes[..8].copy_from_slice(&random);
            record.made_id = Some(uuid::Builder::from_unix_timestamp_millis(record.at.0 as u64, &bytes).into_uuid());
            record.texts = super::record::Texts::new(record.path(), record.agent(), "");
        }
        record
    })
}

fn some_filter() -> impl Strategy<Value = Filter> {
    prop_oneof![
        Just(Filter::default()),
        (1_u128..6)
            .prop_map(|key| Filter { key: Some(KeyId::new(Uuid::from_u128(key << 70 | key))), ..Filter::default() }),
        (0_i64..45, 0_i64..45).prop_map(|(since, until)| Filter {
            since: Some(UnixMs(1_000_000_000_000 + since)),
            until: Some(UnixMs(1_000_000_000_000 + until)),
            ..Filter::default()
        }),
        prop::sample::select(Outcome::ALL.to_vec())
            .prop_map(|outcome| Filter { outcome: Some(outcome), ..Filter::default() }),
        prop::sample::select(CODES.to_vec()).prop_map(|code| Filter { code: Some(code.into()), ..Filter::default() }),
        prop::sample::select(Cause::ALL.to_vec()).prop_map(|cause| Filter {
            cause: Some(cause),
            source: Some(Source::Auth),
            ..Filter::default()
        }),
        (0_u16..600, 0_u16..600).prop_map(|(a, b)| Filter { status: Some((a.min(b), a.max(b))), ..Filter::default() }),
        any::<u32>().prop_map(|least| Filter { total_us_min: Some(least), ..Filter::default() }),
        "[a-z]".prop_map(|part| Filter { agent: Some(part), path: Some("/*".into()), ..Filter::default() }),
        prop::sample::select(vec!["0.0.0.0/1", "::/1", "128.0.0.0/1"])
            .prop_map(|range| Filter { address: Some(range.parse().unwrap()), ..Filter::default() }),
        prop::sample::select(vec!["shop", "eu1", "nowhere"]).prop_map(|name| Filter {
            api: Some(name.into()),
            method: Some("GET".into()),
            ..Filter::default()
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_page_of_every_filter_is_what_a_plain_list_gives(
        batches in prop::collection::vec(prop::collection::vec(some_record(), 1..30), 0..6),
        filter in some_filter(),
        limit in 1_usize..40,
    ) {
        let (folder, names) = (tempfile::tempdir().unwrap(), names());
        let shelf = stored(folder.path(), &names, &batches);
        let mut expected: Vec<Record> = batches.into_iter().flatten().filter(|own| filter.matches(own, &names)).collect();
        let found = all_pages(&shelf, &names, &filter, limit);
        let order = |record: &Record| (record.at, record.made_id, record.texts.id().to_owned());
        prop_assert!(found.is_sorted_by(|a, b| a.order() >= b.order()));
        // Those of one place may come in any order.
        let sort = |all: &mut Vec<Record>| all.sort_by_key(|own| (order(own), format!("{own:?}")));
        let mut found = found;
        sort(&mut found);
        sort(&mut expected);
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_request_is_found_by_its_id(batches in prop::collection::vec(prop::collection::vec(some_record(), 1..20), 1..5)) {
        let (folder, names) = (tempfile::tempdir().unwrap(), names());
        let shelf = stored(folder.path(), &names, &batches);
        for record in batches.iter().flatten() {
            // An id of another time is a proxy's, and the log can't know when it was.
            let is_foreign = record.made_id.is_some_and(|id| id.get_version_num() == 7)
                && super::filter::id_time(record.made_id.unwrap()) != record.at;
            if is_foreign || record.request_id().is_empty() {
                continue;
            }
            let filter = Filter { request_id: Some(record.request_id()), ..Filter::default() };
            let found = newest(&shelf, &names, &filter, None, 1_000).unwrap().records;
            prop_assert!(found.contains(record), "{:?}", record);
        }
    }
}

#[test]
fn a_segment_that_could_not_be_finished_is_none() {
    let (folder, names) = (tempfile::tempdir().unwrap(), names());
    let records = vec![Record::new(UnixMs(1), Source::Gateway)];
    let tail = tail(folder.path(), 1, Reached::default(), &names, &[records]);
    let disk = Disk::default();
    disk.bound(Some(300));
    assert!(segment::seal(folder.path(), &tail, &names, &disk).is_err());
    assert!(segment::all(folder.path()).unwrap().is_empty());
    disk.bound(None);
    assert_eq!(segment::seal(folder.path(), &tail, &names, &disk).unwrap().unwrap().rows, 1);
}
