//! What is left of somebody who leaves or is shut out: keys they know, keys they made, links they kept.

use keyward_core::expiry::Lifetime;
use keyward_core::role::Permissions;
use keyward_server::audit::{self, AuditFilter};
use keyward_server::changes::{Actor, Reach};
use keyward_server::keys;
use keyward_server::management::{self, NewManagementKey};
use keyward_server::operation::Page;
use keyward_server::people::{self, Choice, NewPerson};

use super::members::{accept, acting, edit, invite, member, suspended};
use super::world::{World, operator, outcome};
use crate::support::new_key;

on_both! {
    a_leavers_keys_are_listed_and_dealt_with_in_one_change
    what_somebody_made_acts_for_them_only_while_they_are_let_in
    an_account_with_invitations_can_be_deleted
}

async fn a_leavers_keys_are_listed_and_dealt_with_in_one_change(world: World) {
    let account = world.account("codat").await;
    let (ada, bob) =
        (member(&world, &account, "ada", "administrator").await, member(&world, &account, "bob", "developer").await);
    let (reach, bobs) = (Reach::Account(account.id), || acting(&world, bob, &["keys.write"]));
    let make = async |actor: Actor, name: &str| {
        keys::create(&world.app, reach, actor, new_key(&account, name), None).await.unwrap()
    };
    let made = make(bobs(), "made").await.key.id;
    // Ids sort by their instant.
    world.pass(1);
    let revealed = make(operator(), "revealed").await.key.id;
    keys::reveal(&world.app, reach, bobs(), revealed, false).await.unwrap();
    let untouched = make(operator(), "untouched").await;
    let new = NewManagementKey {
        name: "bob's".into(),
        account: Some(account.id),
        permissions: Some(vec!["keys.read".into()]),
        lifetime: Lifetime::Infinite,
    };
    let machine = management::create(&world.app, reach, bobs(), new, None).await.unwrap().key.id;
    let known = people::known_to(&world.app, reach, Permissions::ALL, account.id, bob).await.unwrap();
    let mut ids: Vec<_> = known.keys.iter().map(|seen| seen.key.id).collect();
    ids.sort();
    assert_eq!(ids, [made, revealed]);
    assert_eq!(known.management_keys.iter().map(|key| key.id).collect::<Vec<_>>(), [machine]);
    let admin = || acting(&world, ada, &["*"]);
    let remove =
        async |choices: Vec<Choice>| people::remove_with(&world.app, reach, admin(), (account.id, bob), choices).await;
    let missing = "key_0190000000007000800000000000abcd".parse().unwrap();
    let half = remove(vec![Choice::Revoke(made), Choice::Revoke(missing)]).await;
    assert_eq!(outcome(&half.map(drop)), "not_found");
    assert!(keys::get(&world.app, reach, made).await.unwrap().revoked_at.is_none(), "all or nothing");
    assert_eq!(outcome(&remove(vec![Choice::Revoke(made), Choice::Revoke(made)]).await.map(drop)), "/keys/1");
    let choices = vec![Choice::Revoke(made), Choice::Rotate(revealed, 3_600), Choice::RevokeManagementKey(machine)];
    let rotated = remove(choices).await.unwrap();
    assert_eq!(rotated.iter().map(|made| made.key.id).collect::<Vec<_>>(), [revealed]);
    assert_eq!(rotated[0].key.secrets.len(), 2, "the old secret lives through the overlap");
    assert!(keys::get(&world.app, reach, made).await.unwrap().revoked_at.is_some());
    assert_eq!(keys::get(&world.app, reach, untouched.key.id).await.unwrap().version, untouched.key.version);
    assert!(management::get(&world.app, reach, machine).await.unwrap().revoked_at.is_some());
    assert!(people::get(&world.app, reach, account.id, bob).await.is_err());
    let filter = AuditFilter { action: Some("person.removed".into()), ..AuditFilter::default() };
    let events = audit::list(&world.app, Reach::All, filter, Page::default()).await.unwrap().items;
    let told = events[0].after.clone().unwrap();
    assert_eq!(told["keys"][made.to_string()], "revoke");
    assert_eq!(told["keys"][revealed.to_string()]["rotate"]["overlap_s"], 3_600);
}

async fn what_somebody_made_acts_for_them_only_while_they_are_let_in(world: World) {
    let account = world.account("shop").await;
    let (ada, bob) = (member(&world, &account, "ada", "admin").await, member(&world, &account, "bob", "admin").await);
    let reach = Reach::Account(account.id);
    let new = |name: &str| NewManagementKey {
        name: name.into(),
        account: Some(account.id),
        permissions: None,
        lifetime: Lifetime::Infinite,
    };
    let first = management::create(&world.app, reach, acting(&world, bob, &["*"]), new("one"), None).await.unwrap();
    let by_key = Actor::management_key(first.key.id, None, Permissions::ALL);
    let second = management::create(&world.app, reach, by_key, new("two"), None).await.unwrap();
    let secrets = [first.secret.unwrap(), second.secret.unwrap()];
    let works = async || {
        let mut all = Vec::new();
        for secret in &secrets {
            all.push(management::authenticate(&world.app, secret).await.unwrap().is_some());
        }
        all
    };
    let invited = NewPerson {
        account: account.id,
        name: "Bob again".into(),
        email: Some("bob2@example.com".into()),
        role: Some("admin".into()),
    };
    let kept = people::create(&world.app, reach, acting(&world, bob, &["*"]), invited, None).await.unwrap();
    assert_eq!(works().await, [true, true]);
    assert_eq!(edit(&world, acting(&world, ada, &["*"]), account.id, bob, suspended(true)).await, "ok");
    assert_eq!(works().await, [false, false], "nor does what his key made");
    assert!(accept(&world, kept.invitation.unwrap().token).await.is_err(), "a link he kept leads nowhere");
    assert_eq!(edit(&world, acting(&world, ada, &["*"]), account.id, bob, suspended(false)).await, "ok");
    assert_eq!(works().await, [true, true]);
    let known = people::known_to(&world.app, reach, Permissions::ALL, account.id, bob).await.unwrap();
    assert_eq!(known.management_keys.len(), 2, "a leaver's keys are found behind each other");
}

async fn an_account_with_invitations_can_be_deleted(world: World) {
    let (ours, theirs) = (world.account("shop").await, world.account("shop").await);
    member(&world, &ours, "ada", "admin").await;
    invite(&world, &theirs, "ada", "viewer").await;
    let deleted = keyward_server::accounts::delete(&world.app, Reach::All, operator(), theirs.id).await;
    assert_eq!(outcome(&deleted), "ok");
}
