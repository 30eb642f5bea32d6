//! Keys that near their end, and have ended.

use keyward_core::expiry::{Lifetime, Standing};
use keyward_core::role::Permissions;
use keyward_core::time::{DAY_MS, HOUR_MS};
use keyward_server::changes::Reach;
use keyward_server::keys::{self, KeyEdit, KeyView, NewKey, NewPickup};
use keyward_server::notices::{Kind, Settings};
use keyward_server::outbox;

use super::notices::{days_of, joined, key_for, kinds, listed, live, mailing, quiet, tell};
use super::world::{World, operator, outcome, person};
use crate::support::new_key;
use crate::support::smtp::{Mail, Sink};

on_both! {
    r27_r28_a_passcode_is_mailed_of_at_thirty_seven_and_one_days_and_when_it_has_expired
    r27_a_passcode_made_inside_a_window_is_mailed_of_at_later_marks_only
    r28_nothing_is_told_twice_by_two_nodes_or_after_a_restart
    r31_an_expired_passcode_stays_listed_and_is_never_deleted
    r33_a_passcode_that_is_extended_is_told_of_anew_for_its_new_end
    what_is_switched_off_or_over_surprises_nobody
    nobody_is_reminded_while_they_snooze
    other_days_count_for_keys_that_are_out
    one_key_that_cant_be_told_of_is_in_nobodys_way
    a_key_that_is_enabled_in_time_is_told_of
    other_days_tell_nothing_of_the_past
}

/// Day, address and subject of mails, those of one day in the order of their addresses.
fn brief(mails: &[(i64, Mail)]) -> Vec<(i64, String, String)> {
    let mut all: Vec<_> =
        mails.iter().map(|(day, mail)| (*day, mail.to[0].clone(), mail.header("Subject").to_owned())).collect();
    all.sort();
    all
}

/// A row of the settings that nobody can read.
const DAMAGED: &[&str] = &["update notice_setting set settings = 'none'"];

async fn r27_r28_a_passcode_is_mailed_of_at_thirty_seven_and_one_days_and_when_it_has_expired(world: World) {
    let mut sink = Sink::start().await;
    let app = world.beside_with(&sink.toml()).await;
    let account = world.account("clevertap").await;
    let zone = Settings { time_zone: Some("Asia/Kolkata".into()), ..Settings::default() };
    quiet(&app, &account, zone).await;
    joined(&app, &account, "ada", "admin").await;
    let maker = joined(&app, &account, "mia", "admin").await;
    joined(&app, &account, "vic", "member").await;
    let new = NewKey {
        lifetime: Lifetime::Days(40),
        contacts: vec!["Ops@Partner.example".into()],
        ..new_key(&account, "Partner")
    };
    let by = person(maker, world.now(), Permissions::ALL);
    keys::create(&app, Reach::Account(account.id), by, new, None).await.unwrap();
    tell(&app).await;
    sink.mails().await;
    let mails = live(&world, &app, &mut sink, 60).await;
    // Made on 1 March 2026 at 15:45 in Kolkata.
    let end = "on Friday, 10 April 2026";
    let soon = format!("Passcode “Partner” of Acme expires {end}");
    let mut expected = Vec::new();
    for (day, subject) in
        [(10, &soon), (33, &soon), (39, &soon), (40, &"Passcode “Partner” of Acme has expired".into())]
    {
        for to in ["ada@example.com", "mia@example.com", "ops@partner.example"] {
            expected.push((day, to.to_owned(), subject.clone()));
        }
    }
    assert_eq!(brief(&mails), expected, "each once, to its maker, the admins and its contact, and to nobody else");
    let text = &mails[0].1.text;
    assert!(text.contains("in 30 days") && text.contains("10 April 2026, 15:45 IST"), "{text}");
}

async fn r27_a_passcode_made_inside_a_window_is_mailed_of_at_later_marks_only(world: World) {
    let (mut sink, app, account) = mailing(&world).await;
    let key = key_for(&app, &account, "ten days", 10).await;
    assert_eq!(key.standing, Standing::ExpiringSoon, "row r29: it is shown at once");
    let mails = live(&world, &app, &mut sink, 12).await;
    assert_eq!(days_of(&mails, "ada@example.com"), [3, 9, 10]);
}

async fn r28_nothing_is_told_twice_by_two_nodes_or_after_a_restart(world: World) {
    let mut sink = Sink::start().await;
    let (one, two) = (world.beside_with(&sink.toml()).await, world.beside_with(&sink.toml()).await);
    let account = world.account("clevertap").await;
    quiet(&one, &account, Settings::default()).await;
    joined(&one, &account, "ada", "admin").await;
    tell(&one).await;
    sink.mails().await;
    for number in 0..20 {
        key_for(&one, &account, &format!("k{number}"), 3).await;
    }
    world.pass(2 * DAY_MS);
    let (here, there) = tokio::join!(keys::remind_once(&one), keys::remind_once(&two));
    assert!(here.unwrap() + there.unwrap() >= 20);
    let after = world.beside_with(&sink.toml()).await;
    tell(&after).await;
    assert_eq!(sink.mails().await.len(), 20, "a day before");
    world.pass(DAY_MS);
    tokio::join!(tell(&one), tell(&two));
    tell(&world.beside_with(&sink.toml()).await).await;
    assert_eq!(sink.mails().await.len(), 20, "and expired");
    world.pass(400 * DAY_MS);
    tell(&after).await;
    assert_eq!(sink.mails().await.len(), 0);
}

async fn r31_an_expired_passcode_stays_listed_and_is_never_deleted(world: World) {
    let account = world.account("clevertap").await;
    let key = key_for(&world.app, &account, "old", 1).await;
    world.pass(800 * DAY_MS);
    tell(&world.app).await;
    outbox::sweep(&world.app).await.unwrap();
    let found = world.look(&key).await;
    assert_eq!((found.standing, found.id), (Standing::Expired, world.first_key(account.id).await.id));
}

async fn r33_a_passcode_that_is_extended_is_told_of_anew_for_its_new_end(world: World) {
    let (mut sink, app, account) = mailing(&world).await;
    let key = key_for(&app, &account, "k", 8).await;
    let mails = live(&world, &app, &mut sink, 9).await;
    assert_eq!(days_of(&mails, "ada@example.com"), [1, 7, 8]);
    let longer = KeyEdit { lifetime: Some(Lifetime::Days(8)), ..KeyEdit::default() };
    keys::edit(&app, Reach::All, operator(), key.id, longer, None).await.unwrap();
    let mails = live(&world, &app, &mut sink, 9).await;
    assert_eq!(days_of(&mails, "ada@example.com"), [1, 7, 8], "once per key and expiry instant");
    let named = KeyEdit { name: Some(Some("other".into())), ..KeyEdit::default() };
    keys::edit(&app, Reach::All, operator(), key.id, named, None).await.unwrap();
    assert_eq!(live(&world, &app, &mut sink, 3).await.len(), 0, "another name is no other end");
}

async fn what_is_switched_off_or_over_surprises_nobody(world: World) {
    let app = &world.app;
    let account = world.account("shop").await;
    let [disabled, revoked, deleted, waiting] = ["a", "b", "c", "d"];
    let id = |key: KeyView| key.id;
    let disabled = id(key_for(app, &account, disabled, 3).await);
    let revoked = id(key_for(app, &account, revoked, 3).await);
    let deleted = id(key_for(app, &account, deleted, 3).await);
    let sent = NewKey { lifetime: Lifetime::Days(3), pickup: Some(NewPickup::default()), ..new_key(&account, waiting) };
    world.make(sent).await.unwrap();
    keys::disable(app, Reach::All, operator(), disabled).await.unwrap();
    keys::revoke(app, Reach::All, operator(), revoked).await.unwrap();
    keys::delete(app, Reach::All, operator(), deleted).await.unwrap();
    for _ in 0..10 {
        world.pass(DAY_MS);
        tell(app).await;
    }
    let told = kinds(app, &account).await;
    assert!(told.iter().all(|kind| !kind.starts_with("key.exp")), "{told:?}");
    key_for(app, &account, "as ever", 3).await;
    for _ in 0..4 {
        world.pass(DAY_MS);
        tell(app).await;
    }
    let told = kinds(app, &account).await;
    assert_eq!(told.iter().filter(|kind| kind.starts_with("key.exp")).count(), 2, "{told:?}");
}

async fn nobody_is_reminded_while_they_snooze(world: World) {
    let (mut sink, app, account) = mailing(&world).await;
    let key = key_for(&app, &account, "k", 40).await;
    let until = world.now().plus(35 * DAY_MS);
    let snooze = async |until| keys::snooze(&app, Reach::All, operator(), key.id, until).await;
    assert_eq!(snooze(Some(until)).await.unwrap().snoozed_until, Some(until));
    assert_eq!(world.last_event().await.action, "key.snoozed");
    let mails = live(&world, &app, &mut sink, 41).await;
    assert_eq!(days_of(&mails, "ada@example.com"), [35, 39, 40], "what fell into that time is told after it, once");
    let past = snooze(Some(world.now().plus(DAY_MS))).await;
    assert_eq!(outcome(&past), "key_expired");
    let endless = world.make(new_key(&account, "endless")).await.unwrap().key;
    let nothing = keys::snooze(&app, Reach::All, operator(), endless.id, Some(until)).await;
    assert_eq!(outcome(&nothing), "no_expiry");
    let other = key_for(&app, &account, "other", 60).await;
    for wrong in [world.now(), world.now().plus(366 * DAY_MS)] {
        let refused = keys::snooze(&app, Reach::All, operator(), other.id, Some(wrong)).await;
        assert_eq!(outcome(&refused), "/until");
    }
    let slept = keys::snooze(&app, Reach::All, operator(), other.id, Some(world.now().plus(50 * DAY_MS))).await;
    assert!(slept.unwrap().snoozed_until.is_some());
    let awake = keys::snooze(&app, Reach::All, operator(), other.id, None).await.unwrap();
    assert_eq!((awake.snoozed_until, world.look(&other).await.snoozed_until), (None, None));
    let mails = live(&world, &app, &mut sink, 31).await;
    assert_eq!(days_of(&mails, "ada@example.com"), [30]);
}

async fn other_days_count_for_keys_that_are_out(world: World) {
    let (mut sink, app, account) = mailing(&world).await;
    key_for(&app, &account, "k", 20).await;
    world.pass(DAY_MS);
    tell(&app).await;
    quiet(&app, &account, Settings { expiry_days: Some(vec![15, 3]), ..Settings::default() }).await;
    let mails = live(&world, &app, &mut sink, 20).await;
    assert_eq!(days_of(&mails, "ada@example.com"), [4, 16, 19], "15 and 3 days before, and at the end");
    quiet(&app, &account, Settings { expiry_days: Some(vec![]), ..Settings::default() }).await;
    key_for(&app, &account, "unmarked", 3).await;
    let mails = live(&world, &app, &mut sink, 4).await;
    assert_eq!(days_of(&mails, "ada@example.com"), [3], "its end alone");
}

async fn one_key_that_cant_be_told_of_is_in_nobodys_way(world: World) {
    let app = &world.app;
    let (bad, good) = (world.account("shop").await, world.account("shop").await);
    quiet(app, &bad, Settings::default()).await;
    key_for(app, &bad, "bad", 2).await;
    key_for(app, &good, "good", 2).await;
    world.execute(DAMAGED).await;
    world.pass(2 * DAY_MS);
    let mut rounds = 0;
    while keys::remind_once(app).await.unwrap() > 0 {
        rounds += 1;
        assert!(rounds < 10, "it would look for ever");
    }
    assert!(kinds(app, &good).await.contains(&"key.expired"));
    world.execute(&["delete from notice_setting"]).await;
    world.pass(HOUR_MS);
    while keys::remind_once(app).await.unwrap() > 0 {}
    assert!(kinds(app, &bad).await.contains(&"key.expired"), "it is tried again");
}

async fn a_key_that_is_enabled_in_time_is_told_of(world: World) {
    let app = &world.app;
    let account = world.account("shop").await;
    let key = key_for(app, &account, "k", 20).await.id;
    keys::disable(app, Reach::All, operator(), key).await.unwrap();
    world.pass(15 * DAY_MS);
    tell(app).await;
    assert!(!kinds(app, &account).await.contains(&"key.expiring"));
    keys::enable(app, Reach::All, operator(), key).await.unwrap();
    tell(app).await;
    let told = listed(app, &account).await;
    let expiring: Vec<_> = told.iter().filter(|notice| notice.kind == Kind::KeyExpiring).collect();
    assert_eq!(expiring.len(), 1);
    assert_eq!(expiring[0].facts["days"], 5, "as many as there are left");
}

async fn other_days_tell_nothing_of_the_past(world: World) {
    let app = &world.app;
    let account = world.account("shop").await;
    key_for(app, &account, "k", 50).await;
    world.pass(DAY_MS);
    tell(app).await;
    quiet(app, &account, Settings { expiry_days: Some(vec![60, 30]), ..Settings::default() }).await;
    tell(app).await;
    assert!(!kinds(app, &account).await.contains(&"key.expiring"));
    world.pass(19 * DAY_MS);
    tell(app).await;
    assert_eq!(kinds(app, &account).await.iter().filter(|kind| **kind == "key.expiring").count(), 1);
}
