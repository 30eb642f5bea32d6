//! Many at once, in one process and in two on the same store.

use futures_util::future::join_all;
use keyward_server::app::App;
use keyward_server::changes::Reach;
use keyward_server::keys::{self, NewKey};
use keyward_server::operation::Idempotency;

use super::world::{World, operator, outcome};
use crate::support::new_key;

on_both! {
    r17_concurrent_creates_never_pass_100
    r19_of_twenty_with_one_name_one_is_made
    r100_concurrent_creates_never_pass_10
    r101_of_two_deletes_of_the_last_two_one_succeeds
    r17_r100_two_processes_never_pass_10
    twenty_repeats_of_one_create_make_one_key
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
