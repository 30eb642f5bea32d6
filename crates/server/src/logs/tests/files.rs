//! Tails and segments as time goes by: when a tail has had its time, what is deleted when, and what is remembered.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::Duration;

use keyward_core::ids::KeyId;
use keyward_core::time::{DAY_MS, HOUR_MS, MINUTE_MS, UnixMs};
use tokio::runtime::Handle;
use uuid::Uuid;

use crate::app::{App, ClockChoice};
use crate::clock::Clock;
use crate::config;
use crate::logs::filter::Filter;
use crate::logs::fixtures::names;
use crate::logs::graves::Graves;
use crate::logs::query::newest;
use crate::logs::record::Record;
use crate::logs::sealer::Sealer;
use crate::logs::shelf::{Held, REMEMBERED_MAX, Shelf};
use crate::logs::tail::{Reached, Tail};
use crate::logs::writer::{Command, Place, Stored, TailMax, Writer};
use crate::logs::{Incarnation, Source, segment, start};

/// 2026-03-01T10:15:00Z, a quarter past the hour.
const START: UnixMs = UnixMs(1_772_360_100_000);

/// A writer and a sealer whose every step a test takes itself.
struct Bench {
    app: App,
    writer: Writer,
    sealer: Sealer,
    handed: mpsc::Receiver<Arc<Tail>>,
    _stored: tokio::sync::mpsc::Receiver<Stored>,
    _commands: mpsc::Sender<Command>,
    _dir: tempfile::TempDir,
}

impl Bench {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let text = "[apis.shop]\nupstream = \"http://127.0.0.1:9\"\n";
        let config = config::parse(&format!("data_dir = {:?}\n{text}", dir.path().display().to_string()), dir.path());
        let clock = ClockChoice::Given(Clock::manual(START));
        let app = App::start(Arc::new(config.unwrap()), clock).await.unwrap();
        // Its own log does not come in between.
        app.logs.stop().await;
        let engine = start::engine(&app, Incarnation(9), Held::default(), 0).unwrap();
        let ((sealing, handed), (orders, commands)) = (mpsc::channel(), mpsc::channel());
        let (stored, storing) = tokio::sync::mpsc::channel(1);
        let writer = Writer {
            engine: Arc::clone(&engine),
            clock: app.clock.clone(),
            graves: Graves::new(app.db.clone(), Arc::clone(&app.vault), Handle::current()),
            commands,
            stored,
            sealing,
            flush_every: Duration::from_millis(500),
            tail_max: TailMax::default(),
            place: Place::default(),
        };
        let (_, tails) = mpsc::channel();
        let clock = app.clock.clone();
        let sealer = Sealer { engine, clock, tails, waiting: vec![], keep_days: None, bytes_max: u64::MAX };
        Self { app, writer, sealer, handed, _stored: storing, _commands: orders, _dir: dir }
    }

    /// Writes one batch of so many records of this moment.
    fn write(&mut self, records: usize) {
        let record = || Record::new(self.app.clock.now(), Source::Gateway);
        let batch: Arc<[Record]> = (0..records).map(|_| record()).collect();
        self.writer.write(&batch).unwrap();
    }

    /// Rows of each tail that was let go of by now.
    fn let_go(&mut self) -> Vec<u64> {
        let tails: Vec<_> = self.handed.try_iter().collect();
        let rows = tails.iter().map(|tail| tail.rows()).collect();
        self.sealer.waiting.extend(tails);
        rows
    }

    /// What the sealer does when it wakes.
    fn seal(&mut self) {
        self.let_go();
        self.sealer.seal();
        self.sealer.tidy();
    }

    fn held(&self) -> Arc<Held> {
        self.sealer.engine.shelf.held()
    }

    /// How many files of this kind are there.
    fn files(&self, kind: &str) -> usize {
        let all = std::fs::read_dir(self.sealer.engine.shelf.folder()).unwrap();
        all.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|own| own == kind)).count()
    }

    /// One segment of one record; the time passes on to the next hour.
    fn hour(&mut self) {
        self.write(1);
        self.app.clock.advance(HOUR_MS);
        self.writer.end_hour();
        self.seal();
    }

    /// Usage has stored everything.
    fn counted(&self) {
        let seq = self.held().tails.last().unwrap().reached().seq;
        self.sealer.engine.counted.store(seq, Ordering::Release);
    }
}

#[tokio::test]
async fn a_tail_is_let_go_of_when_its_hour_is_over() {
    let mut bench = Bench::new().await;
    bench.write(2);
    bench.app.clock.advance(45 * MINUTE_MS - 1);
    bench.write(1);
    bench.writer.end_hour();
    assert_eq!(bench.let_go(), [0; 0], "a millisecond before the hour");
    bench.app.clock.advance(1);
    bench.write(4);
    assert_eq!(bench.let_go(), [3]);
    // Also when nothing comes any more, and then once.
    bench.app.clock.advance(HOUR_MS);
    bench.writer.end_hour();
    assert_eq!(bench.let_go(), [4]);
    bench.app.clock.advance(HOUR_MS);
    bench.writer.end_hour();
    assert_eq!(bench.let_go(), [0; 0], "a tail with nothing in it goes on");
    bench.seal();
    let held = bench.held();
    assert_eq!(held.segments.iter().map(|segment| segment.rows).collect::<Vec<_>>(), [3, 4]);
    assert_eq!((held.rows(), bench.files("parquet")), (7, 2));
}

#[tokio::test]
async fn a_tail_is_let_go_of_when_it_is_large() {
    let mut bench = Bench::new().await;
    bench.writer.tail_max = TailMax { rows: 10, ..TailMax::default() };
    for records in [4, 5, 1, 3] {
        bench.write(records);
    }
    assert_eq!(bench.let_go(), [10], "the batch after the one that filled it begins the next");
    let bytes = bench.held().tails.last().unwrap().bytes();
    bench.writer.tail_max = TailMax { bytes: bytes + 1, ..TailMax::default() };
    bench.write(1);
    assert_eq!(bench.let_go(), [0; 0]);
    bench.write(1);
    assert_eq!(bench.let_go(), [4]);
}

#[tokio::test]
async fn segments_that_are_too_old_are_deleted_and_no_others() {
    let mut bench = Bench::new().await;
    bench.sealer.keep_days = Some(2);
    bench.hour();
    bench.hour();
    // The first is of two days before that, the second of an hour less.
    bench.app.clock.advance(2 * DAY_MS - 2 * HOUR_MS);
    bench.seal();
    assert_eq!(bench.files("parquet"), 2);
    bench.app.clock.advance(1);
    bench.seal();
    let held = bench.held();
    assert_eq!(held.segments.iter().map(|segment| segment.until).collect::<Vec<_>>(), [START.plus(HOUR_MS)]);
    assert_eq!((bench.files("parquet"), held.rows()), (1, 1));
    assert_eq!(held.oldest(), Some(START.plus(HOUR_MS)));
    bench.sealer.keep_days = None;
    bench.app.clock.advance(1_000 * DAY_MS);
    bench.seal();
    assert_eq!(bench.files("parquet"), 1, "without an age they are kept for good");
}

#[tokio::test]
async fn the_oldest_segments_are_deleted_where_all_are_too_large_together() {
    let mut bench = Bench::new().await;
    for _ in 0..4 {
        bench.hour();
    }
    bench.counted();
    bench.seal();
    let held = bench.held();
    assert_eq!((held.spent.len(), bench.files("parquet"), bench.files("tail")), (0, 4, 1));
    let until = |held: &Held| held.segments.iter().map(|segment| segment.until.0 - START.0).collect::<Vec<_>>();
    bench.sealer.bytes_max = held.bytes();
    bench.seal();
    assert_eq!(bench.files("parquet"), 4, "just as large as may be");
    bench.sealer.bytes_max = held.bytes() - 1;
    bench.seal();
    assert_eq!(until(&bench.held()), [1, 2, 3].map(|hour| hour * HOUR_MS));
    bench.sealer.bytes_max = bench.held().bytes() - held.segments[1].bytes - 1;
    bench.seal();
    assert_eq!((until(&bench.held()), bench.files("parquet")), (vec![3 * HOUR_MS], 1));
    bench.sealer.bytes_max = 0;
    bench.seal();
    assert_eq!((bench.files("parquet"), bench.files("tail")), (0, 1), "what is written to stays");
}

#[tokio::test]
async fn a_tail_s_file_stays_until_usage_has_it() {
    let mut bench = Bench::new().await;
    bench.hour();
    assert_eq!((bench.files("tail"), bench.files("parquet")), (2, 1));
    assert_eq!(bench.held().rows(), 1, "it is found in one of them only");
    bench.seal();
    assert_eq!(bench.files("tail"), 2);
    bench.counted();
    bench.seal();
    assert_eq!((bench.files("tail"), bench.held().spent.len()), (1, 0));
}

#[tokio::test]
async fn what_can_t_be_sealed_now_is_sealed_later() {
    let mut bench = Bench::new().await;
    bench.hour();
    bench.write(2);
    bench.app.clock.advance(HOUR_MS);
    bench.writer.end_hour();
    bench.sealer.engine.disk.bound(Some(100));
    bench.seal();
    let sealed = bench.sealer.engine.sealed.borrow().clone();
    assert_eq!((sealed.tails, sealed.failures, bench.files("parquet")), (1, 1, 1), "{sealed:?}");
    assert_eq!(bench.held().rows(), 3, "it can be found all the same");
    bench.sealer.engine.disk.bound(None);
    bench.seal();
    assert_eq!((bench.sealer.engine.sealed.borrow().tails, bench.files("parquet"), bench.held().rows()), (2, 2, 3));
}

/// As many segments as are remembered and some more, with the same row in each.
fn many_segments(folder: &Path, more: usize) -> Vec<Arc<segment::Segment>> {
    let names = names();
    let mut record = Record::new(UnixMs(1_000), Source::Gateway);
    record.key = Some(KeyId::new(Uuid::from_u128(7)));
    let tail = super::tail(folder, 1, Reached::default(), &names, &[vec![record]]);
    segment::seal(folder, &tail, &names, &super::Disk::default()).unwrap().unwrap();
    let name = |number: usize| folder.join(format!("1000-1000-1-{}-{number:08}.parquet", Incarnation(1)));
    for number in 2..=REMEMBERED_MAX + more {
        std::fs::copy(name(1), name(number)).unwrap();
    }
    segment::all(folder).unwrap()
}

#[test]
fn what_is_remembered_of_segments_is_bounded_and_forgetting_costs_no_row() {
    const MORE: usize = 8;
    let (folder, names) = (tempfile::tempdir().unwrap(), names());
    let segments = many_segments(folder.path(), MORE);
    let held = Held { segments: segments.clone(), ..Held::default() };
    let shelf = Shelf::new(folder.path().to_owned(), held);
    let filter = Filter { key: Some(KeyId::new(Uuid::from_u128(7))), ..Filter::default() };
    let found = || newest(&shelf, &names, &filter, None, 1_000).unwrap().records.len();
    // Each round forgets what the next one looks for first.
    for _ in 0..3 {
        assert_eq!(found(), REMEMBERED_MAX + MORE);
    }
    // A segment that was remembered says that forgetting it is nothing new.
    let forgotten = segments.iter().filter(|segment| segment.remember(None)).count();
    assert_eq!(forgotten, MORE);
    assert_eq!(found(), REMEMBERED_MAX + MORE);
    // One that is deleted while it is listed is no error, remembered or not.
    for segment in [&segments[0], &segments[REMEMBERED_MAX + MORE - 1]] {
        segment.remove().unwrap();
    }
    assert_eq!(found(), REMEMBERED_MAX + MORE - 2);
}
