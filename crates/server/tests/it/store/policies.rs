//! What an account demands of its keys, and the second admin.

use keyward_core::expiry::{Lifetime, Standing};
use keyward_core::policy::Policy;
use keyward_core::role::Permissions;
use keyward_core::time::DAY_MS;
use keyward_server::accounts::AccountView;
use keyward_server::changes::{Actor, Reach};
use keyward_server::keys::{self, KeyEdit, KeyView, NewKey, NewPickup};
use keyward_server::management::{self, NewManagementKey};
use keyward_server::policies::{self, KeptPolicy};

use super::world::{World, operator, outcome, person};
use crate::support::new_key;

on_both! {
    a_policy_is_kept_and_checked
    a_policy_binds_what_is_made_and_whoever_makes_it
    a_policy_binds_what_is_edited_and_nothing_else
    a_key_that_breaks_the_policy_keeps_working_and_is_not_rotated_as_it_is
    a_key_that_needs_approval_has_no_secret_before
    nobody_approves_the_own_request
    a_declined_key_is_revoked
    a_scope_that_needs_approval_is_not_slipped_in
    a_key_without_a_secret_waits_and_counts
}

pub async fn set(world: &World, account: &AccountView, policy: Policy) {
    policies::set(&world.app, Reach::All, operator(), account.id, policy, None).await.unwrap();
}

pub fn with_scopes(account: &AccountView, name: &str, scopes: &[&str]) -> NewKey {
    NewKey { scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(), ..new_key(account, name) }
}

pub fn approval() -> Policy {
    Policy { approval_scopes: vec!["write".into()], ..Policy::default() }
}

async fn a_policy_is_kept_and_checked(world: World) {
    let (ours, theirs) = (world.account("shop").await, world.account("shop").await);
    let own = Reach::Account(ours.id);
    let get = async || policies::get(&world.app, own, ours.id).await.unwrap();
    assert_eq!(get().await, KeptPolicy::default());
    let policy = Policy {
        lifetime_days_max: Some(90),
        scopes_max: Some(vec!["write".into(), "read".into(), "read".into()]),
        ..approval()
    };
    let put = async |policy, version| policies::set(&world.app, own, operator(), ours.id, policy, version).await;
    let kept = put(policy.clone(), Some(0)).await.unwrap();
    assert_eq!(kept.policy.scopes_max, Some(vec!["read".into(), "write".into()]), "in the catalogue's order");
    assert_eq!((kept.version, get().await), (1, kept.clone()));
    assert_eq!(world.last_event().await.action, "policy.set");
    assert_eq!(put(policy.clone(), None).await.unwrap().version, 1, "as it was");
    assert_eq!(outcome(&put(policy, Some(0)).await), "precondition_failed");
    let wrong = Policy {
        lifetime_days_max: Some(0),
        scopes_max: Some(vec!["read".into(), "sing".into()]),
        approval_scopes: vec!["dance".into()],
        ..Policy::default()
    };
    assert_eq!(outcome(&put(wrong, None).await), "/lifetime_days_max /scopes_max/1 /approval_scopes/0");
    let foreign = policies::get(&world.app, Reach::Account(theirs.id), ours.id).await;
    assert_eq!(outcome(&foreign), "not_found");
    keyward_server::accounts::delete(&world.app, Reach::All, operator(), ours.id).await.unwrap();
}

async fn a_policy_binds_what_is_made_and_whoever_makes_it(world: World) {
    let account = world.account("shop").await;
    let policy = Policy {
        lifetime_days_max: Some(30),
        addresses_required: true,
        scopes_max: Some(vec!["read".into()]),
        ..Policy::default()
    };
    set(&world, &account, policy).await;
    let fine = || NewKey {
        lifetime: Lifetime::Days(30),
        addresses: vec!["192.0.2.0/24".into()],
        ..with_scopes(&account, "fine", &["read"])
    };
    for reach in [Reach::All, Reach::Account(account.id)] {
        for (new, expected) in [
            (NewKey { lifetime: Lifetime::Days(31), ..fine() }, "/expires"),
            (NewKey { lifetime: Lifetime::Infinite, ..fine() }, "/expires"),
            (NewKey { addresses: vec![], ..fine() }, "/addresses"),
            (NewKey { scopes: vec!["read".into(), "write".into()], ..fine() }, "/scopes"),
            (fine(), "ok"),
        ] {
            assert_eq!(outcome(&keys::create(&world.app, reach, operator(), new, None).await), expected);
        }
    }
    set(&world, &account, Policy { expiry_required: true, ..Policy::default() }).await;
    assert_eq!(outcome(&world.make(new_key(&account, "endless")).await), "/expires");
    let other = world.account("shop").await;
    assert_eq!(outcome(&world.make(new_key(&other, "endless")).await), "ok", "others are unaffected");
}

async fn edit(world: &World, key: &KeyView, edit: KeyEdit) -> String {
    outcome(&keys::edit(&world.app, Reach::All, operator(), key.id, edit, None).await)
}

async fn a_policy_binds_what_is_edited_and_nothing_else(world: World) {
    let account = world.account("shop").await;
    let key = world.make(with_scopes(&account, "a", &["read", "write"])).await.unwrap().key;
    let policy = Policy {
        lifetime_days_max: Some(30),
        addresses_required: true,
        scopes_max: Some(vec!["read".into()]),
        ..Policy::default()
    };
    set(&world, &account, policy).await;
    let change = KeyEdit::default;
    assert_eq!(edit(&world, &key, KeyEdit { name: Some(Some("b".into())), ..change() }).await, "ok");
    assert_eq!(edit(&world, &key, KeyEdit { lifetime: Some(Lifetime::Days(31)), ..change() }).await, "/expires");
    assert_eq!(edit(&world, &key, KeyEdit { lifetime: Some(Lifetime::Days(30)), ..change() }).await, "ok");
    assert_eq!(edit(&world, &key, KeyEdit { addresses: Some(vec![]), ..change() }).await, "/addresses");
    assert_eq!(edit(&world, &key, KeyEdit { scopes: Some(vec!["write".into()]), ..change() }).await, "/scopes");
    assert_eq!(edit(&world, &key, KeyEdit { scopes: Some(vec!["read".into()]), ..change() }).await, "ok");
}

async fn a_key_that_breaks_the_policy_keeps_working_and_is_not_rotated_as_it_is(world: World) {
    let account = world.account("shop").await;
    let made = world.make(new_key(&account, "a")).await.unwrap();
    set(&world, &account, Policy { lifetime_days_max: Some(30), ..Policy::default() }).await;
    assert_eq!(world.whose(made.secret.as_ref().unwrap()).await, "key");
    let rotate =
        async |lifetime| outcome(&keys::rotate(&world.app, Reach::All, operator(), made.key.id, 0, lifetime).await);
    assert_eq!(rotate(None).await, "policy_breached");
    assert_eq!(rotate(Some(Lifetime::Days(31))).await, "/expires");
    assert_eq!(rotate(Some(Lifetime::Days(30))).await, "ok");
    world.pass(10 * DAY_MS);
    assert_eq!(rotate(None).await, "ok", "it keeps its end");
}

async fn a_key_that_needs_approval_has_no_secret_before(world: World) {
    let account = world.account("shop").await;
    set(&world, &account, approval()).await;
    let (own, app) = (Reach::Account(account.id), &world.app);
    let (ada, bob) = (world.person(account.id, "ada").await, world.person(account.id, "bob").await);
    let adas = || person(ada, world.now(), Permissions::parse(["keys.write"]).unwrap());
    let bobs = || person(bob, world.now(), Permissions::ALL);
    let plain = keys::create(app, own, adas(), with_scopes(&account, "plain", &["read"]), None).await.unwrap();
    assert!(plain.secret.is_some(), "a scope that is not listed needs nobody");
    let asked = keys::create(app, own, adas(), with_scopes(&account, "a", &["read", "write"]), None).await.unwrap();
    let id = asked.key.id;
    assert_eq!((asked.secret.is_none(), asked.key.standing), (true, Standing::Pending));
    assert_eq!(asked.key.secrets, []);
    assert_eq!(outcome(&keys::collect(app, own, adas(), id).await), "not_approved");
    assert_eq!(outcome(&keys::approve(app, own, adas(), id, None).await), "permission_denied");
    assert_eq!(outcome(&keys::approve(app, own, bobs(), id, Some(7)).await), "precondition_failed");
    let approved = keys::approve(app, own, bobs(), id, Some(asked.key.version)).await.unwrap();
    assert_eq!((approved.standing, approved.secrets.len()), (Standing::AwaitingPickup, 0));
    assert_eq!(world.last_event().await.action, "key.approved");
    assert_eq!(outcome(&keys::approve(app, own, bobs(), id, None).await), "not_pending");
    assert_eq!(outcome(&keys::collect(app, own, bobs(), id).await), "not_your_request");
    let collected = keys::collect(app, own, adas(), id).await.unwrap();
    assert_eq!(collected.key.standing, Standing::Active);
    assert_eq!(world.whose(&collected.secret.unwrap()).await, "key");
    assert_eq!(outcome(&keys::collect(app, own, adas(), id).await), "not_awaiting_pickup");
}

async fn management_key(world: &World, account: &AccountView, actor: Actor) -> Actor {
    let new = NewManagementKey {
        name: "tests".into(),
        account: Some(account.id),
        permissions: Some(vec![]),
        lifetime: Lifetime::Infinite,
    };
    let made = management::create(&world.app, Reach::Account(account.id), actor, new, None).await.unwrap();
    Actor::management_key(made.key.id, None, Permissions::ALL)
}

async fn nobody_approves_the_own_request(world: World) {
    let account = world.account("shop").await;
    set(&world, &account, approval()).await;
    let (own, app) = (Reach::Account(account.id), &world.app);
    let (ada, bob) = (world.person(account.id, "ada").await, world.person(account.id, "bob").await);
    let adas = person(ada, world.now(), Permissions::ALL);
    let bobs = person(bob, world.now(), Permissions::ALL);
    let first = management_key(&world, &account, adas.clone()).await;
    let second = management_key(&world, &account, adas.clone()).await;
    let operators = management_key(&world, &account, Actor::cli()).await;
    let others = management_key(&world, &account, Actor::cli()).await;
    for (requester, approver, expected) in [
        (&adas, &adas, "own_request"),
        (&adas, &first, "own_request"),
        (&first, &adas, "own_request"),
        (&first, &first, "own_request"),
        (&first, &second, "own_request"),
        (&adas, &bobs, "ok"),
        (&first, &bobs, "ok"),
        (&adas, &operators, "ok"),
        (&operators, &others, "ok"),
        (&operators, &Actor::cli(), "own_request"),
    ] {
        let new = with_scopes(&account, "a", &["write"]);
        let id = keys::create(app, own, requester.clone(), new, None).await.unwrap().key.id;
        let approved = outcome(&keys::approve(app, own, approver.clone(), id, None).await);
        assert_eq!(approved, expected, "{} asks, {} approves", requester.who, approver.who);
        keys::delete(app, own, adas.clone(), id).await.unwrap();
    }
}

async fn a_declined_key_is_revoked(world: World) {
    let account = world.account("shop").await;
    set(&world, &account, approval()).await;
    let key = world.make(with_scopes(&account, "a", &["write"])).await.unwrap().key;
    let decline =
        async |reason: &str| keys::decline(&world.app, Reach::All, operator(), key.id, Some(reason.into())).await;
    assert_eq!(outcome(&decline(&"x".repeat(501)).await), "/reason");
    assert_eq!(decline("too much").await.unwrap().standing, Standing::Revoked);
    let event = world.last_event().await;
    assert_eq!(event.action, "key.declined");
    assert_eq!(event.after.unwrap()["reason"], "too much");
    assert_eq!(outcome(&decline("again").await), "not_pending");
}

async fn a_scope_that_needs_approval_is_not_slipped_in(world: World) {
    let account = world.account("shop").await;
    let had = world.make(with_scopes(&account, "had", &["write"])).await.unwrap().key;
    let has_not = world.make(with_scopes(&account, "has not", &["read"])).await.unwrap().key;
    set(&world, &account, approval()).await;
    let both = || KeyEdit { scopes: Some(vec!["read".into(), "write".into()]), ..KeyEdit::default() };
    assert_eq!(edit(&world, &has_not, both()).await, "approval_needed");
    assert_eq!(edit(&world, &had, both()).await, "ok", "it was approved of before");
    let key = Actor::key(has_not.id, None);
    let by_key =
        keys::create(&world.app, Reach::Account(account.id), key, with_scopes(&account, "k", &["write"]), None);
    assert_eq!(outcome(&by_key.await), "approval_needed", "a key waits for nobody");
}

async fn a_key_without_a_secret_waits_and_counts(world: World) {
    let account = world.account("clevertap").await;
    let (app, own) = (&world.app, Reach::Account(account.id));
    let sent = || NewKey { pickup: Some(NewPickup::default()), ..new_key(&account, "sent") };
    let key = world.make(sent()).await.unwrap().key;
    let (actor, id) = (operator, key.id);
    for refused in [
        outcome(&keys::rotate(app, own, actor(), id, 0, None).await),
        outcome(&keys::complete_rotation(app, own, actor(), id).await),
        outcome(&keys::cancel_rotation(app, own, actor(), id).await),
        outcome(&keys::disable(app, own, actor(), id).await),
        outcome(&keys::enable(app, own, actor(), id).await),
    ] {
        assert_eq!(refused, "no_secret_yet");
    }
    assert_eq!(edit(&world, &key, KeyEdit { name: Some(Some("renamed".into())), ..KeyEdit::default() }).await, "ok");
    for number in 1..100 {
        let name = Some(format!("sent {number}"));
        world.make(NewKey { name, ..sent() }).await.unwrap();
    }
    let one_more = NewKey { name: Some("one more".into()), ..sent() };
    assert_eq!(outcome(&world.make(one_more).await), "key_maximum_reached", "those that wait count");
    assert_eq!(outcome(&keys::revoke(app, own, actor(), id).await), "ok");
    assert_eq!(outcome(&keys::delete(app, own, actor(), id).await), "ok");
}
