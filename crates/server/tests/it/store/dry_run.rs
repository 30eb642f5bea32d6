//! Which keys a change would touch.

use keyward_core::account::AcceptedKeys;
use keyward_core::expiry::Lifetime;
use keyward_core::ids::KeyId;
use keyward_core::policy::Policy;
use keyward_core::time::DAY_MS;
use keyward_server::accounts::{self, AccountEdit, AccountView};
use keyward_server::changes::{Reach, head};
use keyward_server::keys::{self, Deed, Impact, KeyEdit, LimitSpec, NewKey};
use keyward_server::operation::OpError;
use keyward_server::policies;

use super::policies::with_scopes;
use super::world::{World, new_grant, operator, outcome};
use crate::support::new_key;

on_both! {
    a_dry_run_of_an_edit_says_what_the_key_would_lose
    a_dry_run_of_an_end_names_its_key_and_is_refused_as_the_end_would_be
    a_dry_run_of_accepted_keys_or_a_suspension_names_every_key_that_stops
    a_dry_run_of_a_plan_names_the_keys_that_lose_by_it
    a_dry_run_of_a_policy_names_the_keys_that_break_it
    a_dry_run_changes_nothing
    a_dry_run_names_two_hundred_keys_at_most
}

fn whys(impact: Result<Impact, OpError>) -> Vec<(KeyId, String)> {
    impact.unwrap().keys.into_iter().map(|touched| (touched.key.id, touched.why)).collect()
}

async fn edit(world: &World, id: KeyId, edit: KeyEdit) -> Result<Impact, OpError> {
    keys::rehearse(&world.app, Reach::All, operator(), id, Deed::Edit(Box::new(edit), None)).await
}

async fn account(world: &World, account: &AccountView, edit: AccountEdit) -> Result<Impact, OpError> {
    accounts::rehearse_edit(&world.app, Reach::All, operator(), account.id, edit, None).await
}

async fn a_dry_run_of_an_edit_says_what_the_key_would_lose(world: World) {
    let account = world.account("shop").await;
    let id = world.make(with_scopes(&account, "a", &["read", "write"])).await.unwrap().key.id;
    let change = KeyEdit::default;
    let limit = |limit| LimitSpec { name: "default".into(), limit, window_s: None, algorithm: None, per: None };
    for (change, why) in [
        (KeyEdit { scopes: Some(vec!["read".into()]), ..change() }, Some("loses the scopes write")),
        (KeyEdit { addresses: Some(vec!["192.0.2.0/24".into()]), ..change() }, Some("is bound to addresses")),
        (KeyEdit { limits: Some(vec![limit(99)]), ..change() }, Some("gets another limit default")),
        (KeyEdit { limits: Some(vec![limit(101)]), ..change() }, None),
        (KeyEdit { lifetime: Some(Lifetime::Days(1)), ..change() }, Some("ends sooner, at 2026-03-02T10:15:00Z")),
        (KeyEdit { name: Some(Some("b".into())), ..change() }, None),
    ] {
        let expected = why.map(|why| (id, why.to_owned())).into_iter().collect::<Vec<_>>();
        assert_eq!(whys(edit(&world, id, change).await), expected);
    }
    let wrong = KeyEdit { scopes: Some(vec!["sing".into()]), ..change() };
    assert_eq!(outcome(&edit(&world, id, wrong).await), "/scopes/0");
    let bound = KeyEdit { addresses: Some(vec!["192.0.2.0/24".into(), "198.51.100.7".into()]), ..change() };
    keys::edit(&world.app, Reach::All, operator(), id, bound, None).await.unwrap();
    let fewer = KeyEdit { addresses: Some(vec!["192.0.0.0/16".into()]), ..change() };
    assert_eq!(whys(edit(&world, id, fewer).await), [(id, "loses the addresses 198.51.100.7/32".to_owned())]);
}

async fn a_dry_run_of_an_end_names_its_key_and_is_refused_as_the_end_would_be(world: World) {
    let account = world.account("codat").await;
    let last = world.first_key(account.id).await.id;
    let rehearse = async |id, deed| keys::rehearse(&world.app, Reach::All, operator(), id, deed).await;
    for deed in [Deed::Revoke, Deed::Delete] {
        assert_eq!(outcome(&rehearse(last, deed).await), "last_key");
    }
    let id = world.make(new_key(&account, "b")).await.unwrap().key.id;
    for deed in [Deed::Disable, Deed::Revoke, Deed::Delete] {
        assert_eq!(whys(rehearse(id, deed).await).len(), 1);
    }
    keys::revoke(&world.app, Reach::All, operator(), id).await.unwrap();
    assert_eq!(whys(rehearse(id, Deed::Revoke).await), []);
    assert_eq!(outcome(&rehearse(id, Deed::Disable).await), "key_revoked");
}

async fn a_dry_run_of_accepted_keys_or_a_suspension_names_every_key_that_stops(world: World) {
    let holder = world.account("clevertap").await;
    let ada = world.person(holder.id, "ada").await;
    let shared = world.make(new_key(&holder, "a")).await.unwrap().key.id;
    let short = NewKey { lifetime: Lifetime::Days(1), ..new_key(&holder, "expired") };
    world.make(short).await.unwrap();
    world.pass(DAY_MS);
    let own = world.make(new_grant(&holder, ada, Lifetime::Days(9))).await.unwrap().key.id;
    let accepted = |kinds| AccountEdit { accepted_keys: Some(kinds), ..AccountEdit::default() };
    let ids = async |edit| whys(account(&world, &holder, edit).await).into_iter().map(|(id, _)| id).collect::<Vec<_>>();
    assert_eq!(ids(accepted(AcceptedKeys::User)).await, [shared]);
    assert_eq!(ids(accepted(AcceptedKeys::Account)).await, [own]);
    assert_eq!(ids(accepted(AcceptedKeys::Both)).await, []);
    assert_eq!(ids(AccountEdit { suspended: Some(true), ..AccountEdit::default() }).await, [own, shared]);
}

async fn a_dry_run_of_a_plan_names_the_keys_that_lose_by_it(world: World) {
    let holder = world.account("shop").await;
    let reader = world.make(with_scopes(&holder, "reader", &["read"])).await.unwrap().key.id;
    world.pass(1);
    let writer = world.make(with_scopes(&holder, "writer", &["write"])).await.unwrap().key.id;
    world.pass(1);
    let own_plan = NewKey { plan: Some("large".into()), ..with_scopes(&holder, "own", &["read"]) };
    world.make(own_plan).await.unwrap();
    let plan = |name: &str| AccountEdit { plan: Some(Some(name.into())), ..AccountEdit::default() };
    let limit = "gets another limit default";
    assert_eq!(
        whys(account(&world, &holder, plan("small")).await),
        [(writer, format!("loses the scopes write; {limit}")), (reader, limit.to_owned())]
    );
    assert_eq!(whys(account(&world, &holder, plan("large")).await), []);
    assert_eq!(outcome(&account(&world, &holder, plan("none")).await), "/plan");
}

async fn a_dry_run_of_a_policy_names_the_keys_that_break_it(world: World) {
    let account = world.account("shop").await;
    let endless = world.make(with_scopes(&account, "endless", &["read"])).await.unwrap().key.id;
    world.pass(1);
    let fine = NewKey { lifetime: Lifetime::Days(30), ..with_scopes(&account, "fine", &["read"]) };
    world.make(fine).await.unwrap();
    world.pass(1);
    let writer = NewKey { lifetime: Lifetime::Days(30), ..with_scopes(&account, "writer", &["write"]) };
    let writer = world.make(writer).await.unwrap().key.id;
    let policy = Policy { lifetime_days_max: Some(30), scopes_max: Some(vec!["read".into()]), ..Policy::default() };
    let rehearse =
        async |policy| policies::rehearse_set(&world.app, Reach::All, operator(), account.id, policy, None).await;
    let touched = whys(rehearse(policy).await);
    assert_eq!(touched.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [writer, endless]);
    assert!(touched[0].1.contains("no key the scope write") && touched[1].1.contains("30 days"), "{touched:?}");
    let wrong = Policy { lifetime_days_max: Some(3_651), ..Policy::default() };
    assert_eq!(outcome(&rehearse(wrong).await), "/lifetime_days_max");
}

async fn a_dry_run_changes_nothing(world: World) {
    let account_view = world.account("shop").await;
    let made = world.make(with_scopes(&account_view, "a", &["read", "write"])).await.unwrap();
    let (before, event) = (world.look(&made.key).await, world.last_event().await);
    let epoch = async || head(&mut world.app.db.conn().await.unwrap()).await.unwrap().unwrap().epoch;
    let at = epoch().await;
    let id = made.key.id;
    edit(&world, id, KeyEdit { scopes: Some(vec![]), ..KeyEdit::default() }).await.unwrap();
    for deed in [Deed::Disable, Deed::Revoke, Deed::Delete] {
        keys::rehearse(&world.app, Reach::All, operator(), id, deed).await.unwrap();
    }
    account(&world, &account_view, AccountEdit { suspended: Some(true), ..AccountEdit::default() }).await.unwrap();
    let policy = Policy { expiry_required: true, ..Policy::default() };
    policies::rehearse_set(&world.app, Reach::All, operator(), account_view.id, policy, None).await.unwrap();
    assert_eq!((world.look(&made.key).await, epoch().await), (before, at));
    assert_eq!(world.last_event().await, event);
    assert_eq!(policies::get(&world.app, Reach::All, account_view.id).await.unwrap().version, 0);
    assert_eq!(world.whose(&made.secret.unwrap()).await, "key");
}

async fn a_dry_run_names_two_hundred_keys_at_most(world: World) {
    let account_view = world.account("shop").await;
    for at in 0..201 {
        world.make(new_key(&account_view, &format!("k{at}"))).await.unwrap();
    }
    let suspended = AccountEdit { suspended: Some(true), ..AccountEdit::default() };
    let impact = account(&world, &account_view, suspended).await.unwrap();
    assert_eq!((impact.keys.len(), impact.more), (200, true));
}
