//! Memberships, roles and operators: who may give what to whom, and who must stay.

use keyward_core::expiry::Lifetime;
use keyward_core::ids::{AccountId, PersonId};
use keyward_core::role::Permissions;
use keyward_core::secret::Secret;
use keyward_server::accounts::AccountView;
use keyward_server::audit::{self, AuditFilter};
use keyward_server::changes::{Actor, Reach, SignedIn};
use keyward_server::keys;
use keyward_server::management::{self, NewManagementKey};
use keyward_server::operation::{OpError, Page};
use keyward_server::people::{self, InAccounts, MemberState, NewPerson, PersonEdit};
use keyward_server::roles::{self, RoleSpec};

use super::world::{World, new_grant, operator, outcome};

const PASSWORD: &str = "seven purple tractors";

on_both! {
    an_invitation_is_accepted_once
    a_link_of_one_account_opens_no_other
    the_last_admin_stays
    of_two_admins_who_leave_at_once_one_stays
    the_last_operator_stays
    of_two_operators_removed_at_once_one_stays
    nobody_gives_more_than_they_have
    nobody_touches_who_may_more
    a_role_taken_away_counts_inside_the_change
    roles_of_an_accounts_own
    r45_a_suspended_or_removed_person_loses_the_own_key_at_once
    accounts_learn_nothing_of_each_other
    an_address_alone_makes_nobody_an_operator
    an_erased_person_is_in_no_row_and_the_audit_names_nobody
}

/// Somebody who joined the account with this role.
pub(super) async fn member(world: &World, account: &AccountView, name: &str, role: &str) -> PersonId {
    let made = invite(world, account, name, role).await;
    let joined = accept(world, made.invitation.unwrap().token).await;
    joined.unwrap();
    made.person.id
}

pub(super) async fn invite(world: &World, account: &AccountView, name: &str, role: &str) -> people::MadePerson {
    let email = Some(format!("{name}@example.com"));
    let new = NewPerson { account: account.id, name: name.into(), email, role: Some(role.into()) };
    people::create(&world.app, Reach::All, operator(), new, None).await.unwrap()
}

pub(super) async fn accept(world: &World, token: Secret) -> Result<Secret, OpError> {
    people::accept(&world.app, None, None, token, None, Secret::new(PASSWORD.into())).await
}

pub(super) fn acting(world: &World, id: PersonId, words: &[&str]) -> Actor {
    let person = SignedIn { id, proved_at: world.now() };
    Actor::person(person, None, Permissions::parse(words.iter().copied()).unwrap())
}

pub(super) async fn edit(world: &World, actor: Actor, account: AccountId, id: PersonId, edit: PersonEdit) -> String {
    outcome(&people::edit(&world.app, Reach::Account(account), actor, (account, id), edit, None).await)
}

fn role(name: &str) -> PersonEdit {
    PersonEdit { role: Some(name.into()), ..PersonEdit::default() }
}

pub(super) fn suspended(is: bool) -> PersonEdit {
    PersonEdit { suspended: Some(is), ..PersonEdit::default() }
}

async fn an_invitation_is_accepted_once(world: World) {
    let account = world.account("shop").await;
    let made = invite(&world, &account, "ada", "developer").await;
    assert_eq!(made.person.state, MemberState::Invited);
    let standing = people::standing(&world.app, made.person.id, None).await.unwrap();
    assert_eq!(standing, InAccounts::None, "who has not answered is not in");
    let token = made.invitation.unwrap().token;
    let looked = people::look(&world.app, &token).await.unwrap();
    assert_eq!((looked.account.as_deref(), looked.known), (Some(account.name.as_str()), false));
    accept(&world, token.clone()).await.unwrap();
    let InAccounts::One { may, .. } = people::standing(&world.app, made.person.id, None).await.unwrap() else {
        panic!("not in")
    };
    assert_eq!(may, Permissions::parse(["keys.write", "usage.read", "logs.read"]).unwrap());
    assert!(accept(&world, token.clone()).await.is_err() && people::look(&world.app, &token).await.is_err());
    let late = invite(&world, &account, "bob", "member").await.invitation.unwrap();
    world.pass(late.expires_at.0 - world.now().0);
    assert!(accept(&world, late.token).await.is_err(), "seven days are over");
    let first = invite(&world, &account, "cem", "member").await;
    let id = first.person.id;
    let second = people::invite_again(&world.app, Reach::All, operator(), account.id, id).await.unwrap();
    assert!(accept(&world, first.invitation.unwrap().token).await.is_err(), "the fresh link ended the old one");
    accept(&world, second.token).await.unwrap();
    let again = people::invite_again(&world.app, Reach::All, operator(), account.id, id).await;
    assert_eq!(outcome(&again.map(drop)), "not_invited");
}

async fn a_link_of_one_account_opens_no_other(world: World) {
    let (ours, theirs) = (world.account("shop").await, world.account("shop").await);
    let ada = member(&world, &ours, "ada", "admin").await;
    let elsewhere = invite(&world, &theirs, "ada", "viewer").await;
    assert_eq!(elsewhere.person.id, ada, "one person, two accounts");
    assert_eq!(elsewhere.person.signed_in_at, None, "the other account learns nothing of the first");
    let token = elsewhere.invitation.unwrap().token;
    let taken_over = accept(&world, token.clone()).await;
    assert_eq!(outcome(&taken_over.map(drop)), "sign_in_first", "the link sets no password of somebody known");
    let eve = member(&world, &theirs, "eve", "viewer").await;
    let stolen = people::accept_own(&world.app, acting(&world, eve, &[]), token.clone()).await;
    assert_eq!(outcome(&stolen), "another_address");
    people::accept_own(&world.app, acting(&world, ada, &[]), token).await.unwrap();
    assert_eq!(people::standing(&world.app, ada, None).await.unwrap(), InAccounts::Several);
    let reset = people::reset_link(&world.app, Reach::Account(theirs.id), operator(), theirs.id, ada).await;
    assert_eq!(outcome(&reset.map(drop)), "not_only_yours");
    // An operator who has not joined yet is not made by an account's link either.
    let added = people::add_operator(&world.app, operator(), "Op".into(), "op@example.com".into()).await.unwrap();
    let trap = invite(&world, &theirs, "op", "viewer").await;
    assert_eq!(trap.person.id, added.0.id);
    accept(&world, trap.invitation.unwrap().token).await.unwrap();
    let trapped = people::me(&world.app, trap.person.id).await.unwrap();
    assert!(!trapped.operator, "whoever took the account's link runs nothing");
    assert_eq!(outcome(&accept(&world, added.1.token).await.map(drop)), "sign_in_first");
}

async fn an_address_alone_makes_nobody_an_operator(world: World) {
    let account = world.account("shop").await;
    // Somebody may have claimed the address before.
    let id = member(&world, &account, "grace", "admin").await;
    let (view, link) =
        people::add_operator(&world.app, operator(), "Grace".into(), "grace@example.com".into()).await.unwrap();
    assert_eq!((view.id, view.joined), (id, false));
    assert!(!people::me(&world.app, id).await.unwrap().operator);
    assert_eq!(people::operators(&world.app).await.unwrap(), [view], "listed as invited");
    people::accept_own(&world.app, acting(&world, id, &[]), link.token).await.unwrap();
    assert!(people::me(&world.app, id).await.unwrap().operator);
}

async fn the_last_admin_stays(world: World) {
    let account = world.account("shop").await;
    let ada = member(&world, &account, "ada", "admin").await;
    let own = || acting(&world, ada, &["*"]);
    assert_eq!(edit(&world, own(), account.id, ada, role("viewer")).await, "last_admin");
    assert_eq!(edit(&world, own(), account.id, ada, suspended(true)).await, "last_admin");
    let reach = Reach::Account(account.id);
    assert_eq!(outcome(&people::remove(&world.app, reach, own(), account.id, ada).await), "last_admin");
    assert_eq!(outcome(&people::remove(&world.app, Reach::All, operator(), account.id, ada).await), "last_admin");
    assert_eq!(outcome(&people::leave(&world.app, own(), account.id).await), "last_admin");
    let invited = invite(&world, &account, "bob", "admin").await.person.id;
    assert_eq!(edit(&world, own(), account.id, ada, role("viewer")).await, "last_admin", "who is invited is not in");
    people::remove(&world.app, Reach::All, operator(), account.id, invited).await.unwrap();
    member(&world, &account, "cem", "admin").await;
    assert_eq!(edit(&world, own(), account.id, ada, role("viewer")).await, "ok");
}

async fn of_two_admins_who_leave_at_once_one_stays(world: World) {
    let account = world.account("shop").await;
    let (ada, bob) = (member(&world, &account, "ada", "admin").await, member(&world, &account, "bob", "admin").await);
    let leave = |id| people::leave(&world.app, acting(&world, id, &["*"]), account.id);
    let demote = |id| edit(&world, acting(&world, id, &["*"]), account.id, id, role("viewer"));
    let (left, demoted) = tokio::join!(leave(ada), demote(bob));
    let mut outcomes = [outcome(&left), demoted];
    outcomes.sort();
    assert_eq!(outcomes, ["last_admin", "ok"]);
}

/// An operator who has joined.
async fn running(world: &World, name: &str) -> PersonId {
    let added = people::add_operator(&world.app, operator(), name.into(), format!("{name}@example.com")).await.unwrap();
    accept(world, added.1.token).await.unwrap();
    added.0.id
}

async fn the_last_operator_stays(world: World) {
    let ada = running(&world, "ada").await;
    let shut = people::edit_operator(&world.app, operator(), ada, true).await;
    assert_eq!(outcome(&shut.map(drop)), "last_operator");
    assert_eq!(outcome(&people::remove_operator(&world.app, operator(), ada).await), "last_operator");
    let invited = people::add_operator(&world.app, operator(), "Bob".into(), "bob@example.com".into()).await.unwrap();
    assert_eq!(outcome(&people::remove_operator(&world.app, operator(), ada).await), "last_operator");
    accept(&world, invited.1.token).await.unwrap();
    assert_eq!(outcome(&people::remove_operator(&world.app, operator(), ada).await), "ok");
    assert_eq!(people::operators(&world.app).await.unwrap().len(), 1);
    let me = people::me(&world.app, ada).await;
    assert_eq!(outcome(&me.map(drop)), "not_found", "nothing kept her: she is erased");
}

async fn of_two_operators_removed_at_once_one_stays(world: World) {
    let (ada, bob) = (running(&world, "ada").await, running(&world, "bob").await);
    let remove = |id| people::remove_operator(&world.app, operator(), id);
    let (first, second) = tokio::join!(remove(ada), remove(bob));
    let mut outcomes = [outcome(&first), outcome(&second)];
    outcomes.sort();
    assert_eq!(outcomes, ["last_operator", "ok"]);
}

async fn nobody_gives_more_than_they_have(world: World) {
    let account = world.account("shop").await;
    member(&world, &account, "ada", "admin").await;
    let own = RoleSpec { title: None, permissions: vec!["people.write".into(), "keys.read".into()] };
    roles::put(&world.app, Reach::All, operator(), account.id, "hr".into(), own).await.unwrap();
    let hr = member(&world, &account, "hr", "hr").await;
    let actor = || acting(&world, hr, &["people.write", "keys.read"]);
    let reach = Reach::Account(account.id);
    let add = async |role: &str| {
        let email = Some(format!("new-{role}@example.com"));
        let new = NewPerson { account: account.id, name: "New".into(), email, role: Some(role.into()) };
        outcome(&people::create(&world.app, reach, actor(), new, None).await.map(drop))
    };
    assert_eq!(add("admin").await, "more_than_own");
    assert_eq!(add("developer").await, "more_than_own");
    assert_eq!(add("hr").await, "ok");
    assert_eq!(edit(&world, actor(), account.id, hr, role("admin")).await, "more_than_own", "nor to oneself");
    let raised = RoleSpec { title: None, permissions: vec!["people.write".into(), "keys.write".into()] };
    let raised = roles::put(&world.app, reach, actor(), account.id, "hr".into(), raised).await;
    assert_eq!(outcome(&raised.map(drop)), "more_than_own", "nor by way of the own role");
    let key = |words: Option<Vec<String>>| NewManagementKey {
        name: "k".into(),
        account: Some(account.id),
        permissions: words,
        lifetime: Lifetime::Days(1),
    };
    let all = management::create(&world.app, reach, actor(), key(Some(vec!["*".into()])), None).await;
    assert_eq!(outcome(&all.map(drop)), "more_than_own");
    let same = management::create(&world.app, reach, actor(), key(None), None).await.unwrap();
    assert_eq!(same.key.may.words(), ["keys.read", "people.write"]);
}

async fn nobody_touches_who_may_more(world: World) {
    let account = world.account("shop").await;
    let ada = member(&world, &account, "ada", "admin").await;
    member(&world, &account, "bob", "admin").await;
    let own = RoleSpec { title: None, permissions: vec!["people.write".into()] };
    roles::put(&world.app, Reach::All, operator(), account.id, "hr".into(), own).await.unwrap();
    let hr = member(&world, &account, "hr", "hr").await;
    let actor = || acting(&world, hr, &["people.write"]);
    let reach = Reach::Account(account.id);
    assert_eq!(edit(&world, actor(), account.id, ada, suspended(true)).await, "more_than_own");
    assert_eq!(edit(&world, actor(), account.id, ada, role("hr")).await, "more_than_own");
    assert_eq!(outcome(&people::remove(&world.app, reach, actor(), account.id, ada).await), "more_than_own");
    let reset = people::reset_link(&world.app, reach, actor(), account.id, ada).await;
    assert_eq!(outcome(&reset.map(drop)), "more_than_own");
}

async fn a_role_taken_away_counts_inside_the_change(world: World) {
    let account = world.account("shop").await;
    let (ada, bob) = (member(&world, &account, "ada", "admin").await, member(&world, &account, "bob", "admin").await);
    let stale = acting(&world, bob, &["*"]);
    assert_eq!(edit(&world, acting(&world, ada, &["*"]), account.id, bob, role("viewer")).await, "ok");
    assert_eq!(edit(&world, stale, account.id, ada, role("viewer")).await, "more_than_own");
}

async fn roles_of_an_accounts_own(world: World) {
    let (account, other) = (world.account("shop").await, world.account("shop").await);
    let put = async |name: &str, words: &[&str]| {
        let spec = RoleSpec { title: None, permissions: words.iter().map(|word| (*word).to_owned()).collect() };
        outcome(&roles::put(&world.app, Reach::All, operator(), account.id, name.into(), spec).await.map(drop))
    };
    assert_eq!(put("support", &["keys.read"]).await, "ok");
    assert_eq!(put("support", &["keys.read", "logs.read"]).await, "ok");
    assert_eq!(put("admin", &["keys.read"]).await, "role_configured");
    assert_eq!(put("boss", &["*"]).await, "/permissions");
    assert_eq!(put("odd", &["keys.eat"]).await, "/permissions");
    assert_eq!(put("Odd name", &[]).await, "");
    let listed = roles::list(&world.app, Reach::All, account.id).await.unwrap();
    let own: Vec<_> = listed.iter().filter(|role| role.own).map(|role| role.may.words().join(" ")).collect();
    assert_eq!(own, ["keys.read logs.read"]);
    assert!(roles::list(&world.app, Reach::All, other.id).await.unwrap().iter().all(|role| !role.own));
    let person = member(&world, &account, "ada", "support").await;
    let delete = || roles::delete(&world.app, Reach::All, operator(), account.id, "support".into());
    assert_eq!(outcome(&delete().await), "role_in_use");
    people::remove(&world.app, Reach::All, operator(), account.id, person).await.unwrap();
    assert_eq!(outcome(&delete().await), "ok");
    assert_eq!(outcome(&delete().await), "not_found");
}

async fn r45_a_suspended_or_removed_person_loses_the_own_key_at_once(world: World) {
    let account = world.account("clevertap").await;
    let (ada, bob) = (member(&world, &account, "ada", "member").await, member(&world, &account, "bob", "member").await);
    let grant = async |id| world.make(new_grant(&account, id, Lifetime::Days(9))).await.unwrap();
    let (adas, bobs) = (grant(ada).await, grant(bob).await);
    let all = people::edit(&world.app, Reach::All, operator(), (account.id, ada), suspended(true), None).await;
    assert_eq!(all.unwrap().state, MemberState::Suspended);
    let key = keys::get(&world.app, Reach::All, adas.key.id).await.unwrap();
    assert!(key.revoked_at.is_some(), "a suspended person's key is revoked");
    let again = world.make(new_grant(&account, ada, Lifetime::Days(9))).await;
    assert_eq!(outcome(&again.map(drop)), "/person_id", "nor granted while shut out");
    people::edit(&world.app, Reach::All, operator(), (account.id, ada), suspended(false), None).await.unwrap();
    grant(ada).await;
    people::remove(&world.app, Reach::All, operator(), account.id, bob).await.unwrap();
    assert_eq!(world.whose(&bobs.secret.unwrap()).await, "deleted");
}

async fn accounts_learn_nothing_of_each_other(world: World) {
    let (ours, theirs) = (world.account("shop").await, world.account("shop").await);
    let ada = member(&world, &ours, "ada", "admin").await;
    let elsewhere = invite(&world, &theirs, "ada", "viewer").await;
    people::accept_own(&world.app, acting(&world, ada, &[]), elsewhere.invitation.unwrap().token).await.unwrap();
    member(&world, &ours, "bob", "admin").await;
    people::remove(&world.app, Reach::All, operator(), ours.id, ada).await.unwrap();
    let me = people::me(&world.app, ada).await.unwrap();
    assert_eq!(me.accounts.iter().map(|own| own.account).collect::<Vec<_>>(), [theirs.id]);
    let chosen = people::standing(&world.app, ada, Some(ours.id)).await.unwrap();
    assert_eq!(chosen, InAccounts::NotThere);
}

async fn an_erased_person_is_in_no_row_and_the_audit_names_nobody(world: World) {
    let account = world.account("clevertap").await;
    let ada = member(&world, &account, "adelheid", "member").await;
    world.make(new_grant(&account, ada, Lifetime::Days(9))).await.unwrap();
    let renamed = PersonEdit { name: Some("Adelheid the Second".into()), ..role("creator") };
    people::edit(&world.app, Reach::All, operator(), (account.id, ada), renamed, None).await.unwrap();
    people::rename(&world.app, acting(&world, ada, &[]), "Adelheid herself".into()).await.unwrap();
    people::remove(&world.app, Reach::All, operator(), account.id, ada).await.unwrap();
    assert!(people::me(&world.app, ada).await.is_err());
    let page = Page { limit: 200, cursor: None };
    let events = audit::list(&world.app, Reach::All, AuditFilter::default(), page).await.unwrap().items;
    assert!(events.iter().any(|event| event.action == "person.erased" && event.subject == ada.to_string()));
    let text = format!("{events:?}").to_lowercase();
    assert!(!text.contains("adelheid"), "{text}");
}
