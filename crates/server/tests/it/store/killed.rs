//! Killed between sending and marking: once more, and no third time (promise P11).

use std::path::Path;
use std::process::{Command, Stdio};

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
}

/// Tells the child below where it works; its configuration lies there.
const PLACE: &str = "KEYWARD_TESTS_KILLED_AT";

async fn a_worker_killed_between_sending_and_marking_costs_one_duplicate_at_most(world: World) {
    let mut sink = Sink::start().await;
    let mail = sink.toml().replace("timeout = \"1s\"", "timeout = \"30s\"");
    let app = world.beside_with(&mail).await;
    let (place, text) = world.place_beside(&mail);
    std::fs::write(place.join("child.toml"), text).unwrap();
    put_mail(&app.db, "key.created", None, &json!({}), "ada@example.com", START.0).await;
    sink.mode("stall").await;
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::killed::the_worker_that_is_killed"])
        .env(PLACE, &place)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
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

/// Not a test of its own: what the one above kills.
#[tokio::test]
async fn the_worker_that_is_killed() {
    let Some(place) = std::env::var_os(PLACE) else { return };
    let place = Path::new(&place);
    let text = std::fs::read_to_string(place.join("child.toml")).unwrap();
    let app = restart(&text, place, &Clock::manual(START)).await;
    outbox::work_once(&app).await.unwrap();
}
