//! Many at once, in one process and in two on the same store.

use futures_util::future::join_all;
use keyward_core::expiry::Lifetime;
use keyward_core::policy::Policy;
use keyward_server::app::App;
use keyward_server::changes::Actor;
use keyward_server::changes::Reach;
use keyward_server::keys::NewPickup;
use keyward_server::keys::{self, NewKey};
use keyward_server::operation::Idempotency;
use keyward_server::policies;

use super::pickup::token;
use super::policies::{approval, set, with_scopes};
use super::world::{World, new_grant, operator, outcome};
use crate::support::new_key;

on_both! {
    r17_concurrent_creates_never_pass_100
    r19_of_twenty_with_one_name_one_is_made
    r100_concurrent_creates_never_pass_10
    r101_of_two_deletes_of_the_last_two_one_succeeds
    r17_r100_two_processes_never_pass_10
    twenty_repeats_of_one_create_make_one_key
    r17_the_hundredth_place_is_given_once
    r36_of_twenty_grants_to_one_person_one_is_made
    r101_of_ten_deletes_of_ten_keys_nine_succeed
    of_two_admins_one_approves
    of_twenty_with_one_link_one_gets_the_secret
    of_twenty_who_collect_one_gets_the_secret
    no_key_slips_past_a_policy
}

/// How many of these ended so.
async fn ends(work: impl Iterator<Item = impl Future<Output = String>>) -> std::collections::BTreeMap<String, usize> {
    let mut counts = std::collections::BTreeMap::new();
    for end in join_all(work).await {
        *counts.entry(end).or_default() += 1;
    }
    counts
}

async fn make(app: &App, new: NewKey) -> String {
    outcome(&keys::create(app, Reach::All, operator(), new, None).await)
}

fn counts<const N: usize>(counts: [(&str, usize); N]) -> std::collections::BTreeMap<String, usize> {
    counts.into_iter().map(|(end, count)| (end.to_owned(), count)).collect()
}

async fn r17_concurrent_creates_never_pass_100(world: World) {
    let account = world.account("clevertap").await;
    let names: Vec<_> = (0..110).map(|at| format!("p{at}")).collect();
    for name in &names[..90] {
        assert_eq!(make(&world.app, new_key(&account, name)).await, "ok");
    }
    let ended = ends(names[90..].iter().map(|name| make(&world.app, new_key(&account, name)))).await;
    assert_eq!(ended, counts([("key_maximum_reached", 10), ("ok", 10)]));
}

async fn r19_of_twenty_with_one_name_one_is_made(world: World) {
    let account = world.account("clevertap").await;
    let names = ["Partner", "PARTNER", "partner", "Partner "];
    let ended = ends((0..20).map(|at| make(&world.app, new_key(&account, names[at % 4])))).await;
    assert_eq!(ended, counts([("name_taken", 19), ("ok", 1)]));
}

async fn r100_concurrent_creates_never_pass_10(world: World) {
    let account = world.account("codat").await;
    let ended = ends((0..20).map(|_| make(&world.app, new_key(&account, "k")))).await;
    assert_eq!(ended, counts([("key_maximum_reached", 11), ("ok", 9)]), "the pre-provisioned one counts");
}

async fn r101_of_two_deletes_of_the_last_two_one_succeeds(world: World) {
    let account = world.account("codat").await;
    for _ in 0..5 {
        let first = world.first_key(account.id).await.id;
        let second = world.make(new_key(&account, "b")).await.unwrap().key.id;
        let delete = async |id| outcome(&keys::delete(&world.app, Reach::All, operator(), id).await);
        let ended = ends([first, second].into_iter().map(delete)).await;
        assert_eq!(ended, counts([("last_key", 1), ("ok", 1)]));
    }
}

async fn r17_r100_two_processes_never_pass_10(world: World) {
    let account = world.account("codat").await;
    let beside = world.beside().await;
    let both = [&world.app, &beside];
    let ended = ends((0..30).map(|at| make(both[at % 2], new_key(&account, "k")))).await;
    assert_eq!(ended, counts([("key_maximum_reached", 21), ("ok", 9)]));
}

async fn twenty_repeats_of_one_create_make_one_key(world: World) {
    let account = world.account("clevertap").await;
    let create = async |_| {
        let idempotency = Idempotency { token: "t".into(), request: "r".into() };
        let new = new_key(&account, "a");
        let made = keys::create(&world.app, Reach::All, operator(), new, Some(idempotency)).await.unwrap();
        format!("replayed {}, secret {}", made.replayed, made.secret.is_some())
    };
    let ended = ends((0..20).map(create)).await;
    assert_eq!(ended, counts([("replayed false, secret true", 1), ("replayed true, secret false", 19)]));
}

async fn r17_the_hundredth_place_is_given_once(world: World) {
    let account = world.account("clevertap").await;
    for at in 0..99 {
        assert_eq!(make(&world.app, new_key(&account, &format!("p{at}"))).await, "ok");
    }
    let beside = world.beside().await;
    let both = [&world.app, &beside];
    let names = (0..8).map(|at| format!("last {at}")).collect::<Vec<_>>();
    let ended = ends(names.iter().enumerate().map(|(at, name)| make(both[at % 2], new_key(&account, name)))).await;
    assert_eq!(ended, counts([("key_maximum_reached", 7), ("ok", 1)]));
}

async fn r36_of_twenty_grants_to_one_person_one_is_made(world: World) {
    let account = world.account("clevertap").await;
    let ada = world.person(account.id, "ada").await;
    let beside = world.beside().await;
    let both = [&world.app, &beside];
    let grant = |at: usize| make(both[at % 2], new_grant(&account, ada, Lifetime::Days(9)));
    assert_eq!(ends((0..20).map(grant)).await, counts([("key_maximum_reached", 19), ("ok", 1)]));
}

async fn r101_of_ten_deletes_of_ten_keys_nine_succeed(world: World) {
    let account = world.account("codat").await;
    let mut ids = vec![world.first_key(account.id).await.id];
    for _ in 0..9 {
        ids.push(world.make(new_key(&account, "k")).await.unwrap().key.id);
    }
    let beside = world.beside().await;
    let both = [&world.app, &beside];
    let delete = async |(at, id): (usize, _)| outcome(&keys::delete(both[at % 2], Reach::All, operator(), id).await);
    assert_eq!(ends(ids.into_iter().enumerate().map(delete)).await, counts([("last_key", 1), ("ok", 9)]));
}

async fn of_two_admins_one_approves(world: World) {
    let account = world.account("shop").await;
    set(&world, &account, approval()).await;
    let beside = world.beside().await;
    let both = [&world.app, &beside];
    for _ in 0..5 {
        let id = world.make(with_scopes(&account, "a", &["write"])).await.unwrap().key.id;
        let approve = async |at: usize| {
            let admin = Actor { who: format!("person:{at}"), ..Actor::system() };
            outcome(&keys::approve(both[at % 2], Reach::All, admin, id, None).await)
        };
        assert_eq!(ends((0..2).map(approve)).await, counts([("not_pending", 1), ("ok", 1)]));
    }
}

async fn of_twenty_with_one_link_one_gets_the_secret(world: World) {
    let account = world.account("clevertap").await;
    let new = NewKey { pickup: Some(NewPickup::default()), ..new_key(&account, "a") };
    let token = token(&world.make(new).await.unwrap().pickup.unwrap());
    let beside = world.beside().await;
    let both = [&world.app, &beside];
    let pick = async |at: usize| match keys::pick_up(both[at % 2], None, &token).await {
        Ok(picked) => format!("secret {}", picked.secret.is_some()),
        other => outcome(&other),
    };
    assert_eq!(ends((0..20).map(pick)).await, counts([("not_found", 19), ("secret true", 1)]));
}

async fn of_twenty_who_collect_one_gets_the_secret(world: World) {
    let account = world.account("shop").await;
    set(&world, &account, approval()).await;
    let id = world.make(with_scopes(&account, "a", &["write"])).await.unwrap().key.id;
    keys::approve(&world.app, Reach::All, Actor::cli(), id, None).await.unwrap();
    let collect = async |_| outcome(&keys::collect(&world.app, Reach::All, operator(), id).await);
    assert_eq!(ends((0..20).map(collect)).await, counts([("not_awaiting_pickup", 19), ("ok", 1)]));
}

/// Whichever comes first: a key that was made after the policy obeys it.
async fn no_key_slips_past_a_policy(world: World) {
    let account = world.account("shop").await;
    let names = (0..20).map(|at| format!("k{at}")).collect::<Vec<_>>();
    let policy = Policy { expiry_required: true, ..Policy::default() };
    let put = async {
        policies::set(&world.app, Reach::All, operator(), account.id, policy, None).await.unwrap();
        let after = names.iter().map(|name| make(&world.app, new_key(&account, &format!("after {name}"))));
        ends(after).await
    };
    let before = ends(names.iter().map(|name| make(&world.app, new_key(&account, name))));
    let (before, after) = futures_util::future::join(before, put).await;
    assert_eq!(after, counts([("/expires", 20)]));
    assert_eq!(before.values().sum::<usize>(), 20);
    assert!(before.keys().all(|end| end == "ok" || end == "/expires"), "{before:?}");
}
