use keyward_core::account::AcceptedKeys;
use keyward_server::accounts::{self, AccountEdit, AccountFilter, NewAccount};
use keyward_server::changes::Reach;
use keyward_server::keys;
use keyward_server::operation::{Idempotency, Page};
use serde_json::json;

use super::world::{World, operator, outcome};
use crate::support::{new_account, new_key};

on_both! {
    an_account_is_as_it_was_made
    bad_accounts_are_told_everything_that_is_wrong
    r11_an_account_has_one_region
    r86_a_new_codat_account_has_exactly_one_key
    public_and_external_ids_are_unique_per_api
    a_repeated_create_makes_one_account
    edits_change_what_they_say_and_count_the_version
    an_edit_from_an_old_version_is_refused
    a_deleted_account_leaves_tombstones_only
}

async fn an_account_is_as_it_was_made(world: World) {
    let new = NewAccount {
        external_id: Some("crm-7".into()),
        region: Some("sg1".into()),
        accepted_keys: AcceptedKeys::User,
        metadata: Some(json!({"tier": "gold", "seats": 3})),
        tags: vec!["beta".into()],
        ..new_account("clevertap", "Acme")
    };
    let made = accounts::create(&world.app, Reach::All, operator(), new, None).await.unwrap();
    assert!(made.first_key.is_none(), "this API provisions none");
    let seen = accounts::get(&world.app, Reach::All, made.account.id).await.unwrap();
    assert_eq!(seen, made.account);
    assert_eq!((seen.region.as_deref(), seen.accepted_keys), (Some("sg1"), AcceptedKeys::User));
    assert_eq!((seen.created_at, seen.version), (world.now(), 1));
    assert_eq!(seen.public_id.len(), "XXX-XXX-XXXX".len());
    for filter in [
        AccountFilter { external_id: Some("crm-7".into()), ..AccountFilter::default() },
        AccountFilter { tag: Some("beta".into()), ..AccountFilter::default() },
        AccountFilter { metadata: Some(("seats".into(), "3".into())), ..AccountFilter::default() },
        AccountFilter { api: Some("clevertap".into()), ..AccountFilter::default() },
    ] {
        let page = accounts::list(&world.app, Reach::All, filter.clone(), Page::default()).await.unwrap();
        assert_eq!(page.items.as_slice(), std::slice::from_ref(&seen), "{filter:?}");
    }
}

async fn bad_accounts_are_told_everything_that_is_wrong(world: World) {
    let new = NewAccount {
        name: "  ".into(),
        public_id: Some("abc".into()),
        region: Some("moon".into()),
        plan: Some("none".into()),
        metadata: Some(json!("text")),
        tags: vec!["x".repeat(101)],
        ..new_account("clevertap", "Acme")
    };
    let refused = accounts::create(&world.app, Reach::All, operator(), new, None).await;
    assert_eq!(outcome(&refused), "/public_id /name /region /plan /metadata /tags/0");
    let refused = accounts::create(&world.app, Reach::All, operator(), new_account("none", "Acme"), None).await;
    assert_eq!(outcome(&refused), "/api");
    let all = accounts::list(&world.app, Reach::All, AccountFilter::default(), Page::default()).await.unwrap();
    assert!(all.items.is_empty());
}

async fn r11_an_account_has_one_region(world: World) {
    assert_eq!(world.account("clevertap").await.region.as_deref(), Some("eu1"), "the API's default");
    assert_eq!(world.account("codat").await.region, None, "an API without regions");
}

async fn r86_a_new_codat_account_has_exactly_one_key(world: World) {
    let made = accounts::create(&world.app, Reach::All, operator(), new_account("codat", "Acme"), None).await.unwrap();
    let first = made.first_key.unwrap();
    assert_eq!(world.whose(first.secret.as_ref().unwrap()).await, "key");
    let filter = keys::KeyFilter { account: Some(made.account.id), ..keys::KeyFilter::default() };
    let all = keys::list(&world.app, Reach::All, filter, Page::default()).await.unwrap();
    assert_eq!(all.items.iter().map(|key| key.id).collect::<Vec<_>>(), [first.key.id]);
}

async fn public_and_external_ids_are_unique_per_api(world: World) {
    let new = |api: &str, public: &str, external: &str| NewAccount {
        public_id: Some(public.into()),
        external_id: Some(external.into()),
        ..new_account(api, "Acme")
    };
    let create = async |new| outcome(&accounts::create(&world.app, Reach::All, operator(), new, None).await);
    assert_eq!(create(new("shop", "a", "x")).await, "ok");
    assert_eq!(create(new("shop", "a", "y")).await, "public_id_taken");
    assert_eq!(create(new("shop", "b", "x")).await, "external_id_taken");
    assert_eq!(create(new("codat", "a", "x")).await, "ok", "another API's customer is another account");
}

async fn a_repeated_create_makes_one_account(world: World) {
    let create = async |token: &str, request: &str| {
        let idempotency = Idempotency { token: token.into(), request: request.into() };
        accounts::create(&world.app, Reach::All, operator(), new_account("codat", "Acme"), Some(idempotency)).await
    };
    let first = create("t1", "r1").await.unwrap();
    let again = create("t1", "r1").await.unwrap();
    assert_eq!((first.replayed, again.replayed), (false, true));
    assert_eq!(again.account, first.account);
    let (key, replayed) = (first.first_key.unwrap(), again.first_key.unwrap());
    assert_eq!((replayed.key.id, replayed.secret.is_none(), replayed.replayed), (key.key.id, true, true));
    assert_eq!(outcome(&create("t1", "r2").await), "idempotency_conflict");
    assert_ne!(create("t2", "r1").await.unwrap().account.id, first.account.id);
    world.pass(keyward_core::time::DAY_MS + 1);
    assert!(!create("t1", "r2").await.unwrap().replayed, "a token is forgotten after 24 hours");
}

async fn edits_change_what_they_say_and_count_the_version(world: World) {
    let account = world.account("shop").await;
    world.pass(5);
    let edit = AccountEdit {
        name: Some("Acme Ltd".into()),
        plan: Some(Some("small".into())),
        suspended: Some(true),
        tags: Some(vec!["a".into()]),
        ..AccountEdit::default()
    };
    let change = async |edit| accounts::edit(&world.app, Reach::All, operator(), account.id, edit, None).await;
    let after = change(edit.clone()).await.unwrap();
    assert_eq!((after.name.as_str(), after.plan.as_deref(), after.suspended), ("Acme Ltd", Some("small"), true));
    assert_eq!((after.version, after.updated_at), (2, world.now()));
    assert_eq!(change(edit).await.unwrap(), after, "nothing changed, nothing counted");
    let cleared = change(AccountEdit { plan: Some(None), ..AccountEdit::default() }).await.unwrap();
    assert_eq!((cleared.plan, cleared.version), (None, 3));
    let bad = AccountEdit { plan: Some(Some("none".into())), ..AccountEdit::default() };
    assert_eq!(outcome(&change(bad).await), "/plan");
    world.make(new_key(&account, "a")).await.unwrap();
    let seen = accounts::get(&world.app, Reach::All, account.id).await.unwrap();
    assert_eq!(seen.version, 3, "a key of it is not a change of the account itself");
}

async fn an_edit_from_an_old_version_is_refused(world: World) {
    let account = world.account("shop").await;
    let edit = async |name: &str, version| {
        let edit = AccountEdit { name: Some(name.into()), ..AccountEdit::default() };
        outcome(&accounts::edit(&world.app, Reach::All, operator(), account.id, edit, Some(version)).await)
    };
    assert_eq!(edit("first", 1).await, "ok");
    assert_eq!(edit("second", 1).await, "precondition_failed");
    assert_eq!(edit("second", 2).await, "ok");
}

async fn a_deleted_account_leaves_tombstones_only(world: World) {
    let account = world.account("clevertap").await;
    let person = world.person(account.id, "ada").await;
    let key = world.make(new_key(&account, "a")).await.unwrap();
    let granted = world.make(super::world::new_grant(&account, person, keyward_core::expiry::Lifetime::Days(1)));
    let granted = granted.await.unwrap();
    let other = world.make(new_key(&world.account("clevertap").await, "b")).await.unwrap();
    accounts::delete(&world.app, Reach::All, operator(), account.id).await.unwrap();
    assert_eq!(outcome(&accounts::get(&world.app, Reach::All, account.id).await), "not_found");
    assert_eq!(outcome(&keys::get(&world.app, Reach::All, key.key.id).await), "not_found");
    for gone in [key, granted] {
        assert_eq!(world.whose(&gone.secret.unwrap()).await, "deleted");
    }
    assert_eq!(world.whose(&other.secret.unwrap()).await, "key");
    let again = accounts::delete(&world.app, Reach::All, operator(), account.id).await;
    assert_eq!(outcome(&again), "not_found");
}
