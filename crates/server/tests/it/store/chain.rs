//! The audit as a chain: whole after anything the program does, and found out after anything somebody else does.

use keyward_core::time::DAY_MS;
use keyward_server::audit::{self, AuditFilter, Finding, Heads, SignedHead};
use keyward_server::changes::Reach;
use keyward_server::keys;
use keyward_server::operation::Page;
use serde_json::{Value, json};

use super::world::{World, operator};
use crate::support::store::{AUDIT_BACK, AUDIT_KEPT, OLD_EVENT_CHANGED, TAIL_CUT, TAMPERING};
use crate::support::{Started, new_key, restart, start};

on_both! {
    the_chain_is_whole_after_all_that_the_program_does
    two_programs_on_one_store_write_one_chain
    whoever_alters_the_store_is_found_out
    a_tail_cut_while_the_program_runs_stays_in_the_record
}

/// A life with some of everything.
async fn live(world: &World) -> SignedHead {
    let app = &world.app;
    let account = world.account("clevertap").await;
    let one = world.make(new_key(&account, "one")).await.unwrap().key;
    let two = world.make(new_key(&account, "two")).await.unwrap().key;
    keys::rotate(app, Reach::All, operator(), one.id, 60, None).await.unwrap();
    let head = audit::signed_head(app).await.unwrap();
    world.pass(1_000);
    keys::revoke(app, Reach::All, operator(), two.id).await.unwrap();
    keys::delete(app, Reach::All, operator(), two.id).await.unwrap();
    head
}

fn file(heads: &[&SignedHead]) -> Heads {
    let lines: String = heads.iter().map(|head| serde_json::to_string(head).unwrap() + "\n").collect();
    Heads::read(lines.as_bytes()).unwrap()
}

async fn the_chain_is_whole_after_all_that_the_program_does(world: World) {
    let empty = audit::signed_head(&world.app).await.unwrap();
    assert!(world.verify(Heads::default()).await.is_whole());
    let early = live(&world).await;
    let late = audit::signed_head(&world.app).await.unwrap();
    let report = world.verify(file(&[&empty, &early, &late])).await;
    assert_eq!(report.findings, []);
    assert_eq!((report.heads, report.last, report.events), (3, late.seq, late.seq as u64));
    let events = audit::list(&world.app, Reach::All, AuditFilter::default(), Page::default()).await.unwrap().items;
    let numbers: Vec<i64> = events.iter().rev().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..=late.seq).collect::<Vec<_>>());
}

async fn two_programs_on_one_store_write_one_chain(world: World) {
    let other = world.beside().await;
    let account = world.account("shop").await;
    for number in 0..4 {
        let app = if number % 2 == 0 { &world.app } else { &other };
        let new = new_key(&account, &format!("key {number}"));
        keys::create(app, Reach::All, operator(), new, None).await.unwrap();
    }
    assert_eq!(world.verify(Heads::default()).await.findings, []);
}

async fn whoever_alters_the_store_is_found_out(world: World) {
    let early = live(&world).await;
    world.execute(AUDIT_KEPT).await;
    for (kind, statements) in TAMPERING {
        world.execute(statements).await;
        let found = world.verify(Heads::default()).await.findings;
        let kinds: Vec<Value> = found.iter().map(|finding| json!(finding)["kind"].clone()).collect();
        assert!(kinds.contains(&json!(kind)), "{statements:?}: {found:?}");
        world.execute(AUDIT_BACK).await;
        assert_eq!(world.verify(file(&[&early])).await.findings, [], "{statements:?} was undone");
    }
}

async fn a_tail_cut_while_the_program_runs_stays_in_the_record(world: World) {
    live(&world).await;
    world.execute(TAIL_CUT).await;
    // Whatever is changed next would hide the cut, if the program went on as if nothing had been.
    let account = world.account("shop").await;
    world.make(new_key(&account, "a")).await.unwrap();
    assert_eq!(world.verify(Heads::default()).await.findings, [Finding::Witnessed { seq: 6, epoch: 7 }]);
    let broken = AuditFilter { action: Some("audit.broken".into()), ..AuditFilter::default() };
    let events = audit::list(&world.app, Reach::All, broken, Page::default()).await.unwrap().items;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].after.as_ref().unwrap()["found"]["seq"], 4);
}

const SHOP: &str = "[apis.shop]\nupstream = 'http://127.0.0.1:9'\n";

async fn with_days(days: u32) -> Started {
    start(&format!("[audit]\nkeep_days = {days}\n{SHOP}")).await
}

#[tokio::test]
async fn what_is_older_than_is_kept_is_cut_off_and_the_rest_is_whole() {
    let started = with_days(30).await;
    let (app, clock) = (started.app.clone(), started.clock.clone());
    let account = started.account("shop", "Acme").await;
    let old = audit::signed_head(&app).await.unwrap();
    for number in 0..3 {
        started.key(new_key(&account, &format!("old {number}"))).await;
    }
    let last_old = audit::signed_head(&app).await.unwrap();
    assert_eq!(audit::retain(&app).await.unwrap(), 0);
    clock.advance(31 * DAY_MS);
    // The last event stays, however old.
    assert_eq!(audit::retain(&app).await.unwrap(), 3);
    started.key(new_key(&account, "new")).await;
    // The event of the first cut comes after the last old one.
    assert_eq!(audit::retain(&app).await.unwrap(), 1);
    let report = audit::verify(&app.db, &app.vault, file(&[&old, &last_old])).await.unwrap();
    assert_eq!(report.findings, []);
    assert_eq!((report.cut_until, report.heads, report.heads_too_old), (last_old.seq, 1, 1));
    let cut = AuditFilter { action: Some("audit.cut".into()), ..AuditFilter::default() };
    let events = audit::list(&app, Reach::All, cut, Page::default()).await.unwrap().items;
    let spans: Vec<_> = events.into_iter().map(|event| event.after.unwrap()).collect();
    assert_eq!((&spans[1]["from"], &spans[1]["to"]), (&json!(1), &json!(3)));
    assert_eq!((&spans[0]["from"], &spans[0]["to"]), (&json!(4), &json!(4)));
}

#[tokio::test]
async fn no_checkpoint_hides_what_was_altered() {
    let started = with_days(30).await;
    let account = started.account("shop", "Acme").await;
    for number in 0..3 {
        started.key(new_key(&account, &format!("old {number}"))).await;
    }
    let mut conn = started.app.db.conn().await.unwrap();
    crate::support::store::execute(&mut conn, OLD_EVENT_CHANGED).await;
    started.clock.advance(31 * DAY_MS);
    assert!(audit::retain(&started.app).await.is_err());
    let report = audit::verify(&started.app.db, &started.app.vault, Heads::default()).await.unwrap();
    assert_eq!((report.findings.len(), report.events), (1, 4));
}

#[tokio::test]
async fn a_load_of_another_configuration_is_in_the_audit_with_what_differs() {
    let Started { app, clock, dir } = start(&format!("[auth]\nservice_key = 'the-first-twenty-letters'\n{SHOP}")).await;
    audit::note_config(&app).await.unwrap();
    audit::note_config(&app).await.unwrap();
    let first = app.config.digest.clone();
    // Another program on the same store: this one's counters stay its own.
    let store = format!("[store]\nurl = {:?}\n", format!("sqlite:{}", dir.path().join("keyward.db").display()));
    let other = tempfile::tempdir().unwrap();
    for file in ["pepper", "key-encryption-key", "audit-key"] {
        std::fs::copy(dir.path().join(file), other.path().join(file)).unwrap();
    }
    let changed = "[auth]\nservice_key = 'the-second-twenty-letters'\n[gateway]\nheaders_max = 50\n";
    let app = restart(&format!("{store}{changed}{SHOP}"), other.path(), &clock).await;
    audit::note_config(&app).await.unwrap();
    let events = audit::list(&app, Reach::All, AuditFilter::default(), Page::default()).await.unwrap().items;
    assert_eq!(events.iter().map(|event| event.action.as_str()).collect::<Vec<_>>(), ["config.loaded"; 2]);
    let (before, after) = (events[0].before.clone().unwrap(), events[0].after.clone().unwrap());
    assert_eq!((&before["digest"], &after["digest"]), (&json!(first), &json!(app.config.digest)));
    let diff: Vec<&str> = after["diff"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    let of_gateway: Vec<_> = diff.iter().filter(|line| line[1..].starts_with("gateway")).collect();
    assert_eq!(of_gateway, [&"-gateway.headers_max = 100", &"+gateway.headers_max = 50"]);
    assert_eq!(diff.len(), 6, "the data directory and the store's place besides: {diff:?}");
    assert_eq!((&events[1].before, events[1].after.as_ref().unwrap().get("diff")), (&None, None));
    assert!(!after.to_string().contains("letters"), "a secret is in the audit");
}
