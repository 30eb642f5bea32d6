//! More than fits: counted to the last one (promise P6), and never waited for.

use keyward_core::time::UnixMs;
use keyward_server::app::App;
use keyward_server::logs::{Loss, Record, Source, Tally};

use super::{everything, missing};
use crate::support::{self, Started};

const APIS: &str = "[apis.shop]\nupstream = \"http://127.0.0.1:9\"\n";
const THREADS: u64 = 2;

/// Records as fast as threads can make them.
fn flood(app: &App, each: u64) {
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                let recorder = app.logs.recorder().unwrap();
                for nth in 0..each {
                    recorder.decide();
                    let mut record = Box::new(Record::new(UnixMs((thread * each + nth) as i64), Source::Gateway));
                    record.set_texts("/flood", "", "");
                    recorder.hand_over(record);
                }
            });
        }
    });
}

async fn started() -> Started {
    support::start(APIS).await
}

fn tally(app: &App) -> (Tally, u64) {
    let tally = app.logs.tally().unwrap();
    let dropped = tally.dropped.iter().map(|(_, records)| records).sum();
    (tally, dropped)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_stored_or_counted_to_the_last_record() {
    let started = started().await;
    let app = &started.app;
    flood(app, 150_000);
    let found = everything(app).await.len() as u64;
    let (tally, dropped) = tally(app);
    assert_eq!(tally.decided, THREADS * 150_000);
    assert_eq!((tally.stored, tally.stored + dropped), (found, tally.decided));
    assert!(dropped > 0, "the test has not filled the hand-off");
    let queued = tally.dropped.iter().find(|(loss, _)| *loss == Loss::Queue).unwrap().1;
    assert_eq!(missing(app).await, [("queue_full".to_owned(), queued)], "what is missing is told");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_dropped_below_the_stated_rate() {
    let started = started().await;
    let app = &started.app;
    // A quarter of what one hand-off holds at once, each time it was emptied: 64 times.
    for _ in 0..64 {
        flood(app, 4_096);
        app.logs.settle().await;
    }
    let (tally, dropped) = tally(app);
    assert_eq!((tally.stored, dropped), (64 * THREADS * 4_096, 0));
    assert!(missing(app).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_costs_records_that_are_counted_and_no_more() {
    let started = started().await;
    let app = &started.app;
    flood(app, 100);
    app.logs.settle().await;
    app.logs.disk().unwrap().bound(Some(1_000));
    // More than the writer keeps in memory while it can't write.
    for _ in 0..40 {
        flood(app, 4_096);
        app.logs.settle().await;
    }
    let (full, dropped) = tally(app);
    assert!(full.failing.is_some() && dropped > 0, "{full:?}");
    assert_eq!(full.stored, 200);

    app.logs.disk().unwrap().bound(None);
    flood(app, 10);
    let found = everything(app).await.len() as u64;
    let (well, dropped) = tally(app);
    assert_eq!(well.failing, None, "it goes on without a restart");
    assert_eq!((well.stored, well.stored + dropped), (found, well.decided));
    assert!(missing(app).await.iter().any(|(reason, records)| reason == "disk" && *records > 0));
}

#[test]
fn stopping_loses_nothing_and_starting_finds_everything() {
    let dir = tempfile::tempdir().unwrap();
    let clock = keyward_server::clock::Clock::manual(support::START);
    // A runtime for each: with it ends all that a program had begun.
    let run = || tokio::runtime::Runtime::new().unwrap();
    run().block_on(async {
        let app = support::restart(APIS, dir.path(), &clock).await;
        flood(&app, 1_000);
        app.logs.stop().await;
    });
    run().block_on(async {
        let app = support::restart(APIS, dir.path(), &clock).await;
        assert_eq!(everything(&app).await.len() as u64, THREADS * 1_000);
        assert!(missing(&app).await.is_empty());
    });
}
