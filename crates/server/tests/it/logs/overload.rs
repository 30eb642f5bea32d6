//! More than fits: counted to the last one (promise P6), and never waited for.

use keyward_core::time::HOUR_MS;
use keyward_server::app::App;
use keyward_server::logs::{Loss, Record, Source, Tally};

use serde_json::{Value, json};

use super::{everything, missing};
use crate::management::Control;
use crate::support::{self, Started};

const APIS: &str = "[apis.shop]\nupstream = \"http://127.0.0.1:9\"\n";
const THREADS: u64 = 2;
/// What one thread's hand-off holds.
const HANDOFF: u64 = 16_384;

/// Records as fast as threads can make them.
fn flood(app: &App, each: u64) {
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                let recorder = app.logs.recorder().unwrap();
                for nth in 0..each {
                    recorder.decide();
                    let before_ms = (thread * each + nth) as i64 % 1_000;
                    let mut record = Box::new(Record::new(app.clock.now().plus(-before_ms), Source::Gateway));
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

/// Checks that whoever tells of the log tells the same: what was sent is stored or dropped, for these reasons.
async fn adds_up(control: &Control, sent: u64, dropped: &[(&str, u64)]) {
    let app = &control.started.app;
    let lost: u64 = dropped.iter().map(|(_, records)| records).sum();
    let stored = sent - lost;
    assert_eq!(everything(app).await.len() as u64, stored);
    let status = control.get("/v1/logs/status").await.is(200).body;
    assert_eq!(
        (&status["decided"], &status["stored"], &status["under_way"]),
        (&json!(sent), &json!(stored), &json!(0))
    );
    let told = |list: &Value| {
        let one = |one: &Value| (one["reason"].as_str().unwrap().to_owned(), one["records"].as_u64().unwrap());
        let mut told: Vec<_> = list.as_array().unwrap().iter().map(one).filter(|(_, records)| *records > 0).collect();
        told.sort();
        told
    };
    let expected: Vec<_> = dropped.iter().map(|(reason, records)| ((*reason).to_owned(), *records)).collect();
    assert_eq!(told(&status["dropped"]), expected);
    assert_eq!(told(&status["missing"]), expected);

    let metrics = keyward_server::metrics::render(app, &keyward_server::gateway::stats::Stats::new(&app.config));
    for (reason, records) in dropped {
        let line = format!("keyward_log_dropped_total{{reason=\"{reason}\"}} {records}\n");
        assert!(metrics.contains(&line), "{line}");
    }
    for line in [format!("keyward_log_decisions_total {sent}\n"), format!("keyward_log_stored_total {stored}\n")] {
        assert!(metrics.contains(&line), "{line}");
    }

    let to = app.clock.now().plus(HOUR_MS).rfc3339();
    let usage = control.get(&format!("/v1/usage?to={to}&step_s=3600")).await.is(200).body;
    assert_eq!((&usage["total"]["requests"], &usage["complete"]), (&json!(stored), &json!(false)));
    assert_eq!(told(&usage["lost"]), expected);
    let page = control.get("/v1/logs?limit=1").await.is(200).body;
    assert_eq!(told(&page["missing"]), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_times_what_fits_is_stored_or_counted_by_its_reason_wherever_it_is_told() {
    let control = Control::start().await;
    let app = &control.started.app;
    let disk = app.logs.disk().unwrap();
    // A disk that stands still in the middle of a write: the writer empties no hand-off.
    let hold = disk.hold();
    flood(app, 1);
    hold.met();
    flood(app, 3 * HANDOFF);
    let sent = THREADS * (1 + 3 * HANDOFF);
    let over = THREADS * 2 * HANDOFF;
    let status = control.get("/v1/logs/status").await.is(200).body;
    assert_eq!((&status["stored"], &status["under_way"]), (&json!(0), &json!(sent - over)), "decisions go on");
    drop(hold);
    adds_up(&control, sent, &[("queue_full", over)]).await;

    // A disk that is full: what finds no place in memory either is dropped for that reason.
    disk.bound(Some(0));
    let more = 10;
    for _ in 0..more {
        flood(app, HANDOFF / 2);
        app.logs.settle().await;
    }
    let (_, dropped) = tally(app);
    let on_disk = dropped - over;
    assert!(on_disk > 0, "the test has not filled the memory");
    disk.bound(None);
    adds_up(&control, sent + more * THREADS * HANDOFF / 2, &[("disk", on_disk), ("queue_full", over)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sealing_that_fails_is_told_and_not_waited_for() {
    let started = started().await;
    let app = &started.app;
    let disk = app.logs.disk().unwrap();
    flood(app, 10);
    app.logs.settle().await;
    // No room for another tail; then for that, and not for the segment.
    for bytes in [0, 300] {
        disk.bound(Some(bytes));
        let error = app.logs.seal_now().await.unwrap_err();
        assert!(error.to_string().contains("no room"), "{error}");
        assert_eq!(app.logs.holding().unwrap().segments, 0);
    }
    disk.bound(None);
    flood(app, 1);
    app.logs.seal_now().await.unwrap();
    let holding = app.logs.holding().unwrap();
    assert_eq!((holding.segments, holding.records), (2, THREADS * 11));
    app.logs.stop().await;
    app.logs.seal_now().await.unwrap_err();
}
