use std::fmt::Write as _;

use keyward_core::expiry::Lifetime;
use keyward_core::role::Permissions;
use keyward_server::audit::{self, AuditFilter};
use keyward_server::changes::{Actor, Reach, SignedIn};
use keyward_server::keys;
use keyward_server::operation::Page;
use keyward_server::people;
use serde_json::json;

use super::world::{World, new_grant, operator, outcome};
use crate::support::new_key;

on_both! {
    every_change_is_in_the_audit
    a_refused_change_is_not
    pages_of_the_audit_follow_each_other
    no_event_of_a_life_holds_a_person_s_name_or_address
}

async fn actions(world: &World, filter: AuditFilter) -> Vec<String> {
    let page = audit::list(&world.app, Reach::All, filter, Page::default()).await.unwrap();
    page.items.into_iter().map(|event| event.action).collect()
}

async fn every_change_is_in_the_audit(world: World) {
    let account = world.account("shop").await;
    let key = world.make(new_key(&account, "a")).await.unwrap().key;
    let (app, id) = (&world.app, key.id);
    keys::disable(app, Reach::All, operator(), id).await.unwrap();
    let event = world.last_event().await;
    assert_eq!((event.before, event.after), (Some(json!({"state": "active"})), Some(json!({"state": "disabled"}))));
    assert_eq!((event.subject, event.account), (id.to_string(), Some(account.id)));
    assert_eq!((event.actor.as_str(), event.origin.as_deref()), ("management_key:mk_test", Some("192.0.2.1")));
    keys::enable(app, Reach::All, operator(), id).await.unwrap();
    keys::rotate(app, Reach::All, operator(), id, 60, None).await.unwrap();
    keys::cancel_rotation(app, Reach::All, operator(), id).await.unwrap();
    keys::rotate(app, Reach::All, operator(), id, 60, Some(Lifetime::Days(9))).await.unwrap();
    keys::complete_rotation(app, Reach::All, operator(), id).await.unwrap();
    keys::revoke(app, Reach::All, operator(), id).await.unwrap();
    keys::delete(app, Reach::All, operator(), id).await.unwrap();
    let of_key = AuditFilter { subject: Some(id.to_string()), ..AuditFilter::default() };
    let mut seen = actions(&world, of_key).await;
    seen.reverse();
    let want = [
        "key.created",
        "key.disabled",
        "key.enabled",
        "key.rotated",
        "key.rotation_cancelled",
        "key.rotated",
        "key.rotation_completed",
        "key.revoked",
        "key.deleted",
    ];
    assert_eq!(seen, want);
}

async fn a_refused_change_is_not(world: World) {
    let account = world.account("clevertap").await;
    world.make(new_key(&account, "a")).await.unwrap();
    let before = world.last_event().await;
    assert_eq!(outcome(&world.make(new_key(&account, "a")).await), "name_taken");
    assert_eq!(world.last_event().await, before);
}

async fn pages_of_the_audit_follow_each_other(world: World) {
    // Each makes two events in one change: the account and its first key.
    world.account("codat").await;
    world.account("codat").await;
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = Page { limit: 1, cursor };
        let page = audit::list(&world.app, Reach::All, AuditFilter::default(), page).await.unwrap();
        seen.extend(page.items.into_iter().map(|event| event.action));
        let Some(next) = page.next_cursor else { break };
        cursor = Some(next);
    }
    assert_eq!(seen, ["key.created", "account.created", "key.created", "account.created"]);
    let created = AuditFilter { action: Some("key.created".into()), ..AuditFilter::default() };
    assert_eq!(actions(&world, created).await.len(), 2);
}

/// Erasing somebody must leave the chain whole: so it never held more of them than their id.
async fn no_event_of_a_life_holds_a_person_s_name_or_address(world: World) {
    let (app, account) = (&world.app, world.account("clevertap").await);
    let new = |name: &str, address: &str| {
        let (name, email) = (name.to_owned(), Some(address.to_owned()));
        people::NewPerson { account: account.id, name, email, role: None }
    };
    let ada = new("Adelheid Quux", "quux@people.example");
    let ada = people::create(app, Reach::All, operator(), ada, None).await.unwrap().person.id;
    let bob = new("Bohumil Quuz", "quuz@people.example");
    let bob = people::create(app, Reach::All, operator(), bob, None).await.unwrap().person.id;
    let edit = people::PersonEdit { name: Some("Adelheid Quuxova".into()), ..people::PersonEdit::default() };
    people::edit(app, Reach::All, operator(), (account.id, ada), edit, None).await.unwrap();
    let key = world.make(new_grant(&account, ada, Lifetime::Days(9))).await.unwrap().key;
    keys::reset(app, Reach::All, operator(), key.id, None).await.unwrap();
    let own = Actor::person(SignedIn { id: ada, proved_at: world.now() }, None, Permissions::ALL);
    people::rename(app, own.clone(), "Quuxova again".into()).await.unwrap();
    people::leave(app, own, account.id).await.unwrap();
    people::remove(app, Reach::All, operator(), account.id, bob).await.unwrap();

    let mut all = audit::export(app, Reach::All, AuditFilter::default()).await.unwrap();
    let mut told = String::new();
    loop {
        let events = all.piece().await.unwrap();
        if events.is_empty() {
            break;
        }
        write!(told, "{events:?}").unwrap();
    }
    assert!(told.contains(&ada.to_string()) && told.contains("person.edited"), "{told}");
    for theirs in ["Adelheid", "Quux", "Bohumil", "Quuz", "quux", "quuz", "people.example"] {
        assert!(!told.contains(theirs), "{theirs} is in the audit: {told}");
    }
}
