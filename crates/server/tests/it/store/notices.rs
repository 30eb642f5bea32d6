//! What people and programs are told of.

use std::collections::{BTreeMap, BTreeSet};

use keyward_core::expiry::Lifetime;
use keyward_core::ids::PersonId;
use keyward_core::role::Permissions;
use keyward_core::secret::Secret;
use keyward_core::time::{DAY_MS, HOUR_MS};
use keyward_server::accounts::AccountView;
use keyward_server::app::App;
use keyward_server::changes::Reach;
use keyward_server::keys::{self, KeyView, NewKey, NewPickup};
use keyward_server::notices::{self, Kind, NoticeFilter, Raised, Settings};
use keyward_server::operation::Page;
use keyward_server::outbox;
use keyward_server::people::{self, NewPerson, PersonEdit};

use super::pickup::token;
use super::world::{World, new_grant, operator, outcome, person};
use crate::support::new_key;
use crate::support::smtp::{Mail, Sink};

on_both! {
    a_key_tells_of_what_is_done_to_it
    people_are_told_of_people
    without_a_mail_server_notices_are_listed_all_the_same
    notices_are_within_reach_of_their_account_alone
}

/// Somebody who has joined an account; `NAME@example.com`.
pub async fn joined(app: &App, account: &AccountView, name: &str, role: &str) -> PersonId {
    let (shown, email) = (name.into(), Some(format!("{name}@example.com")));
    let new = NewPerson { account: account.id, name: shown, email, role: Some(role.into()) };
    let made = people::create(app, Reach::All, operator(), new, None).await.unwrap();
    let token = made.invitation.unwrap().token;
    let password = Secret::new("seven purple tractors".into());
    people::accept(app, None, None, token, None, password).await.unwrap();
    made.person.id
}

/// Tells and sends all that is due.
pub async fn tell(app: &App) {
    while keys::remind_once(app).await.unwrap() > 0 {}
    outbox::fold_once(app).await.unwrap();
    while outbox::work_once(app).await.unwrap() > 0 {}
}

/// Moves the clock an hour at a time, telling all that is due; the mails of each day, with the day's number from 0.
pub async fn live(world: &World, app: &App, sink: &mut Sink, days: i64) -> Vec<(i64, Mail)> {
    let mut all = Vec::new();
    for day in 0..days {
        for _ in 0..24 {
            tell(app).await;
            world.pass(HOUR_MS);
        }
        all.extend(sink.mails().await.into_iter().map(|mail| (day, mail)));
    }
    tell(app).await;
    all.extend(sink.mails().await.into_iter().map(|mail| (days, mail)));
    all
}

/// When a mail came to this address, by day.
pub fn days_of(mails: &[(i64, Mail)], to: &str) -> Vec<i64> {
    mails.iter().filter(|(_, mail)| mail.to == [to]).map(|(day, _)| *day).collect()
}

pub async fn listed(app: &App, account: &AccountView) -> Vec<Raised> {
    let filter = NoticeFilter { account: Some(account.id), ..NoticeFilter::default() };
    let page = Page { limit: 200, cursor: None };
    notices::list(app, Reach::All, Permissions::ALL, filter, page).await.unwrap().items
}

/// Kinds of an account's notices, oldest first, those of one instant by name.
pub async fn kinds(app: &App, account: &AccountView) -> Vec<&'static str> {
    let mut all = listed(app, account).await;
    all.sort_by_key(|notice| (notice.at, notice.kind.as_str()));
    all.into_iter().map(|notice| notice.kind.as_str()).collect()
}

pub async fn key_for(app: &App, account: &AccountView, name: &str, days: u32) -> KeyView {
    let new = NewKey { lifetime: Lifetime::Days(days), ..new_key(account, name) };
    keys::create(app, Reach::All, operator(), new, None).await.unwrap().key
}

/// A program that can mail, an account of which only keys' ends are mailed, and its admin Ada; nothing is on its way.
pub async fn mailing(world: &World) -> (Sink, App, AccountView) {
    let mut sink = Sink::start().await;
    let app = world.beside_with(&sink.toml()).await;
    let account = world.account("clevertap").await;
    quiet(&app, &account, Settings::default()).await;
    joined(&app, &account, "ada", "admin").await;
    tell(&app).await;
    sink.mails().await;
    (sink, app, account)
}

/// Only what is about a key's end is mailed.
pub async fn quiet(app: &App, account: &AccountView, more: Settings) {
    let off = Kind::ALL.iter().filter(|kind| kind.is_chosen() && !kind.as_str().starts_with("key.exp"));
    let mail = off.map(|kind| (kind.as_str().to_owned(), false)).chain(more.mail.clone()).collect();
    notices::set(app, Reach::All, operator(), account.id, Settings { mail, ..more }, None).await.unwrap();
}

async fn a_key_tells_of_what_is_done_to_it(world: World) {
    let app = &world.app;
    let account = world.account("codat").await;
    // The account came with a key; that is told too.
    let made = world.make(new_key(&account, "k")).await.unwrap();
    let key = made.key.id;
    let admin = joined(app, &account, "ada", "administrator").await;
    let by = || person(admin, world.now(), Permissions::ALL);
    for _ in 0..3 {
        keys::reveal(app, Reach::Account(account.id), by(), key, false).await.unwrap();
    }
    keys::rotate(app, Reach::All, operator(), key, 3_600, None).await.unwrap();
    keys::revoke(app, Reach::All, operator(), key).await.unwrap();
    keys::revoke(app, Reach::All, operator(), key).await.unwrap();
    keys::delete(app, Reach::All, operator(), key).await.unwrap();
    let about: Vec<_> = listed(app, &account).await.into_iter().filter(|notice| notice.key == Some(key)).collect();
    let told: BTreeMap<_, usize> = about.iter().fold(BTreeMap::new(), |mut told, notice| {
        *told.entry(notice.kind.as_str()).or_default() += 1;
        told
    });
    let once = ["key.created", "key.revealed", "key.revoked", "key.rotated"].map(|kind| (kind, 1));
    assert_eq!(told, once.into(), "who looks is told of once a day, an end once");
    for notice in &about {
        assert_eq!((&notice.facts["key"]["name"], &notice.facts["key"]["kind"]), (&"k".into(), &"account".into()));
        let text = notice.facts.to_string();
        assert!(!text.contains(made.secret.as_ref().unwrap().expose()), "{text}");
    }
    let revealed = about.iter().find(|notice| notice.kind == Kind::KeyRevealed).unwrap();
    assert_eq!(revealed.facts["by"], format!("person:{admin}"), "by id: a name could outlive its person");
    let rotated = about.iter().find(|notice| notice.kind == Kind::KeyRotated).unwrap();
    assert_eq!(rotated.facts["overlap_until"], world.now().plus(HOUR_MS).rfc3339());

    let account = world.account("shop").await;
    let sent = world.make(NewKey { pickup: Some(NewPickup::default()), ..new_key(&account, "sent") }).await.unwrap();
    keys::pick_up(app, None, &token(&sent.pickup.unwrap())).await.unwrap();
    let gone = world.make(new_key(&account, "gone")).await.unwrap().key.id;
    keys::delete(app, Reach::All, operator(), gone).await.unwrap();
    assert_eq!(kinds(app, &account).await, ["key.created", "key.created", "key.picked_up", "key.revoked"]);
}

async fn people_are_told_of_people(world: World) {
    let mut sink = Sink::start().await;
    let app = world.beside_with(&sink.toml()).await;
    let account = world.account("clevertap").await;
    joined(&app, &account, "ada", "admin").await;
    let mail = ["person.added", "person.joined", "person.changed", "person.removed"].map(|kind| (kind.into(), true));
    let settings = Settings { mail: mail.into(), ..Settings::default() };
    notices::set(&app, Reach::All, operator(), account.id, settings, None).await.unwrap();
    tell(&app).await;
    sink.mails().await;
    let bob = joined(&app, &account, "bob", "member").await;
    let holder = world.make(new_grant(&account, bob, Lifetime::Days(30))).await.unwrap().key;
    let renamed = PersonEdit { name: Some("Robert".into()), ..PersonEdit::default() };
    people::edit(&app, Reach::All, operator(), (account.id, bob), renamed, None).await.unwrap();
    let out = PersonEdit { suspended: Some(true), ..PersonEdit::default() };
    people::edit(&app, Reach::All, operator(), (account.id, bob), out, None).await.unwrap();
    // What is about somebody is forgotten with them, unless it went out before.
    tell(&app).await;
    people::remove(&app, Reach::All, operator(), account.id, bob).await.unwrap();
    tell(&app).await;
    let subjects: BTreeSet<_> =
        sink.mails().await.into_iter().map(|mail| (mail.to[0].clone(), mail.header("Subject").to_owned())).collect();
    let expected =
        ["bob was added to Acme", "bob joined Acme", "Robert in Acme was changed", "Robert was removed from Acme"];
    for subject in expected {
        assert!(subjects.contains(&("ada@example.com".into(), subject.into())), "{subject}: {subjects:#?}");
    }
    let told = listed(&app, &account).await;
    let ended = told.iter().find(|notice| notice.kind == Kind::KeyRevoked).unwrap();
    assert_eq!(ended.key, Some(holder.id), "who is shut out loses their keys, and that is told");
}

async fn without_a_mail_server_notices_are_listed_all_the_same(world: World) {
    let app = &world.app;
    let account = world.account("clevertap").await;
    joined(app, &account, "ada", "admin").await;
    key_for(app, &account, "k", 2).await;
    for _ in 0..3 {
        world.pass(DAY_MS);
        tell(app).await;
    }
    let told = kinds(app, &account).await;
    assert_eq!(told, ["key.created", "person.added", "person.joined", "key.expiring", "key.expired"]);
    let all = outbox::list(app, Reach::All, outbox::ParcelFilter::default(), Page::default()).await.unwrap();
    assert_eq!(all.items, [], "nothing waits for a server that is not there");
}

async fn notices_are_within_reach_of_their_account_alone(world: World) {
    let app = &world.app;
    let (ours, theirs) = (world.account("shop").await, world.account("shop").await);
    key_for(app, &ours, "k", 2).await;
    joined(app, &ours, "ada", "admin").await;
    let all = listed(app, &ours).await;
    let one = all.iter().find(|notice| notice.kind == Kind::PersonAdded).unwrap().clone();
    let get = async |reach, may| notices::get(app, reach, may, one.id).await;
    assert_eq!(get(Reach::Account(ours.id), Permissions::ALL).await.unwrap(), one);
    assert_eq!(outcome(&get(Reach::Account(theirs.id), Permissions::ALL).await), "not_found");
    let list = async |reach, words: [&str; 1]| {
        let may = Permissions::parse(words).unwrap();
        let found = notices::list(app, reach, may, NoticeFilter::default(), Page::default()).await.unwrap().items;
        found.into_iter().map(|notice| notice.kind.as_str()).collect::<BTreeSet<_>>()
    };
    assert_eq!(list(Reach::Account(theirs.id), ["keys.read"]).await, [].into());
    assert_eq!(list(Reach::Account(ours.id), ["keys.read"]).await, ["key.created"].into());
    assert_eq!(list(Reach::Account(ours.id), ["people.read"]).await, ["person.joined", "person.added"].into());
    assert_eq!(outcome(&get(Reach::Account(ours.id), Permissions::parse(["keys.read"]).unwrap()).await), "not_found");
}
