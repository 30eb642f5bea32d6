use keyward_core::expiry::Lifetime;
use keyward_server::audit::{self, AuditFilter};
use keyward_server::changes::Reach;
use keyward_server::keys;
use keyward_server::operation::Page;
use serde_json::json;

use super::world::{World, operator, outcome};
use crate::support::new_key;

on_both! {
    every_change_is_in_the_audit
    a_refused_change_is_not
    pages_of_the_audit_follow_each_other
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
