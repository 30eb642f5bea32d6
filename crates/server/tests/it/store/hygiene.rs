//! What is better tidied up, and making a key as small as its use.

use keyward_core::expiry::Lifetime;
use keyward_core::role::Permissions;
use keyward_core::time::{DAY_MS, UnixMs};
use keyward_server::accounts::AccountView;
use keyward_server::changes::{Actor, Reach};
use keyward_server::hygiene::{self, Found, Report};
use keyward_server::keys::{self, KeyView, NewKey};
use keyward_server::logs::{Cause, Incarnation, Record, Source};
use keyward_server::usage;

use super::world::{World, operator, outcome};
use crate::support::new_key;

on_both! {
    r73_a_scope_that_was_never_used_is_told_and_taken_in_one_call
    r73_what_a_key_needs_is_not_guessed
    idle_endless_and_open_keys_are_told_and_tidy_ones_are_not
    a_rotation_whose_old_secret_nobody_misses_can_be_completed
    what_is_over_and_still_arrives_is_told
}

const BOTH: [&str; 2] = ["validate:target-groups", "validate:offers"];

async fn key(world: &World, account: &AccountView, name: &str, more: impl FnOnce(&mut NewKey)) -> KeyView {
    let mut new = new_key(account, name);
    more(&mut new);
    world.make(new).await.unwrap().key
}

fn record(world: &World, key: &KeyView, at: UnixMs, route: &str) -> Record {
    let mut record = Record::new(at, Source::Gateway);
    (record.account, record.key, record.environment) = (Some(key.account), Some(key.id), Some(key.environment));
    let names = world.app.logs.names();
    (record.api, record.route, record.status) = (names.name(&key.api), names.name(route), 200);
    record.address = Some([192, 0, 2, 7].into());
    record
}

async fn absorb(world: &World, run: u64, records: &[Record]) {
    usage::absorb(&world.app, Incarnation(run), 1, records).await.unwrap();
}

async fn report(world: &World, account: &AccountView) -> Report {
    hygiene::report(&world.app, Reach::All, &operator(), account.id, 90).await.unwrap()
}

fn of<'a>(report: &'a Report, key: &KeyView) -> Option<&'a Found> {
    report.keys.iter().find(|found| found.key.id == key.id)
}

async fn r73_a_scope_that_was_never_used_is_told_and_taken_in_one_call(world: World) {
    let account = world.account("clickyid").await;
    let key = key(&world, &account, "wide", |new| new.scopes = BOTH.map(str::to_owned).to_vec()).await;
    let now = world.now();
    let refused = hygiene::shrink(&world.app, Reach::All, operator(), key.id).await;
    assert_eq!(outcome(&refused), "never_used");
    let mut in_vain = record(&world, &key, now, "/validate/target-group");
    (in_vain.status, in_vain.code) = (429, Some("rate_limited"));
    absorb(&world, 1, &[record(&world, &key, now, "/validate/offer"), in_vain]).await;
    assert_eq!(of(&report(&world, &account).await, &key).unwrap().unused_scopes, ["validate:target-groups"]);

    let would = hygiene::rehearse_shrink(&world.app, Reach::All, operator(), key.id).await.unwrap();
    assert_eq!(would.keys.len(), 1);
    assert!(would.keys[0].why.contains("validate:target-groups"), "{}", would.keys[0].why);
    assert_eq!(world.look(&key).await.scopes, key.scopes, "nothing was changed");
    let smaller = hygiene::shrink(&world.app, Reach::All, operator(), key.id).await.unwrap();
    assert_eq!(smaller.scopes, ["validate:offers"]);
    assert_eq!(world.last_event().await.action, "key.edited");
    assert_eq!(of(&report(&world, &account).await, &key).unwrap().unused_scopes, [""; 0]);
    // Nobody does in this way what they may not do otherwise.
    let nobody = Actor { may: Permissions::parse(["keys.read"]).unwrap(), ..operator() };
    let denied = hygiene::shrink(&world.app, Reach::All, nobody, key.id).await;
    assert_eq!(outcome(&denied), "permission_denied");
}

async fn r73_what_a_key_needs_is_not_guessed(world: World) {
    let account = world.account("clickyid").await;
    let now = world.now();
    let wide = |new: &mut NewKey| new.scopes = BOTH.map(str::to_owned).to_vec();
    let [bulk, old, many] = [
        key(&world, &account, "bulk", wide).await,
        key(&world, &account, "old route", wide).await,
        key(&world, &account, "many routes", wide).await,
    ];
    // What a body needs depends on the body: whatever the rule names may have been needed.
    let mut records = vec![record(&world, &bulk, now, "/validate/bulk"), record(&world, &old, now, "/gone")];
    records.push(record(&world, &old, now, "/validate/offer"));
    records.extend((0..40).map(|nth| record(&world, &many, now, &format!("/route/{nth}"))));
    absorb(&world, 1, &records).await;
    let report = report(&world, &account).await;
    for key in [&bulk, &old, &many] {
        assert_eq!(of(&report, key).unwrap().unused_scopes, [""; 0], "{:?}", key.name);
    }
    for key in [&old, &many] {
        let refused = hygiene::shrink(&world.app, Reach::All, operator(), key.id).await;
        assert_eq!(outcome(&refused), "use_not_known");
    }
}

async fn idle_endless_and_open_keys_are_told_and_tidy_ones_are_not(world: World) {
    let account = world.account("clickyid").await;
    let scopes = |new: &mut NewKey| new.scopes = vec!["validate:offers".into()];
    let open = key(&world, &account, "open", |new| {
        scopes(new);
        new.lifetime = Lifetime::Infinite;
    });
    let open = open.await;
    let tidy = key(&world, &account, "tidy", |new| {
        scopes(new);
        (new.lifetime, new.addresses) = (Lifetime::Days(365), vec!["192.0.2.0/24".into()]);
    });
    let tidy = tidy.await;
    let first = report(&world, &account).await;
    let found = of(&first, &open).unwrap();
    assert_eq!((found.idle, found.no_expiry, found.no_addresses), (false, true, true));
    assert_eq!(of(&first, &tidy), None, "a key that was just made is not idle yet");
    world.pass(91 * DAY_MS);
    absorb(&world, 1, &[record(&world, &open, world.now(), "/validate/offer")]).await;
    let later = report(&world, &account).await;
    assert!(of(&later, &tidy).unwrap().idle && !of(&later, &open).unwrap().idle);
    assert_eq!(of(&later, &open).unwrap().last_used_at, Some(world.now()));
    keys::revoke(&world.app, Reach::All, operator(), tidy.id).await.unwrap();
    assert_eq!(of(&report(&world, &account).await, &tidy), None, "what is over needs no tidying");
    let wrong = hygiene::report(&world.app, Reach::All, &operator(), account.id, 0).await;
    assert_eq!(outcome(&wrong), "/idle_days");
    let other = world.account("clickyid").await;
    let foreign = hygiene::report(&world.app, Reach::Account(other.id), &operator(), account.id, 90).await;
    assert_eq!(outcome(&foreign), "not_found");
}

async fn a_rotation_whose_old_secret_nobody_misses_can_be_completed(world: World) {
    let account = world.account("shop").await;
    let made = key(&world, &account, "rotated", |_| {}).await;
    let is_done = async || of(&report(&world, &account).await, &made).is_some_and(|found| found.rotation_done);
    keys::save_last_used(&mut world.app.db.conn().await.unwrap(), &[(made.id, false, world.now())]).await.unwrap();
    world.pass(1_000);
    keys::rotate(&world.app, Reach::All, operator(), made.id, 10 * 86_400, None).await.unwrap();
    assert!(!is_done().await, "the new secret was not used yet");
    world.pass(1_000);
    let used = async |is_old: bool| {
        let used = [(made.id, is_old, world.now())];
        keys::save_last_used(&mut world.app.db.conn().await.unwrap(), &used).await.unwrap();
    };
    used(false).await;
    assert!(is_done().await, "the old one was not used since");
    used(true).await;
    assert!(!is_done().await, "the old one is still in use");
    world.pass(DAY_MS + 1);
    assert!(is_done().await, "it was not for a day");
    keys::complete_rotation(&world.app, Reach::All, operator(), made.id).await.unwrap();
    assert!(!is_done().await, "it is completed");
}

async fn what_is_over_and_still_arrives_is_told(world: World) {
    let account = world.account("shop").await;
    let [revoked, deleted] = [key(&world, &account, "revoked", |_| {}).await, key(&world, &account, "x", |_| {}).await];
    keys::revoke(&world.app, Reach::All, operator(), revoked.id).await.unwrap();
    keys::delete(&world.app, Reach::All, operator(), deleted.id).await.unwrap();
    let over = |key: &KeyView, code: &'static str, cause: Option<Cause>, at: UnixMs| {
        let mut record = record(&world, key, at, "");
        (record.status, record.code, record.cause) = (401, Some(code), cause);
        record
    };
    let now = world.now();
    let records = [
        over(&revoked, "key_revoked", None, now),
        over(&revoked, "key_revoked", None, now),
        over(&deleted, "invalid_credentials", Some(Cause::Deleted), now),
    ];
    absorb(&world, 1, &records).await;
    let found = report(&world, &account).await;
    let told: Vec<_> = found.arriving.iter().map(|one| (one.key, &*one.outcome.name, one.outcome.requests)).collect();
    assert_eq!(told, [(revoked.id, "key_revoked", 2), (deleted.id, "invalid_credentials.deleted", 1)]);
    assert_eq!(found.arriving[0].name.as_deref(), Some("revoked"));
    assert_eq!((found.arriving[1].name.clone(), found.arriving[1].addresses[0].name.as_str()), (None, "192.0.2.7"));
    world.pass(91 * DAY_MS);
    assert_eq!(report(&world, &account).await.arriving, [], "it stopped");
}
