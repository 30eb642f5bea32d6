use keyward_core::expiry::Lifetime;
use keyward_server::changes::Reach;
use keyward_server::keys::NewKey;
use keyward_server::operation::{Idempotency, Page};
use keyward_server::people::{self, NewPerson};

use super::world::{World, new_grant, operator, outcome};
use crate::support::new_key;

on_both! {
    people_belong_to_one_account
    r36_at_most_one_active_passcode_per_person
    r6_only_people_of_the_account_are_granted_keys
    a_deleted_person_takes_the_own_keys_along
    a_repeated_create_adds_one_person
}

async fn people_belong_to_one_account(world: World) {
    let (ours, theirs) = (world.account("clevertap").await, world.account("clevertap").await);
    let add = async |account, name: &str, email: Option<&str>| {
        let new = NewPerson { account, name: name.into(), email: email.map(str::to_owned), role: None };
        people::create(&world.app, Reach::All, operator(), new, None).await
    };
    let ada = add(ours.id, "Ada", Some("Ada@Example.com")).await.unwrap().person;
    assert_eq!(ada.email.as_deref(), Some("ada@example.com"));
    assert_eq!(people::get(&world.app, Reach::Account(ours.id), ours.id, ada.id).await.unwrap(), ada);
    assert_eq!(outcome(&people::get(&world.app, Reach::Account(theirs.id), ours.id, ada.id).await), "not_found");
    assert_eq!(outcome(&add(ours.id, "Ada again", Some("ada@EXAMPLE.com")).await), "email_taken");
    assert_eq!(outcome(&add(theirs.id, "Ada", Some("ada@example.com")).await), "ok");
    assert_eq!(outcome(&add(ours.id, " ", Some("nonsense")).await), "/name /email");
    world.pass(1);
    let bob = add(ours.id, "Bob", None).await.unwrap().person;
    let all = people::list(&world.app, Reach::All, ours.id, Page::default()).await.unwrap();
    assert_eq!(all.items, [bob, ada]);
    let foreign = people::list(&world.app, Reach::Account(theirs.id), ours.id, Page::default()).await;
    assert_eq!(outcome(&foreign), "not_found");
}

async fn r36_at_most_one_active_passcode_per_person(world: World) {
    let account = world.account("clevertap").await;
    let (ada, bob) = (world.person(account.id, "ada").await, world.person(account.id, "bob").await);
    let grant = async |person| world.make(new_grant(&account, person, Lifetime::Days(9))).await;
    let (adas, bobs) = (grant(ada).await.unwrap(), grant(bob).await.unwrap());
    assert_ne!(adas.secret.unwrap().expose(), bobs.secret.unwrap().expose());
    assert_eq!(outcome(&grant(ada).await), "key_maximum_reached");
    assert_eq!(adas.key.person, Some(ada));
}

async fn r6_only_people_of_the_account_are_granted_keys(world: World) {
    let (ours, theirs) = (world.account("clevertap").await, world.account("clevertap").await);
    let stranger = world.person(theirs.id, "eve").await;
    let refused = world.make(new_grant(&ours, stranger, Lifetime::Days(9))).await;
    assert_eq!(outcome(&refused), "/person_id");
    let nobody = NewKey { person: None, ..new_grant(&ours, stranger, Lifetime::Days(9)) };
    assert_eq!(outcome(&world.make(nobody).await), "/person_id");
    let not_personal = NewKey { person: Some(stranger), ..new_key(&theirs, "a") };
    assert_eq!(outcome(&world.make(not_personal).await), "/person_id");
}

async fn a_deleted_person_takes_the_own_keys_along(world: World) {
    let account = world.account("clevertap").await;
    let (ada, bob) = (world.person(account.id, "ada").await, world.person(account.id, "bob").await);
    let adas = world.make(new_grant(&account, ada, Lifetime::Days(9))).await.unwrap().secret.unwrap();
    let bobs = world.make(new_grant(&account, bob, Lifetime::Days(9))).await.unwrap().secret.unwrap();
    people::remove(&world.app, Reach::All, operator(), account.id, ada).await.unwrap();
    assert_eq!((world.whose(&adas).await, world.whose(&bobs).await), ("deleted".into(), "key".into()));
    assert_eq!(outcome(&people::get(&world.app, Reach::All, account.id, ada).await), "not_found");
    assert_eq!(outcome(&people::remove(&world.app, Reach::All, operator(), account.id, ada).await), "not_found");
}

async fn a_repeated_create_adds_one_person(world: World) {
    let account = world.account("clevertap").await;
    let add = async |name: &str, request: &str| {
        let new = NewPerson { account: account.id, name: name.into(), email: None, role: None };
        let idempotency = Idempotency { token: "t".into(), request: request.into() };
        people::create(&world.app, Reach::All, operator(), new, Some(idempotency)).await
    };
    let first = add("Ada", "r").await.unwrap();
    let again = add("Ada", "r").await.unwrap();
    assert_eq!((again.person, again.replayed), (first.person, true));
    assert_eq!(outcome(&add("Bob", "other").await), "idempotency_conflict");
}
