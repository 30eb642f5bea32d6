//! Killed between sending and marking, or stopped for long: once more, and no third time (promise P11).

use std::path::Path;
use std::process::{Child, Command, Stdio};

use keyward_core::time::{DAY_MS, MINUTE_MS};
use keyward_server::clock::Clock;
use keyward_server::outbox;
use serde_json::json;

use super::world::World;
use crate::support::smtp::Sink;
use crate::support::store::put_mail;
use crate::support::{START, restart};

on_both! {
    a_worker_killed_between_sending_and_marking_costs_one_duplicate_at_most
    a_worker_that_was_stopped_sends_nothing_that_another_has_taken_over
}

/// Tells the child below where it works; its configuration lies there.
const PLACE: &str = "KEYWARD_TESTS_KILLED_AT";

async fn a_worker_killed_between_sending_and_marking_costs_one_duplicate_at_most(world: World) {
    let mut sink = Sink::start().await;
    let mail = sink.toml().replace("timeout = \"1s\"", "timeout = \"30s\"");
    let app = world.beside_with(&mail).await;
    put_mail(&app.db, "key.created", None, &json!({}), "ada@example.com", START.0).await;
    sink.mode("stall").await;
    let mut child = worker(&world, &mail);
    let first = sink.mail().await;
    // The mail is with the server, and the store does not know: now.
    child.kill().unwrap();
    child.wait().unwrap();
    sink.mode("accept").await;
    assert_eq!(outbox::work_once(&app).await.unwrap(), 0, "what it had claimed is left alone while it may be alive");
    world.pass(5 * MINUTE_MS);
    assert_eq!(outbox::work_once(&app).await.unwrap(), 1);
    let second = sink.mail().await;
    assert_eq!(first.header("Message-ID"), second.header("Message-ID"), "a duplicate is known for one");
    world.pass(DAY_MS);
    assert_eq!((outbox::work_once(&app).await.unwrap(), sink.mails().await.len()), (0, 0), "and no third");
}

/// As many as a worker sends at once.
const AT_ONCE: usize = 8;

async fn a_worker_that_was_stopped_sends_nothing_that_another_has_taken_over(world: World) {
    let mut sink = Sink::start().await;
    let mail = sink.toml().replace("timeout = \"1s\"", "timeout = \"5s\"");
    let app = world.beside_with(&mail).await;
    for nth in 0..=AT_ONCE {
        let to = format!("p{nth}@example.com");
        put_mail(&app.db, "key.created", None, &json!({}), &to, START.0).await;
    }
    sink.mode("stall").await;
    let mut child = worker(&world, &mail);
    for _ in 0..AT_ONCE {
        sink.mail().await;
    }
    // One is claimed and not begun yet.
    signal(&child, "-STOP");
    sink.mode("accept").await;
    world.pass(5 * MINUTE_MS);
    assert_eq!(outbox::work_once(&app).await.unwrap(), AT_ONCE + 1, "another takes all of them over");
    assert_eq!(sink.mails().await.len(), AT_ONCE + 1);
    signal(&child, "-CONT");
    let ended = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
    assert!(ended.success());
    assert!(sink.mails().await.is_empty(), "its own clock stands still: the claim alone told it");
}

/// Another process that works once, with a clock that stands still.
fn worker(world: &World, mail: &str) -> Child {
    let (place, text) = world.place_beside(mail);
    std::fs::write(place.join("child.toml"), text).unwrap();
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::killed::the_worker_that_is_killed"])
        .env(PLACE, &place)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn signal(child: &Child, which: &str) {
    assert!(Command::new("kill").args([which, &child.id().to_string()]).status().unwrap().success());
}

/// Not a test of its own: what those above kill and stop.
#[tokio::test]
async fn the_worker_that_is_killed() {
    let Some(place) = std::env::var_os(PLACE) else { return };
    let place = Path::new(&place);
    let text = std::fs::read_to_string(place.join("child.toml")).unwrap();
    let app = restart(&text, place, &Clock::manual(START)).await;
    outbox::work_once(&app).await.unwrap();
}
