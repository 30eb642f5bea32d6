//! Who wants to be told what, and when.

use keyward_core::expiry::Lifetime;
use keyward_core::role::Permissions;
use keyward_core::time::DAY_MS;
use keyward_server::accounts::{self};
use keyward_server::changes::Reach;
use keyward_server::keys::{self, KeyEdit, NewKey};
use keyward_server::notices::{self, Choice, Delivery, Kind, Settings};
use keyward_server::operation::Page;
use keyward_server::outbox;
use keyward_server::people::{self, NewPerson};
use keyward_server::webhooks;

use super::notices::{days_of, joined, key_for, live, quiet, tell};
use super::world::{World, operator, outcome, person};
use crate::support::new_key;
use crate::support::smtp::Sink;

on_both! {
    an_account_says_what_it_wants_to_be_told
    a_person_chooses_when_they_are_mailed
    contacts_are_checked_and_kept_out_of_the_audit
    contacts_are_not_mailed_all_day
    a_digest_waits_for_a_mail_server_and_goes_to_no_webhook
    whoever_leaves_gets_nothing_more
    what_is_deleted_leaves_no_wishes_behind
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
