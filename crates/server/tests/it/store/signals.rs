//! What the data plane has noticed, told whatever befalls the store and the people meanwhile.

use std::net::IpAddr;

use keyward_core::denial::{Denial, Reason};
use keyward_core::role::Permissions;
use keyward_core::time::{DAY_MS, HOUR_MS};
use keyward_server::app::App;
use keyward_server::changes::Reach;
use keyward_server::db::Db;
use keyward_server::notices::{self, Kind, NoticeFilter, Raised};
use keyward_server::operation::Page;
use keyward_server::outbox::{self, State};
use keyward_server::people::{self, PersonEdit};
use keyward_server::signals;

use super::notices::{joined, key_for, listed, mailing, tell};
use super::world::{World, operator};
use crate::support::store::{NOTICE_FAILPOINT, NOTICE_FAILPOINT_OVER};
use crate::support::{restart, smtp::Sink};

on_both! {
    what_was_noticed_waits_while_the_store_can_t_be_written
    of_so_many_addresses_at_most_are_operators_told_in_an_hour
    of_an_api_that_is_no_longer_configured_notices_are_listed_and_nobody_is_mailed
    what_waits_for_somebody_who_is_suspended_is_not_sent
}

/// So many requests with keys that are unknown make a notice.
const UNKNOWN: usize = 100;
/// Of so many addresses it is told in an hour.
const TOLD_MAX: usize = 20;

/// Requests with unknown keys from an address.
fn notice_unknown(app: &App, address: [u8; 4], requests: usize) {
    let denial = Denial::InvalidCredentials(Reason::Unknown);
    for _ in 0..requests {
        app.signals.refused(0, &denial, None, Some(IpAddr::from(address)), app.clock.now());
    }
}

/// What was told of unknown keys, by address.
async fn told(app: &App) -> Vec<Raised> {
    let filter = NoticeFilter { kinds: vec![Kind::UnknownKeys], ..NoticeFilter::default() };
    let page = Page { limit: 200, cursor: None };
    let mut all = notices::list(app, Reach::All, Permissions::ALL, filter, page).await.unwrap().items;
    all.sort_by_key(|notice| notice.facts["address"].to_string());
    all
}

async fn what_was_noticed_waits_while_the_store_can_t_be_written(world: World) {
    let app = &world.app;
    let engine = usize::from(matches!(app.db, Db::Postgres(_)));
    world.execute(NOTICE_FAILPOINT[engine]).await;
    notice_unknown(app, [192, 0, 2, 1], UNKNOWN - 1);
    signals::tell_once(app).await.unwrap();
    // From here on there is something to tell, and it is tried more often than there are addresses to tell of.
    notice_unknown(app, [192, 0, 2, 1], 1);
    for _ in 0..=TOLD_MAX {
        signals::tell_once(app).await.unwrap_err();
    }
    notice_unknown(app, [192, 0, 2, 2], UNKNOWN);
    signals::tell_once(app).await.unwrap_err();
    assert_eq!((told(app).await, app.signals.dropped()), (vec![], 0));
    world.execute(NOTICE_FAILPOINT_OVER[engine]).await;
    assert_eq!(signals::tell_once(app).await.unwrap(), 1 + UNKNOWN, "none was lost, and none came twice");
    let all = told(app).await;
    let brief: Vec<_> = all.iter().map(|notice| (notice.facts["address"].as_str(), &notice.facts["count"])).collect();
    assert_eq!(brief, [(Some("192.0.2.1"), &UNKNOWN.into()), (Some("192.0.2.2"), &UNKNOWN.into())]);
    notice_unknown(app, [192, 0, 2, 1], UNKNOWN);
    signals::tell_once(app).await.unwrap();
    assert_eq!(told(app).await.len(), 2, "each once");
}

async fn of_so_many_addresses_at_most_are_operators_told_in_an_hour(world: World) {
    let app = &world.app;
    for hour in 1..=2 {
        for address in 0..TOLD_MAX + 5 {
            notice_unknown(app, [198, 51, 100, address as u8], UNKNOWN);
            signals::tell_once(app).await.unwrap();
        }
        let all = told(app).await;
        assert_eq!(all.len(), hour * TOLD_MAX);
        assert!(all.iter().all(|notice| notice.account.is_none()), "they concern who runs the deployment");
        world.pass(HOUR_MS);
    }
}

async fn of_an_api_that_is_no_longer_configured_notices_are_listed_and_nobody_is_mailed(world: World) {
    let (mut sink, app, account) = mailing(&world).await;
    let key = key_for(&app, &account, "k", 2).await;
    let (dir, text) = world.place_beside(&sink.toml());
    let api = "[apis.clevertap]\npreset = \"clevertap\"\nupstream = \"http://127.0.0.1:9\"\n";
    assert!(text.contains(api));
    let without = restart(&text.replace(api, ""), &dir, &world.app.clock).await;
    for _ in 0..3 {
        world.pass(DAY_MS);
        tell(&without).await;
    }
    let about: Vec<_> = listed(&app, &account).await.into_iter().filter(|one| one.key == Some(key.id)).collect();
    let kinds: Vec<_> = about.iter().rev().map(|notice| notice.kind).collect();
    assert_eq!(kinds, [Kind::KeyCreated, Kind::KeyExpiring, Kind::KeyExpired]);
    let subjects: Vec<_> = sink.mails().await.iter().map(|mail| mail.header("Subject").to_owned()).collect();
    assert!(subjects.iter().all(|subject| !subject.contains("expire")), "{subjects:?}");
    // Configured again, what is new is mailed again.
    let other = key_for(&app, &account, "other", 2).await;
    for _ in 0..2 {
        world.pass(DAY_MS);
        tell(&app).await;
    }
    let mails = sink.mails().await;
    assert!(mails.iter().any(|mail| mail.header("Subject").contains("“other” of Acme has expired")), "{:?}", other.id);
}

async fn what_waits_for_somebody_who_is_suspended_is_not_sent(world: World) {
    let (mut sink, app, account) = mailing(&world).await;
    let bob = joined(&app, &account, "bob", "admin").await;
    tell(&app).await;
    sink.mails().await;
    key_for(&app, &account, "k", 2).await;
    world.pass(DAY_MS);
    // The server takes nothing for now: both mails wait.
    sink.mode("later").await;
    tell(&app).await;
    let waiting = async |person: &str| {
        let filter = outbox::ParcelFilter { state: Some(State::Waiting), ..outbox::ParcelFilter::default() };
        let page = Page { limit: 200, cursor: None };
        let all = outbox::list(&app, Reach::All, filter, page).await.unwrap().items;
        all.iter().filter(|parcel| parcel.target == format!("{person}@example.com")).count()
    };
    assert_eq!((waiting("ada").await, waiting("bob").await), (1, 1));
    let edit = |suspended| PersonEdit { suspended: Some(suspended), ..PersonEdit::default() };
    people::edit(&app, Reach::All, operator(), (account.id, bob), edit(true), None).await.unwrap();
    assert_eq!((waiting("ada").await, waiting("bob").await), (1, 0));
    sink.mode("accept").await;
    let to = async |sink: &mut Sink| {
        world.pass(DAY_MS);
        tell(&app).await;
        let mut to: Vec<_> = sink.mails().await.into_iter().map(|mail| mail.to[0].clone()).collect();
        to.dedup();
        to
    };
    assert_eq!(to(&mut sink).await, ["ada@example.com"], "what waited, and the key's end");
    // Back again, they are told of what is new and of nothing else.
    people::edit(&app, Reach::All, operator(), (account.id, bob), edit(false), None).await.unwrap();
    assert_eq!(to(&mut sink).await, [""; 0]);
    key_for(&app, &account, "new", 1).await;
    let mut told = to(&mut sink).await;
    told.sort();
    told.dedup();
    assert_eq!(told, ["ada@example.com", "bob@example.com"]);
}
