//! Threat T3: what is beyond a caller's reach looks exactly like what is missing. Threat T4: nobody grants more than
//! they have.

use keyward_core::account::AcceptedKeys;
use keyward_core::expiry::Lifetime;
use keyward_core::limit::Per;
use keyward_core::quota::Refill;
use keyward_server::accounts::{self, AccountEdit, AccountFilter};
use keyward_server::audit::{self, AuditFilter};
use keyward_server::changes::Reach;
use keyward_server::keys::{self, KeyEdit, KeyFilter, LimitSpec, NewKey, QuotaSpec};
use keyward_server::management::{self, NewManagementKey};
use keyward_server::operation::{OpError, Page};
use keyward_server::people;

use super::world::{World, new_grant, operator, outcome};
use crate::support::{new_account, new_key};

on_both! {
    foreign_keys_are_as_good_as_missing
    foreign_accounts_and_people_are_as_good_as_missing
    lists_show_what_is_within_reach
    an_account_changes_little_of_itself
    an_account_raises_none_of_its_limits
}

async fn foreign_keys_are_as_good_as_missing(world: World) {
    let (ours, theirs) = (world.account("clevertap").await, world.account("clevertap").await);
    let person = world.person(theirs.id, "ada").await;
    let key = world.make(new_grant(&theirs, person, Lifetime::Days(9))).await.unwrap().key;
    let (app, reach, id) = (&world.app, Reach::Account(ours.id), key.id);
    let edit = KeyEdit { name: Some(Some("x".into())), ..KeyEdit::default() };
    let outcomes = [
        outcome(&keys::get(app, reach, id).await),
        outcome(&keys::account_of(app, reach, id).await),
        outcome(&keys::edit(app, reach, operator(), id, edit, None).await),
        outcome(&keys::disable(app, reach, operator(), id).await),
        outcome(&keys::enable(app, reach, operator(), id).await),
        outcome(&keys::rotate(app, reach, operator(), id, 0, None).await),
        outcome(&keys::cancel_rotation(app, reach, operator(), id).await),
        outcome(&keys::complete_rotation(app, reach, operator(), id).await),
        outcome(&keys::reset(app, reach, operator(), id, None).await),
        outcome(&keys::revoke(app, reach, operator(), id).await),
        outcome(&keys::reveal(app, reach, operator(), id, true).await),
        outcome(&keys::delete(app, reach, operator(), id).await),
        outcome(&keys::create(app, reach, operator(), new_key(&theirs, "x"), None).await),
    ];
    assert_eq!(outcomes, ["not_found"; 13]);
    assert_eq!(world.look(&key).await, key, "nothing was touched");
}

async fn foreign_accounts_and_people_are_as_good_as_missing(world: World) {
    let (ours, theirs) = (world.account("clevertap").await, world.account("clevertap").await);
    let person = world.person(theirs.id, "ada").await;
    let (app, reach) = (&world.app, Reach::Account(ours.id));
    let suspend = AccountEdit { suspended: Some(true), ..AccountEdit::default() };
    let new = people::NewPerson { account: theirs.id, name: "Eve".into(), email: None, role: None };
    let outcomes = [
        outcome(&accounts::get(app, reach, theirs.id).await),
        outcome(&accounts::edit(app, reach, operator(), theirs.id, suspend, None).await),
        outcome(&accounts::delete(app, reach, operator(), theirs.id).await),
        outcome(&people::get(app, reach, theirs.id, person).await),
        outcome(&people::create(app, reach, operator(), new, None).await),
        outcome(&people::remove(app, reach, operator(), theirs.id, person).await),
    ];
    assert_eq!(outcomes, ["not_found"; 6]);
}

async fn lists_show_what_is_within_reach(world: World) {
    let (ours, theirs) = (world.account("shop").await, world.account("shop").await);
    let mine = world.make(new_key(&ours, "a")).await.unwrap().key;
    world.make(new_key(&theirs, "a")).await.unwrap();
    let reach = Reach::Account(ours.id);
    let listed = keys::list(&world.app, reach, KeyFilter::default(), Page::default()).await.unwrap();
    assert_eq!(listed.items, [mine]);
    let filter = KeyFilter { account: Some(theirs.id), ..KeyFilter::default() };
    assert!(keys::list(&world.app, reach, filter, Page::default()).await.unwrap().items.is_empty());
    let listed = accounts::list(&world.app, reach, AccountFilter::default(), Page::default()).await.unwrap();
    assert_eq!(listed.items.as_slice(), std::slice::from_ref(&ours));
    let events = audit::list(&world.app, reach, AuditFilter::default(), Page::default()).await.unwrap();
    assert_eq!(events.items.len(), 2);
    assert!(events.items.iter().all(|event| event.account == Some(ours.id)));
    let filter = AuditFilter { account: Some(theirs.id), ..AuditFilter::default() };
    assert!(audit::list(&world.app, reach, filter, Page::default()).await.unwrap().items.is_empty());
}

async fn an_account_changes_little_of_itself(world: World) {
    let account = world.account("shop").await;
    let reach = Reach::Account(account.id);
    let edit = async |edit| outcome(&accounts::edit(&world.app, reach, operator(), account.id, edit, None).await);
    let edits = [
        AccountEdit { suspended: Some(false), ..AccountEdit::default() },
        AccountEdit { plan: Some(Some("large".into())), ..AccountEdit::default() },
        AccountEdit { external_id: Some(None), ..AccountEdit::default() },
        AccountEdit { metadata: Some(None), ..AccountEdit::default() },
        AccountEdit { tags: Some(vec![]), ..AccountEdit::default() },
    ];
    for refused in edits {
        assert_eq!(edit(refused).await, "operator_only");
    }
    let own =
        AccountEdit { name: Some("New".into()), accepted_keys: Some(AcceptedKeys::User), ..AccountEdit::default() };
    assert_eq!(edit(own).await, "ok");
    let made = accounts::create(&world.app, reach, operator(), new_account("shop", "Acme"), None).await;
    assert_eq!(outcome(&made), "operator_only");
    assert_eq!(outcome(&accounts::delete(&world.app, reach, operator(), account.id).await), "operator_only");
    let new = NewManagementKey { name: "all".into(), account: None, permissions: None, lifetime: Lifetime::Unsaid };
    let made = management::create(&world.app, reach, operator(), new, None).await;
    assert_eq!(outcome(&made), "operator_only");
}

async fn an_account_raises_none_of_its_limits(world: World) {
    let account = world.account("shop").await;
    let reach = Reach::Account(account.id);
    let limit =
        |name: &str, limit, window_s| LimitSpec { name: name.into(), limit, window_s, algorithm: None, per: None };
    let with = |limit: LimitSpec| NewKey { limits: vec![limit], ..new_key(&account, "a") };
    let create =
        async |new: NewKey| -> Result<_, OpError> { keys::create(&world.app, reach, operator(), new, None).await };
    assert_eq!(outcome(&create(with(limit("default", 101, None))).await), "operator_only");
    assert_eq!(outcome(&create(with(limit("default", 100, Some(59)))).await), "operator_only");
    let quota = QuotaSpec { name: "monthly".into(), budget: 1_001, refill: Refill::Monthly { day: 1 }, per: Per::Key };
    let raised = NewKey { quotas: vec![quota], ..new_key(&account, "a") };
    assert_eq!(outcome(&create(raised).await), "operator_only");
    let planned = NewKey { plan: Some("small".into()), ..new_key(&account, "a") };
    assert_eq!(outcome(&create(planned).await), "operator_only");
    assert_eq!(outcome(&create(with(limit("burst", 4_000, Some(1)))).await), "ok", "a further limit only narrows");
    let key = create(with(limit("default", 5, None))).await.unwrap().key;
    let edit = |limits| KeyEdit { limits: Some(limits), ..KeyEdit::default() };
    let raise = keys::edit(&world.app, reach, operator(), key.id, edit(vec![limit("default", 500, None)]), None);
    assert_eq!(outcome(&raise.await), "operator_only");
    let operators =
        keys::edit(&world.app, Reach::All, operator(), key.id, edit(vec![limit("default", 500, None)]), None);
    assert_eq!(outcome(&operators.await), "ok");
    let renamed = KeyEdit { name: Some(Some("b".into())), ..KeyEdit::default() };
    let renamed = keys::edit(&world.app, reach, operator(), key.id, renamed, None).await;
    assert_eq!(outcome(&renamed), "ok", "what the operator raised stays raised");
}
