//! What people and programs are told, and when.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt as _;
use keyward_core::expiry::{Lifetime, Standing};
use keyward_core::ids::PersonId;
use keyward_core::role::Permissions;
use keyward_core::secret::Secret;
use keyward_core::time::{DAY_MS, HOUR_MS};
use keyward_server::accounts::{self, AccountView};
use keyward_server::app::App;
use keyward_server::changes::Reach;
use keyward_server::keys::{self, KeyEdit, KeyView, NewKey, NewPickup};
use keyward_server::notices::{self, Choice, Delivery, Kind, NoticeFilter, Raised, Settings};
use keyward_server::operation::Page;
use keyward_server::outbox;
use keyward_server::people::{self, NewPerson, PersonEdit};
use keyward_server::webhooks;

use super::pickup::token;
use super::world::{World, new_grant, operator, outcome, person};
use crate::support::new_key;
use crate::support::smtp::{Mail, Sink};

on_both! {
    r27_r28_a_passcode_is_mailed_of_at_thirty_seven_and_one_days_and_when_it_has_expired
    r27_a_passcode_made_inside_a_window_is_mailed_of_at_later_marks_only
    r28_nothing_is_told_twice_by_two_nodes_or_after_a_restart
    r31_an_expired_passcode_stays_listed_and_is_never_deleted
    r33_a_passcode_that_is_extended_is_told_of_anew_for_its_new_end
    what_is_switched_off_or_over_surprises_nobody
    nobody_is_reminded_while_they_snooze
    an_account_says_what_it_wants_to_be_told
    other_days_count_for_keys_that_are_out
    a_person_chooses_when_they_are_mailed
    a_key_tells_of_what_is_done_to_it
    people_are_told_of_people
    without_a_mail_server_notices_are_listed_all_the_same
    notices_are_within_reach_of_their_account_alone
    what_is_deleted_leaves_no_wishes_behind
    contacts_are_checked_and_kept_out_of_the_audit
    contacts_are_not_mailed_all_day
    one_key_that_cant_be_told_of_is_in_nobodys_way
    a_key_that_is_enabled_in_time_is_told_of
    other_days_tell_nothing_of_the_past
    a_digest_waits_for_a_mail_server_and_goes_to_no_webhook
    whoever_leaves_gets_nothing_more
    a_thousand_keys_are_told_of_through_five_years_by_two_nodes_at_once
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
async fn tell(app: &App) {
    while keys::remind_once(app).await.unwrap() > 0 {}
    outbox::fold_once(app).await.unwrap();
    while outbox::work_once(app).await.unwrap() > 0 {}
}

/// Moves the clock an hour at a time, telling all that is due; the mails of each day, with the day's number from 0.
async fn live(world: &World, app: &App, sink: &mut Sink, days: i64) -> Vec<(i64, Mail)> {
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

/// Day, address and subject of mails, those of one day in the order of their addresses.
fn brief(mails: &[(i64, Mail)]) -> Vec<(i64, String, String)> {
    let mut all: Vec<_> =
        mails.iter().map(|(day, mail)| (*day, mail.to[0].clone(), mail.header("Subject").to_owned())).collect();
    all.sort();
    all
}

/// When a mail came to this address, by day.
fn days_of(mails: &[(i64, Mail)], to: &str) -> Vec<i64> {
    mails.iter().filter(|(_, mail)| mail.to == [to]).map(|(day, _)| *day).collect()
}

async fn listed(app: &App, account: &AccountView) -> Vec<Raised> {
    let filter = NoticeFilter { account: Some(account.id), ..NoticeFilter::default() };
    let page = Page { limit: 200, cursor: None };
    notices::list(app, Reach::All, Permissions::ALL, filter, page).await.unwrap().items
}

/// Kinds of an account's notices, oldest first, those of one instant by name.
async fn kinds(app: &App, account: &AccountView) -> Vec<&'static str> {
    let mut all = listed(app, account).await;
    all.sort_by_key(|notice| (notice.at, notice.kind.as_str()));
    all.into_iter().map(|notice| notice.kind.as_str()).collect()
}

async fn key_for(app: &App, account: &AccountView, name: &str, days: u32) -> KeyView {
    let new = NewKey { lifetime: Lifetime::Days(days), ..new_key(account, name) };
    keys::create(app, Reach::All, operator(), new, None).await.unwrap().key
}

/// Only what is about a key's end is mailed.
async fn quiet(app: &App, account: &AccountView, more: Settings) {
    let off = Kind::ALL.iter().filter(|kind| kind.is_chosen() && !kind.as_str().starts_with("key.exp"));
    let mail = off.map(|kind| (kind.as_str().to_owned(), false)).chain(more.mail.clone()).collect();
    notices::set(app, Reach::All, operator(), account.id, Settings { mail, ..more }, None).await.unwrap();
}

async fn r27_r28_a_passcode_is_mailed_of_at_thirty_seven_and_one_days_and_when_it_has_expired(world: World) {
    let mut sink = Sink::start().await;
    let app = world.beside_with(&sink.toml()).await;
    let account = world.account("clevertap").await;
    let zone = Settings { time_zone: Some("Asia/Kolkata".into()), ..Settings::default() };
    quiet(&app, &account, zone).await;
    joined(&app, &account, "ada", "admin").await;
    let maker = joined(&app, &account, "mia", "admin").await;
    joined(&app, &account, "vic", "member").await;
    let new = NewKey {
        lifetime: Lifetime::Days(40),
        contacts: vec!["Ops@Partner.example".into()],
        ..new_key(&account, "Partner")
    };
    let by = person(maker, world.now(), Permissions::ALL);
    keys::create(&app, Reach::Account(account.id), by, new, None).await.unwrap();
    tell(&app).await;
    sink.mails().await;
    let mails = live(&world, &app, &mut sink, 60).await;
    // Made on 1 March 2026 at 15:45 in Kolkata.
    let end = "on Friday, 10 April 2026";
    let soon = format!("Passcode “Partner” of Acme expires {end}");
    let mut expected = Vec::new();
    for (day, subject) in
        [(10, &soon), (33, &soon), (39, &soon), (40, &"Passcode “Partner” of Acme has expired".into())]
    {
        for to in ["ada@example.com", "mia@example.com", "ops@partner.example"] {
            expected.push((day, to.to_owned(), subject.clone()));
        }
    }
    assert_eq!(brief(&mails), expected, "each once, to its maker, the admins and its contact, and to nobody else");
    let text = &mails[0].1.text;
    assert!(text.contains("in 30 days") && text.contains("10 April 2026, 15:45 IST"), "{text}");
}

async fn r27_a_passcode_made_inside_a_window_is_mailed_of_at_later_marks_only(world: World) {
    let mut sink = Sink::start().await;
    let app = world.beside_with(&sink.toml()).await;
    let account = world.account("clevertap").await;
    quiet(&app, &account, Settings::default()).await;
    joined(&app, &account, "ada", "admin").await;
    tell(&app).await;
    sink.mails().await;
    let key = key_for(&app, &account, "ten days", 10).await;
    assert_eq!(key.standing, Standing::ExpiringSoon, "row r29: it is shown at once");
    let mails = live(&world, &app, &mut sink, 12).await;
    assert_eq!(days_of(&mails, "ada@example.com"), [3, 9, 10]);
}

async fn r28_nothing_is_told_twice_by_two_nodes_or_after_a_restart(world: World) {
    let mut sink = Sink::start().await;
    let (one, two) = (world.beside_with(&sink.toml()).await, world.beside_with(&sink.toml()).await);
    let account = world.account("clevertap").await;
    quiet(&one, &account, Settings::default()).await;
    joined(&one, &account, "ada", "admin").await;
    tell(&one).await;
    sink.mails().await;
    for number in 0..20 {
        key_for(&one, &account, &format!("k{number}"), 3).await;
    }
    world.pass(2 * DAY_MS);
    let (here, there) = tokio::join!(keys::remind_once(&one), keys::remind_once(&two));
    assert!(here.unwrap() + there.unwrap() >= 20);
    let after = world.beside_with(&sink.toml()).await;
    tell(&after).await;
    assert_eq!(sink.mails().await.len(), 20, "a day before");
    world.pass(DAY_MS);
    tokio::join!(tell(&one), tell(&two));
    tell(&world.beside_with(&sink.toml()).await).await;
    assert_eq!(sink.mails().await.len(), 20, "and expired");
    world.pass(400 * DAY_MS);
    tell(&after).await;
    assert_eq!(sink.mails().await.len(), 0);
}

async fn r31_an_expired_passcode_stays_listed_and_is_never_deleted(world: World) {
    let account = world.account("clevertap").await;
    let key = key_for(&world.app, &account, "old", 1).await;
    world.pass(800 * DAY_MS);
    tell(&world.app).await;
    outbox::sweep(&world.app).await.unwrap();
    let found = world.look(&key).await;
    assert_eq!((found.standing, found.id), (Standing::Expired, world.first_key(account.id).await.id));
}

async fn r33_a_passcode_that_is_extended_is_told_of_anew_for_its_new_end(world: World) {
    let mut sink = Sink::start().await;
    let app = world.beside_with(&sink.toml()).await;
    let account = world.account("clevertap").await;
    quiet(&app, &account, Settings::default()).await;
    joined(&app, &account, "ada", "admin").await;
    tell(&app).await;
    sink.mails().await;
    let key = key_for(&app, &account, "k", 8).await;
    let mails = live(&world, &app, &mut sink, 9).await;
    assert_eq!(days_of(&mails, "ada@example.com"), [1, 7, 8]);
    let longer = KeyEdit { lifetime: Some(Lifetime::Days(8)), ..KeyEdit::default() };
    keys::edit(&app, Reach::All, operator(), key.id, longer, None).await.unwrap();
    let mails = live(&world, &app, &mut sink, 9).await;
    assert_eq!(days_of(&mails, "ada@example.com"), [1, 7, 8], "once per key and expiry instant");
    let named = KeyEdit { name: Some(Some("other".into())), ..KeyEdit::default() };
    keys::edit(&app, Reach::All, operator(), key.id, named, None).await.unwrap();
    assert_eq!(live(&world, &app, &mut sink, 3).await.len(), 0, "another name is no other end");
}

async fn what_is_switched_off_or_over_surprises_nobody(world: World) {
    let app = &world.app;
    let account = world.account("shop").await;
    let [disabled, revoked, deleted, waiting] = ["a", "b", "c", "d"];
    let id = |key: KeyView| key.id;
    let disabled = id(key_for(app, &account, disabled, 3).await);
    let revoked = id(key_for(app, &account, revoked, 3).await);
    let deleted = id(key_for(app, &account, deleted, 3).await);
    let sent = NewKey { lifetime: Lifetime::Days(3), pickup: Some(NewPickup::default()), ..new_key(&account, waiting) };
    world.make(sent).await.unwrap();
    keys::disable(app, Reach::All, operator(), disabled).await.unwrap();
    keys::revoke(app, Reach::All, operator(), revoked).await.unwrap();
    keys::delete(app, Reach::All, operator(), deleted).await.unwrap();
    for _ in 0..10 {
        world.pass(DAY_MS);
        tell(app).await;
    }
    let told = kinds(app, &account).await;
    assert!(told.iter().all(|kind| !kind.starts_with("key.exp")), "{told:?}");
    key_for(app, &account, "as ever", 3).await;
    for _ in 0..4 {
        world.pass(DAY_MS);
        tell(app).await;
    }
    let told = kinds(app, &account).await;
    assert_eq!(told.iter().filter(|kind| kind.starts_with("key.exp")).count(), 2, "{told:?}");
}

async fn nobody_is_reminded_while_they_snooze(world: World) {
    let mut sink = Sink::start().await;
    let app = world.beside_with(&sink.toml()).await;
    let account = world.account("clevertap").await;
    quiet(&app, &account, Settings::default()).await;
    joined(&app, &account, "ada", "admin").await;
    tell(&app).await;
    sink.mails().await;
    let key = key_for(&app, &account, "k", 40).await;
    let until = world.now().plus(35 * DAY_MS);
    let snooze = async |until| keys::snooze(&app, Reach::All, operator(), key.id, until).await;
    assert_eq!(snooze(Some(until)).await.unwrap().snoozed_until, Some(until));
    assert_eq!(world.last_event().await.action, "key.snoozed");
    let mails = live(&world, &app, &mut sink, 41).await;
    assert_eq!(days_of(&mails, "ada@example.com"), [35, 39, 40], "what fell into that time is told after it, once");
    let past = snooze(Some(world.now().plus(DAY_MS))).await;
    assert_eq!(outcome(&past), "key_expired");
    let endless = world.make(new_key(&account, "endless")).await.unwrap().key;
    let nothing = keys::snooze(&app, Reach::All, operator(), endless.id, Some(until)).await;
    assert_eq!(outcome(&nothing), "no_expiry");
    let other = key_for(&app, &account, "other", 60).await;
    for wrong in [world.now(), world.now().plus(366 * DAY_MS)] {
        let refused = keys::snooze(&app, Reach::All, operator(), other.id, Some(wrong)).await;
        assert_eq!(outcome(&refused), "/until");
    }
    let slept = keys::snooze(&app, Reach::All, operator(), other.id, Some(world.now().plus(50 * DAY_MS))).await;
    assert!(slept.unwrap().snoozed_until.is_some());
    let awake = keys::snooze(&app, Reach::All, operator(), other.id, None).await.unwrap();
    assert_eq!((awake.snoozed_until, world.look(&other).await.snoozed_until), (None, None));
    let mails = live(&world, &app, &mut sink, 31).await;
    assert_eq!(days_of(&mails, "ada@example.com"), [30]);
}

async fn an_account_says_what_it_wants_to_be_told(world: World) {
    let account = world.account("shop").await;
    let other = world.account("shop").await;
    let put = async |settings, version| {
        notices::set(&world.app, Reach::Account(account.id), operator(), account.id, settings, version).await
    };
    let wanted = Settings { mail: [("key.created".into(), false)].into(), digest_hour: Some(7), ..Settings::default() };
    let kept = put(wanted.clone(), Some(0)).await.unwrap();
    assert_eq!((kept.version, &kept.settings), (1, &wanted));
    let event = world.last_event().await;
    assert_eq!((event.action.as_str(), event.account), ("notices.set", Some(account.id)));
    assert_eq!(put(wanted.clone(), None).await.unwrap().version, 1, "as it was");
    assert_eq!(outcome(&put(Settings::default(), Some(0)).await), "precondition_failed");
    let wrong = Settings {
        mail: [("invitation".into(), false)].into(),
        expiry_days: Some(vec![366]),
        time_zone: Some("Nowhere".into()),
        ..Settings::default()
    };
    assert_eq!(outcome(&put(wrong, None).await), "/mail/invitation /expiry_days /time_zone");
    let foreign = notices::settings(&world.app, Reach::Account(other.id), account.id).await;
    assert_eq!(outcome(&foreign), "not_found");
}

async fn other_days_count_for_keys_that_are_out(world: World) {
    let mut sink = Sink::start().await;
    let app = world.beside_with(&sink.toml()).await;
    let account = world.account("clevertap").await;
    quiet(&app, &account, Settings::default()).await;
    joined(&app, &account, "ada", "admin").await;
    tell(&app).await;
    sink.mails().await;
    key_for(&app, &account, "k", 20).await;
    world.pass(DAY_MS);
    tell(&app).await;
    quiet(&app, &account, Settings { expiry_days: Some(vec![15, 3]), ..Settings::default() }).await;
    let mails = live(&world, &app, &mut sink, 20).await;
    assert_eq!(days_of(&mails, "ada@example.com"), [4, 16, 19], "15 and 3 days before, and at the end");
    quiet(&app, &account, Settings { expiry_days: Some(vec![]), ..Settings::default() }).await;
    key_for(&app, &account, "unmarked", 3).await;
    let mails = live(&world, &app, &mut sink, 4).await;
    assert_eq!(days_of(&mails, "ada@example.com"), [3], "its end alone");
}

async fn a_person_chooses_when_they_are_mailed(world: World) {
    let mut sink = Sink::start().await;
    let app = world.beside_with(&sink.toml()).await;
    let account = world.account("clevertap").await;
    quiet(&app, &account, Settings { digest_hour: Some(8), ..Settings::default() }).await;
    let ids = [
        joined(&app, &account, "ada", "admin").await,
        joined(&app, &account, "bob", "admin").await,
        joined(&app, &account, "cyd", "admin").await,
    ];
    tell(&app).await;
    sink.mails().await;
    let choose = async |id, choice| {
        notices::choose(&app, person(id, world.now(), Permissions::NONE), Some(account.id), choice).await
    };
    choose(ids[0], Choice { delivery: Delivery::Daily, ..Choice::default() }).await.unwrap();
    let only_the_end = Choice { delivery: Delivery::Off, kinds: [("key.expired".into(), Delivery::Now)].into() };
    choose(ids[1], only_the_end.clone()).await.unwrap();
    assert_eq!(world.last_event().await.action, "person.notices_chosen");
    assert_eq!(notices::choice(&app, ids[1], Some(account.id)).await.unwrap(), only_the_end);
    let wrong = Choice { kinds: [("digest".into(), Delivery::Off)].into(), ..Choice::default() };
    assert_eq!(outcome(&choose(ids[2], wrong).await), "/kinds/digest");
    // A contact who is one of its people is told as they have chosen.
    for name in ["one", "two"] {
        let contacts = vec!["bob@example.com".into()];
        let new = NewKey { lifetime: Lifetime::Days(2), contacts, ..new_key(&account, name) };
        world.make(new).await.unwrap();
    }
    let mails = live(&world, &app, &mut sink, 4).await;
    let at_eight: Vec<_> = mails.iter().filter(|(_, mail)| mail.to == ["ada@example.com"]).collect();
    let subjects: Vec<_> = at_eight.iter().map(|(_, mail)| mail.header("Subject")).collect();
    assert_eq!(subjects, ["2 notices about Acme", "2 notices about Acme"], "one digest a day");
    assert_eq!(days_of(&mails, "bob@example.com"), [2, 2]);
    assert_eq!(days_of(&mails, "cyd@example.com"), [1, 1, 2, 2]);
    let stranger = joined(&app, &world.account("shop").await, "eve", "admin").await;
    assert_eq!(outcome(&choose(stranger, Choice::default()).await), "not_found");
    let no_operator = notices::choice(&app, ids[0], None).await;
    assert_eq!(outcome(&no_operator), "not_found");
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

async fn what_is_deleted_leaves_no_wishes_behind(world: World) {
    let app = &world.app;
    let account = world.account("clevertap").await;
    quiet(app, &account, Settings::default()).await;
    let ada = joined(app, &account, "ada", "admin").await;
    let bob = joined(app, &account, "bob", "admin").await;
    for id in [ada, bob] {
        let choice = Choice { delivery: Delivery::Daily, ..Choice::default() };
        let by = person(id, world.now(), Permissions::NONE);
        notices::choose(app, by, Some(account.id), choice).await.unwrap();
    }
    key_for(app, &account, "k", 20).await;
    let rows = async |table: &str| {
        let dump = world.dump().await;
        dump.into_iter().find(|(name, _)| name == table).unwrap().1
    };
    people::remove(app, Reach::All, operator(), account.id, bob).await.unwrap();
    assert!(
        !rows("notice_choice").await.contains(&bob.to_string())
            && rows("notice_choice").await.contains(&ada.to_string())
    );
    assert_ne!(rows("reminder").await, "");
    accounts::delete(app, Reach::All, operator(), account.id).await.unwrap();
    for table in ["notice_choice", "notice_setting", "reminder", "notice"] {
        assert_eq!(rows(table).await, "", "{table}");
    }
}

async fn contacts_are_checked_and_kept_out_of_the_audit(world: World) {
    let account = world.account("shop").await;
    let with = |contacts: Vec<String>| NewKey { contacts, ..new_key(&account, "k") };
    let wrong = world.make(with(vec!["ops@partner.example".into(), "a@b\r\nBcc: c@d.e".into()])).await;
    assert_eq!(outcome(&wrong), "/contacts/1");
    let many = world.make(with((0..11).map(|n| format!("p{n}@partner.example")).collect())).await;
    assert_eq!(outcome(&many), "/contacts");
    let twice = vec![" Ops@Partner.example".into(), "ops@partner.example".into()];
    let key = world.make(with(twice)).await.unwrap().key;
    assert_eq!(key.contacts, ["ops@partner.example"]);
    let event = world.last_event().await;
    assert_eq!(event.after.unwrap()["contacts"], serde_json::json!(["…@partner.example"]));
    let other = KeyEdit { contacts: Some(vec!["it@other.example".into()]), ..KeyEdit::default() };
    let edited = keys::edit(&world.app, Reach::All, operator(), key.id, other, None).await.unwrap();
    assert_eq!(
        (edited.contacts, world.look(&key).await.contacts),
        (vec!["it@other.example".into()], vec!["it@other.example".into()])
    );
}

/// A number from 0 that is any, and the same in each run.
fn any(seed: u64, below: u64) -> u64 {
    seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23).wrapping_mul(0xD1B5_4A32_D192_ED03) % below
}

async fn a_thousand_keys_are_told_of_through_five_years_by_two_nodes_at_once(world: World) {
    const YEARS_DAYS: i64 = 5 * 365;
    let (one, two) = (world.beside().await, world.beside().await);
    let mut accounts = Vec::new();
    for _ in 0..10 {
        accounts.push(world.account("clevertap").await);
    }
    // What is expected of each: key, end, and the days before it.
    let mut expected = BTreeSet::new();
    let (app, accounts) = (&world.app, &accounts);
    let made = (0..1_000_u64).map(|number| async move {
        let days = 1 + any(number, 1_700) as u32;
        let account = &accounts[number as usize % accounts.len()];
        (days, key_for(app, account, &format!("k{number}"), days).await)
    });
    // Many at once share a commit.
    let made: Vec<_> = futures_util::stream::iter(made).buffer_unordered(64).collect().await;
    for (days, key) in made {
        let end = key.expires_at.unwrap();
        let marks = [30, 7, 1].into_iter().filter(|mark| *mark < days).map(|mark| mark.to_string());
        expected.extend(marks.chain(["ended".into()]).map(|mark| (key.id.to_string(), end.0, mark)));
    }
    for _ in 0..YEARS_DAYS {
        world.pass(DAY_MS);
        let (here, there) = tokio::join!(keys::remind_once(&one), keys::remind_once(&two));
        here.unwrap();
        there.unwrap();
    }
    let dump = world.dump().await;
    assert_eq!(dump.iter().find(|(table, _)| table == "reminder").unwrap().1, "", "all are over");
    let mut told = Vec::new();
    for account in accounts {
        for kind in [Kind::KeyExpiring, Kind::KeyExpired] {
            let mut page = Page { limit: 200, cursor: None };
            loop {
                let filter = NoticeFilter { account: Some(account.id), kinds: vec![kind], ..NoticeFilter::default() };
                let found = notices::list(&one, Reach::All, Permissions::ALL, filter, page).await.unwrap();
                for notice in &found.items {
                    let end = notice.facts["expires_at"].as_str().unwrap();
                    let end = keyward_core::time::UnixMs::parse_rfc3339(end).unwrap();
                    let mark = notice.facts["days"].as_u64().map_or_else(|| "ended".into(), |days| days.to_string());
                    let due = end.0 - notice.facts["days"].as_i64().unwrap_or(0) * DAY_MS;
                    assert!((0..DAY_MS).contains(&(notice.at.0 - due)), "told within the day");
                    told.push((notice.key.unwrap().to_string(), end.0, mark));
                }
                let Some(next) = found.next_cursor else { break };
                page = Page { limit: 200, cursor: Some(next) };
            }
        }
    }
    assert_eq!(told.len(), expected.len(), "none twice");
    assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), expected, "none lost");
}

async fn contacts_are_not_mailed_all_day(world: World) {
    let mut sink = Sink::start().await;
    let app = world.beside_with(&sink.toml()).await;
    let account = world.account("shop").await;
    let contacts = vec!["victim@example.net".into()];
    for number in 0..15 {
        let new = NewKey {
            lifetime: Lifetime::Days(2),
            contacts: contacts.clone(),
            ..new_key(&account, &format!("k{number}"))
        };
        world.make(new).await.unwrap();
    }
    world.pass(DAY_MS);
    tell(&app).await;
    assert_eq!(sink.mails().await.len(), 15);
    world.pass(DAY_MS - 1);
    tell(&app).await;
    world.pass(1);
    tell(&app).await;
    assert_eq!(sink.mails().await.len(), 15, "a day later");
    for number in 0..40 {
        let end = Lifetime::Until(world.now().plus(1_000));
        let new = NewKey { lifetime: end, contacts: contacts.clone(), ..new_key(&account, &format!("l{number}")) };
        world.make(new).await.unwrap();
    }
    world.pass(1_000);
    tell(&app).await;
    assert_eq!(sink.mails().await.len(), 5, "twenty within a day");
}

/// A row of the settings that nobody can read.
const DAMAGED: &[&str] = &["update notice_setting set settings = 'none'"];

async fn one_key_that_cant_be_told_of_is_in_nobodys_way(world: World) {
    let app = &world.app;
    let (bad, good) = (world.account("shop").await, world.account("shop").await);
    quiet(app, &bad, Settings::default()).await;
    key_for(app, &bad, "bad", 2).await;
    key_for(app, &good, "good", 2).await;
    world.execute(DAMAGED).await;
    world.pass(2 * DAY_MS);
    let mut rounds = 0;
    while keys::remind_once(app).await.unwrap() > 0 {
        rounds += 1;
        assert!(rounds < 10, "it would look for ever");
    }
    assert!(kinds(app, &good).await.contains(&"key.expired"));
    world.execute(&["delete from notice_setting"]).await;
    world.pass(HOUR_MS);
    while keys::remind_once(app).await.unwrap() > 0 {}
    assert!(kinds(app, &bad).await.contains(&"key.expired"), "it is tried again");
}

async fn a_key_that_is_enabled_in_time_is_told_of(world: World) {
    let app = &world.app;
    let account = world.account("shop").await;
    let key = key_for(app, &account, "k", 20).await.id;
    keys::disable(app, Reach::All, operator(), key).await.unwrap();
    world.pass(15 * DAY_MS);
    tell(app).await;
    assert!(!kinds(app, &account).await.contains(&"key.expiring"));
    keys::enable(app, Reach::All, operator(), key).await.unwrap();
    tell(app).await;
    let told = listed(app, &account).await;
    let expiring: Vec<_> = told.iter().filter(|notice| notice.kind == Kind::KeyExpiring).collect();
    assert_eq!(expiring.len(), 1);
    assert_eq!(expiring[0].facts["days"], 5, "as many as there are left");
}

async fn other_days_tell_nothing_of_the_past(world: World) {
    let app = &world.app;
    let account = world.account("shop").await;
    key_for(app, &account, "k", 50).await;
    world.pass(DAY_MS);
    tell(app).await;
    quiet(app, &account, Settings { expiry_days: Some(vec![60, 30]), ..Settings::default() }).await;
    tell(app).await;
    assert!(!kinds(app, &account).await.contains(&"key.expiring"));
    world.pass(19 * DAY_MS);
    tell(app).await;
    assert_eq!(kinds(app, &account).await.iter().filter(|kind| **kind == "key.expiring").count(), 1);
}

async fn a_digest_waits_for_a_mail_server_and_goes_to_no_webhook(world: World) {
    let mut sink = Sink::start().await;
    let app = world.beside_with(&sink.toml()).await;
    let account = world.account("clevertap").await;
    let ada = joined(&app, &account, "ada", "admin").await;
    let daily = Choice { delivery: Delivery::Daily, ..Choice::default() };
    notices::choose(&app, person(ada, world.now(), Permissions::NONE), Some(account.id), daily).await.unwrap();
    let url = "http://127.0.0.1:9/".to_owned();
    let new = webhooks::NewWebhook { account: account.id, url, kinds: vec!["*".into()], enabled: true };
    webhooks::create(&app, Reach::All, operator(), new, None).await.unwrap();
    key_for(&app, &account, "one", 400).await;
    key_for(&app, &account, "two", 400).await;
    while outbox::work_once(&app).await.unwrap() > 0 {}
    sink.mails().await;
    world.pass(DAY_MS);
    assert_eq!(outbox::fold_once(&world.app).await.unwrap(), 0, "a node without a mail server leaves it alone");
    assert_eq!(outbox::fold_once(&app).await.unwrap(), 2);
    while outbox::work_once(&app).await.unwrap() > 0 {}
    let mails = sink.mails().await;
    assert_eq!(mails.iter().map(|mail| mail.header("Subject")).collect::<Vec<_>>(), ["2 notices about Acme"]);
    let all = outbox::list(&app, Reach::All, outbox::ParcelFilter::default(), Page { limit: 200, cursor: None }).await;
    let to_hooks = all.unwrap().items.into_iter().filter(|parcel| parcel.channel == outbox::Channel::Webhook);
    assert_eq!(to_hooks.map(|parcel| parcel.kind).collect::<Vec<_>>(), [Kind::KeyCreated, Kind::KeyCreated]);
}

async fn whoever_leaves_gets_nothing_more(world: World) {
    let mut sink = Sink::start().await;
    let app = world.beside_with(&sink.toml()).await;
    let (account, other) = (world.account("clevertap").await, world.account("clevertap").await);
    joined(&app, &account, "ada", "admin").await;
    let bob = joined(&app, &account, "bob", "admin").await;
    // They stay somebody elsewhere: nothing of them is erased.
    let new = NewPerson { account: other.id, name: "bob".into(), email: Some("bob@example.com".into()), role: None };
    people::create(&app, Reach::All, operator(), new, None).await.unwrap();
    tell(&app).await;
    sink.mails().await;
    key_for(&app, &account, "k", 400).await;
    people::remove(&app, Reach::All, operator(), account.id, bob).await.unwrap();
    tell(&app).await;
    let mails = sink.mails().await;
    assert_eq!(mails.iter().map(|mail| mail.to[0].as_str()).collect::<Vec<_>>(), ["ada@example.com"]);
}
