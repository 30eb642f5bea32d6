//! The outbox: each notice at least once, whatever the mail server does and whoever is killed (promise P11).

use std::collections::{BTreeMap, BTreeSet};

use keyward_core::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use keyward_server::accounts::AccountView;
use keyward_server::app::App;
use keyward_server::changes::Reach;
use keyward_server::operation::Page;
use keyward_server::outbox::{self, ParcelFilter, ParcelView, State};
use keyward_server::people::{self, NewPerson};
use serde_json::json;

use super::world::{World, operator, outcome};
use crate::support::smtp::{Mail, Sink};
use crate::support::store::{hold_all, put_mail};

on_both! {
    an_invitation_goes_to_its_person_alone_and_its_link_is_kept_nowhere
    without_a_mail_server_links_are_handed_over_and_nothing_waits
    who_is_refused_for_now_is_tried_again_and_who_is_refused_for_good_is_not
    a_mail_server_that_is_not_there_costs_nobody_an_attempt
    a_mail_that_broke_off_arrives_once
    a_mail_server_that_lies_gets_the_mail_again_under_the_same_id
    a_day_without_a_mail_server_loses_nothing_and_doubles_nothing
    after_a_week_a_mail_is_given_up
    what_was_given_up_is_sent_once_more_when_somebody_asks
    two_nodes_at_once_send_each_mail_once
    what_waits_for_a_digest_goes_out_as_one_mail
    what_went_out_is_forgotten_after_ninety_days
}

/// A program that can mail, and an account.
async fn mailing(world: &World) -> (Sink, App, AccountView) {
    let sink = Sink::start().await;
    let app = world.beside_with(&sink.toml()).await;
    (sink, app, world.account("shop").await)
}

/// Works until nothing is due; how many parcels were taken up.
async fn drain(app: &App) -> usize {
    let mut all = 0;
    loop {
        match outbox::work_once(app).await.unwrap() {
            0 => return all,
            count => all += count,
        }
    }
}

async fn parcels(app: &App) -> Vec<ParcelView> {
    let page = Page { limit: 200, cursor: None };
    outbox::list(app, Reach::All, ParcelFilter::default(), page).await.unwrap().items
}

async fn only(app: &App) -> ParcelView {
    let all = parcels(app).await;
    let [only] = all.as_slice() else { panic!("{all:?}") };
    only.clone()
}

async fn put(world: &World, account: &AccountView, to: &str) -> String {
    let facts = json!({ "account": account.name, "key": { "name": "Server", "hint": "kw_live_…abcd" } });
    let account = account.id.to_string();
    put_mail(&world.app.db, "key.created", Some(&account), &facts, to, world.now().0).await
}

/// Mails by the parcel that their `Message-ID` names.
fn by_parcel(mails: &[Mail]) -> BTreeMap<String, usize> {
    mails.iter().fold(BTreeMap::new(), |mut counts, mail| {
        let id = mail.header("Message-ID").trim_start_matches('<').split('@').next().unwrap();
        *counts.entry(id.to_owned()).or_default() += 1;
        counts
    })
}

async fn invite(app: &App, account: &AccountView) -> people::MadePerson {
    let (name, email) = ("Ada".into(), Some("ada@example.com".into()));
    let new = NewPerson { account: account.id, name, email, role: Some("developer".into()) };
    people::create(app, Reach::All, operator(), new, None).await.unwrap()
}

async fn an_invitation_goes_to_its_person_alone_and_its_link_is_kept_nowhere(world: World) {
    let (mut sink, app, account) = mailing(&world).await;
    let made = invite(&app, &account).await.invitation.unwrap();
    assert!(made.by_mail, "nobody else is shown it");
    let link = made.token.expose().to_owned();
    let holds = |dump: Vec<(String, String)>| dump.into_iter().any(|(_, rows)| rows.contains(&link));
    assert!(!holds(world.dump().await) && world.dump().await.iter().any(|(_, rows)| rows.contains(" sealed")));
    assert_eq!(drain(&app).await, 1);
    let mail = sink.mail().await;
    assert_eq!((mail.from.as_str(), mail.to), ("keyward@example.com", vec!["ada@example.com".to_owned()]));
    assert!(mail.text.contains(&format!("/invitation#{link}")), "{}", mail.text);
    assert!(mail.html.contains(&link));
    assert_eq!(mail.headers.iter().filter(|(name, _)| name == "Auto-Submitted").count(), 1);
    let parcel = only(&app).await;
    assert_eq!((parcel.state, parcel.attempts), (State::Sent, 1));
    let sealed =
        |dump: Vec<(String, String)>| dump.into_iter().any(|(name, rows)| name == "parcel" && rows.contains(" sealed"));
    assert!(!sealed(world.dump().await), "a link that was sent is kept no longer");
    let again = outbox::resend(&app, Reach::All, operator(), parcel.id).await;
    assert_eq!(outcome(&again), "link_gone");
    people::accept(
        &app,
        None,
        None,
        made.token,
        None,
        keyward_core::secret::Secret::new("seven purple tractors".into()),
    )
    .await
    .unwrap();
}

async fn without_a_mail_server_links_are_handed_over_and_nothing_waits(world: World) {
    let account = world.account("shop").await;
    assert!(!invite(&world.app, &account).await.invitation.unwrap().by_mail);
    assert_eq!((parcels(&world.app).await.len(), drain(&world.app).await), (0, 0));
}

async fn who_is_refused_for_now_is_tried_again_and_who_is_refused_for_good_is_not(world: World) {
    let (mut sink, app, account) = mailing(&world).await;
    put(&world, &account, "ada@example.com").await;
    for (nth, mode) in [(1, "later"), (2, "unwilling")] {
        sink.mode(mode).await;
        assert_eq!(drain(&app).await, 1);
        let parcel = only(&app).await;
        assert_eq!((parcel.state, parcel.attempts), (State::Waiting, nth));
        assert!(parcel.last_error.unwrap().contains("45"), "what the server said is kept");
        let wait = parcel.due_at.0 - world.now().0;
        assert!((15_000 * nth..=30_000 * nth).contains(&wait), "{wait}");
        world.pass(wait - 1);
        assert_eq!(drain(&app).await, 0, "not a moment earlier");
        world.pass(1);
    }
    sink.mode("never").await;
    assert_eq!(drain(&app).await, 1);
    let parcel = only(&app).await;
    assert_eq!((parcel.state, parcel.attempts), (State::Dead, 3));
    assert!(parcel.last_error.unwrap().contains("550"));
    world.pass(30 * DAY_MS);
    assert_eq!((drain(&app).await, sink.mails().await.len()), (0, 0));
}

async fn a_mail_server_that_is_not_there_costs_nobody_an_attempt(world: World) {
    let (mut sink, app, account) = mailing(&world).await;
    for nth in 0..5 {
        put(&world, &account, &format!("p{nth}@example.com")).await;
    }
    for mode in ["close", "mute"] {
        sink.mode(mode).await;
        drain(&app).await;
        assert_eq!(drain(&app).await, 0, "it is left alone for a while");
        assert!(parcels(&app).await.iter().all(|parcel| parcel.state == State::Waiting && parcel.attempts == 0));
        world.pass(4_000);
    }
    sink.mode("accept").await;
    assert_eq!(drain(&app).await, 5, "within five seconds of its return");
    assert_eq!(sink.mails().await.len(), 5);
}

async fn a_mail_that_broke_off_arrives_once(world: World) {
    let (mut sink, app, account) = mailing(&world).await;
    let id = put(&world, &account, "ada@example.com").await;
    sink.mode("cut").await;
    assert_eq!(drain(&app).await, 1);
    sink.cut().await;
    assert_eq!(only(&app).await.attempts, 1);
    sink.mode("accept").await;
    world.pass(30_000);
    drain(&app).await;
    assert_eq!(by_parcel(&sink.mails().await), BTreeMap::from([(id, 1)]));
}

async fn a_mail_server_that_lies_gets_the_mail_again_under_the_same_id(world: World) {
    let (mut sink, app, account) = mailing(&world).await;
    for (mode, to) in [("lie", "ada@example.com"), ("stall", "bob@example.com")] {
        let id = put(&world, &account, to).await;
        sink.mode(mode).await;
        drain(&app).await;
        let first = sink.mail().await;
        sink.mode("accept").await;
        world.pass(30_000);
        drain(&app).await;
        let mails = [vec![first], sink.mails().await].concat();
        assert_eq!(by_parcel(&mails), BTreeMap::from([(id, 2)]), "whoever has it twice can tell");
    }
}

async fn a_day_without_a_mail_server_loses_nothing_and_doubles_nothing(world: World) {
    let (mut sink, app, account) = mailing(&world).await;
    sink.mode("close").await;
    let mut ids = BTreeSet::new();
    for hour in 0..24 {
        ids.insert(put(&world, &account, &format!("p{hour}@example.com")).await);
        for _ in 0..6 {
            drain(&app).await;
            world.pass(HOUR_MS / 6);
        }
    }
    sink.mode("accept").await;
    assert_eq!(drain(&app).await, 24);
    let counts = by_parcel(&sink.mails().await);
    assert_eq!(counts, ids.into_iter().map(|id| (id, 1)).collect());
    assert!(parcels(&app).await.iter().all(|parcel| parcel.state == State::Sent));
}

async fn after_a_week_a_mail_is_given_up(world: World) {
    let (mut sink, app, account) = mailing(&world).await;
    put(&world, &account, "ada@example.com").await;
    sink.mode("later").await;
    let began = world.now().0;
    while only(&app).await.state == State::Waiting {
        world.pass(HOUR_MS);
        drain(&app).await;
    }
    let lived = world.now().0 - began;
    assert!((7 * DAY_MS..7 * DAY_MS + 7 * HOUR_MS).contains(&lived), "{lived}");
    let attempts = only(&app).await.attempts;
    assert!((20..60).contains(&attempts), "the waits grow, and stop growing: {attempts}");
}

async fn what_was_given_up_is_sent_once_more_when_somebody_asks(world: World) {
    let mut sink = Sink::start().await;
    let app = world.beside_with(&sink.toml()).await;
    let (account, other) = (world.account("shop").await, world.account("shop").await);
    put(&world, &account, "ada@example.com").await;
    let waiting = only(&app).await.id;
    assert_eq!(outcome(&outbox::resend(&app, Reach::All, operator(), waiting).await), "on_its_way");
    sink.mode("never").await;
    drain(&app).await;
    sink.mode("accept").await;
    let foreign = outbox::resend(&app, Reach::Account(other.id), operator(), waiting).await;
    assert_eq!(outcome(&foreign), "not_found");
    let back = outbox::resend(&app, Reach::Account(account.id), operator(), waiting).await.unwrap();
    assert_eq!((back.state, back.attempts, back.last_error), (State::Waiting, 0, None));
    let event = world.last_event().await;
    assert_eq!((event.action.as_str(), event.account), ("parcel.resent", Some(account.id)));
    drain(&app).await;
    assert_eq!(sink.mails().await.len(), 1);
    let page = Page { limit: 50, cursor: None };
    let seen = outbox::list(&app, Reach::Account(other.id), ParcelFilter::default(), page).await.unwrap();
    assert!(seen.items.is_empty(), "another account's");
}

async fn two_nodes_at_once_send_each_mail_once(world: World) {
    let mut sink = Sink::start().await;
    let (one, two) = (world.beside_with(&sink.toml()).await, world.beside_with(&sink.toml()).await);
    let account = world.account("shop").await;
    let mut ids = BTreeMap::new();
    for nth in 0..60 {
        ids.insert(put(&world, &account, &format!("p{nth}@example.com")).await, 1);
    }
    let counts = tokio::join!(drain(&one), drain(&two), drain(&one), drain(&two));
    assert_eq!(counts.0 + counts.1 + counts.2 + counts.3, 60, "each is claimed once: {counts:?}");
    assert_eq!(by_parcel(&sink.mails().await), ids);
}

async fn what_waits_for_a_digest_goes_out_as_one_mail(world: World) {
    let (mut sink, app, account) = mailing(&world).await;
    for to in ["ada@example.com", "ada@example.com", "ada@example.com", "bob@example.com"] {
        put(&world, &account, to).await;
    }
    hold_all(&world.app.db, world.now().0 + HOUR_MS).await;
    assert_eq!((outbox::fold_once(&app).await.unwrap(), drain(&app).await), (0, 0), "not yet");
    world.pass(HOUR_MS);
    let other = world.beside_with(&sink.toml()).await;
    let (here, there) = tokio::join!(outbox::fold_once(&app), outbox::fold_once(&other));
    assert_eq!(here.unwrap() + there.unwrap(), 4, "two nodes make one digest");
    drain(&app).await;
    let mut mails = sink.mails().await;
    mails.sort_by_key(|mail| mail.to.clone());
    let subjects: Vec<_> = mails.iter().map(|mail| mail.header("Subject")).collect();
    assert_eq!(subjects, ["3 notices about Acme", "New key “Server” of Acme"], "one alone goes out as itself");
    assert_eq!(mails[0].text.matches("* New key “Server” of Acme").count(), 3, "{}", mails[0].text);
}

async fn what_went_out_is_forgotten_after_ninety_days(world: World) {
    let (_sink, app, account) = mailing(&world).await;
    put(&world, &account, "ada@example.com").await;
    drain(&app).await;
    world.pass(90 * DAY_MS);
    put(&world, &account, "bob@example.com").await;
    assert_eq!(outbox::sweep(&app).await.unwrap(), 0);
    world.pass(MINUTE_MS);
    assert_eq!(outbox::sweep(&app).await.unwrap(), 2, "the parcel and its notice");
    assert_eq!(only(&app).await.target, "bob@example.com");
}
