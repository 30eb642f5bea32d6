//! What the gateway notices, and who is told of it.

use keyward_core::expiry::Lifetime;
use keyward_core::key::Environment;
use keyward_core::limit::Per;
use keyward_core::quota::Refill;
use keyward_core::role::Permissions;
use keyward_core::time::{DAY_MS, HOUR_MS};
use keyward_server::accounts::{self, AccountView, NewAccount};
use keyward_server::changes::{Actor, Reach};
use keyward_server::keys::{self, KeyEdit, LimitSpec, NewKey, QuotaSpec};
use keyward_server::notices::{self, Kind, NoticeFilter, Raised, Settings};
use keyward_server::operation::Page;
use keyward_server::people::{self, NewPerson};
use keyward_server::{outbox, signals};

use super::{Gated, is, told};
use crate::support::smtp::Sink;
use crate::support::{new_account, new_key};

const SHOP: &str = "[apis.shop]\nupstream = 'LIVE'\n[apis.shop.limits.default]\nlimit = 20\nwindow = '1h'\n";

async fn of_kind(gated: &Gated, kind: Kind) -> Vec<Raised> {
    let app = &gated.started.app;
    signals::tell_once(app).await.unwrap();
    let filter = NoticeFilter { kinds: vec![kind], ..NoticeFilter::default() };
    let page = Page { limit: 200, cursor: None };
    let mut found = notices::list(app, Reach::All, Permissions::ALL, filter, page).await.unwrap().items;
    found.sort_by_key(|notice| (notice.at, notice.facts["percent"].as_u64(), notice.key.is_none()));
    found
}

fn ask(gated: &Gated, secret: &str) -> (u16, String) {
    told(&gated.send("GET /", &[&format!("Authorization: Bearer {secret}")], ""))
}

async fn percents(gated: &Gated) -> Vec<u64> {
    let all = of_kind(gated, Kind::LimitReached).await;
    all.iter().map(|notice| notice.facts["percent"].as_u64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_is_told_of_once_at_each_part_in_each_window() {
    let gated = Gated::start(SHOP).await;
    let account = gated.started.account("shop", "Acme").await;
    let made = gated.started.key(new_key(&account, "k")).await;
    let secret = made.secret.unwrap().expose().to_owned();
    let mut seen = Vec::new();
    for _ in 0..25 {
        ask(&gated, &secret);
        seen.push(percents(&gated).await.len());
    }
    assert_eq!((seen[14], seen[15], seen[17], seen[18], seen[19], seen[24]), (0, 1, 1, 2, 3, 3));
    let all = of_kind(&gated, Kind::LimitReached).await;
    let last = &all[2];
    assert_eq!((last.key, last.account), (Some(made.key.id), Some(account.id)));
    assert_eq!(
        (&last.facts["limit"], &last.facts["used"], &last.facts["budget"]),
        (&"default".into(), &20.into(), &20.into())
    );
    assert_eq!(last.facts["resets_at"], "2026-03-01T11:00:00Z");
    gated.started.clock.advance(HOUR_MS);
    for _ in 0..20 {
        assert_eq!(ask(&gated, &secret).0, 200);
    }
    assert_eq!(percents(&gated).await, [80, 95, 100, 80, 95, 100], "and in the next window again");
    let settings = Settings { limit_percents: Some(vec![100]), ..Settings::default() };
    notices::set(&gated.started.app, Reach::All, Actor::cli(), account.id, settings, None).await.unwrap();
    gated.started.clock.advance(HOUR_MS);
    for _ in 0..20 {
        ask(&gated, &secret);
    }
    assert_eq!(percents(&gated).await[6..], [100], "as the account wants it");
    gated.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_a_whole_account_is_told_of_without_a_key_and_a_short_one_once_an_hour() {
    let gated = Gated::start(SHOP).await;
    let account = gated.started.account("shop", "Acme").await;
    let short = LimitSpec { name: "default".into(), limit: 2, window_s: Some(60), algorithm: None, per: None };
    let shared = LimitSpec {
        name: "all".into(),
        limit: 4,
        window_s: Some(86_400),
        algorithm: None,
        per: Some(keyward_core::limit::Per::Account),
    };
    let secret = gated.secret(NewKey { limits: vec![short, shared], ..new_key(&account, "k") }).await;
    for _ in 0..4 {
        ask(&gated, &secret);
        ask(&gated, &secret);
        gated.started.clock.advance(60_000);
    }
    let all = of_kind(&gated, Kind::LimitReached).await;
    let brief: Vec<_> =
        all.iter().map(|notice| (notice.facts["limit"].as_str().unwrap(), notice.key.is_some())).collect();
    assert_eq!(brief, [("default", true), ("all", false)]);
    gated.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_tries_many_unknown_keys_is_told_of_once() {
    let gated = Gated::start(SHOP).await;
    let account = gated.started.account("shop", "Acme").await;
    let secret = gated.secret(new_key(&account, "k")).await;
    let wrong = format!("{}x", &secret[..secret.len() - 1]);
    for count in 1..=150 {
        assert_eq!(ask(&gated, &wrong), is(401, "invalid_credentials"));
        if count == 99 {
            assert_eq!(of_kind(&gated, Kind::UnknownKeys).await, []);
        }
    }
    let all = of_kind(&gated, Kind::UnknownKeys).await;
    let [only] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((only.account, only.key), (None, None), "it concerns who runs the deployment");
    assert_eq!(only.facts, serde_json::json!({ "api": "shop", "address": "127.0.0.1", "count": 100, "minutes": 5 }));
    gated.started.clock.advance(HOUR_MS);
    for _ in 0..99 {
        ask(&gated, &wrong);
    }
    assert_eq!(of_kind(&gated, Kind::UnknownKeys).await.len(), 1, "few are nothing unusual");
    ask(&gated, &wrong);
    assert_eq!(of_kind(&gated, Kind::UnknownKeys).await.len(), 2);
    gated.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_that_is_still_used_is_told_of_once_a_day() {
    let gated = Gated::start(SHOP).await;
    let account = gated.started.account("shop", "Acme").await;
    let made = gated.started.key(new_key(&account, "k")).await;
    let secret = made.secret.unwrap().expose().to_owned();
    keys::revoke(&gated.started.app, Reach::All, Actor::cli(), made.key.id).await.unwrap();
    for day in 1..=2 {
        for _ in 0..5 {
            assert_eq!(ask(&gated, &secret), is(401, "key_revoked"));
        }
        let all = of_kind(&gated, Kind::RevokedKeyUsed).await;
        assert_eq!(all.len(), day);
        assert_eq!((all[0].key, &all[0].facts["address"]), (Some(made.key.id), &"127.0.0.1".into()));
        gated.started.clock.advance(DAY_MS);
    }
    gated.running.stop().await;
}

async fn in1(gated: &Gated) -> AccountView {
    let new = NewAccount { region: Some("in1".into()), ..new_account("clevertap", "Acme") };
    accounts::create(&gated.started.app, Reach::All, Actor::cli(), new, None).await.unwrap().account
}

/// An admin of the account, whose address is `ada@example.com`.
async fn admin(gated: &Gated, account: &AccountView) {
    let app = &gated.started.app;
    let (name, email, role) = ("Ada".into(), Some("ada@example.com".into()), Some("admin".into()));
    let made =
        people::create(app, Reach::All, Actor::cli(), NewPerson { account: account.id, name, email, role }, None);
    let token = made.await.unwrap().invitation.unwrap().token;
    let password = keyward_core::secret::Secret::new("seven purple tractors".into());
    people::accept(app, None, None, token, None, password).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_r28_r30_a_passcode_nears_its_end_ends_and_says_so() {
    let mut sink = Sink::start().await;
    let api = "[apis.clevertap]\npreset = 'clevertap'\nupstream = 'LIVE'\n";
    let gated = Gated::start(&format!("{}{api}", sink.toml())).await;
    let account = in1(&gated).await;
    admin(&gated, &account).await;
    let new = NewKey { lifetime: Lifetime::Days(8), environment: Environment::Live, ..new_key(&account, "Partner") };
    let secret = gated.secret(new).await;
    let headers = [format!("X-CleverTap-Account-Id: {}", account.public_id), format!("X-CleverTap-Passcode: {secret}")];
    let host = "Host: in1.api.clevertap.com";
    let call = || {
        let mut client = gated.connect();
        client.send(&format!("GET /1/profile.json HTTP/1.1\r\n{host}\r\n{}\r\n{}", headers[0], headers[1]), "")
    };
    let app = &gated.started.app;
    let pass = async |days: i64| {
        gated.started.clock.advance(days * DAY_MS);
        while keys::remind_once(app).await.unwrap() > 0 {}
        while outbox::work_once(app).await.unwrap() > 0 {}
    };
    let mut subjects = Vec::new();
    for (days, status) in [(0, 200), (1, 200), (6, 200), (1, 401), (30, 401)] {
        pass(days).await;
        let reply = call();
        assert_eq!(reply.status, status, "after {days} more days: {}", reply.body);
        if status == 401 {
            assert!(reply.body.contains("expired"), "the right secret is told why: {}", reply.body);
        }
        let about = sink.mails().await.into_iter().map(|mail| mail.header("Subject").to_owned());
        subjects.extend(about.filter(|subject| subject.contains("expire")));
    }
    gated.running.stop().await;
    subjects.extend(
        sink.mails().await.into_iter().map(|mail| mail.header("Subject").to_owned()).filter(|s| s.contains("expire")),
    );
    let soon = "Passcode “Partner” of Acme expires on Monday, 9 March 2026";
    assert_eq!(subjects, [soon, soon, "Passcode “Partner” of Acme has expired"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_was_leapt_over_is_told_of() {
    let gated = Gated::start(SHOP).await;
    let account = gated.started.account("shop", "Acme").await;
    let settings = Settings { limit_percents: Some(vec![80]), ..Settings::default() };
    notices::set(&gated.started.app, Reach::All, Actor::cli(), account.id, settings, None).await.unwrap();
    let four = LimitSpec { name: "default".into(), limit: 4, window_s: None, algorithm: None, per: None };
    let secret = gated.secret(NewKey { limits: vec![four], ..new_key(&account, "k") }).await;
    for _ in 0..6 {
        ask(&gated, &secret);
    }
    assert_eq!(percents(&gated).await, [80], "three of four are less, four of four are more");
    gated.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r72_a_key_sent_over_plain_http_is_told_of_where_that_is_refused() {
    let gated = Gated::start("[apis.shop]\nupstream = 'LIVE'\nrequire_https = true\n").await;
    let account = gated.started.account("shop", "Acme").await;
    let secret = gated.secret(new_key(&account, "k")).await;
    for _ in 0..3 {
        assert_eq!(ask(&gated, &secret), is(403, "https_required"));
    }
    let all = of_kind(&gated, Kind::KeyExposed).await;
    let [only] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((only.account, &only.facts["how"]), (Some(account.id), &"plain_http".into()));
    gated.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lifetime_budget_that_is_raised_is_told_of_anew() {
    let gated = Gated::start("[apis.shop]\nupstream = 'LIVE'\n").await;
    let account = gated.started.account("shop", "Acme").await;
    let total = |budget| QuotaSpec { name: "total".into(), budget, refill: Refill::Never, per: Per::Key };
    let made = gated.started.key(NewKey { quotas: vec![total(5)], ..new_key(&account, "k") }).await;
    let secret = made.secret.unwrap().expose().to_owned();
    for count in 0..7 {
        assert_eq!(ask(&gated, &secret).0, if count < 5 { 200 } else { 403 });
    }
    let brief = async || {
        let all = of_kind(&gated, Kind::LimitReached).await;
        assert!(all.iter().all(|notice| notice.facts["resets_at"].is_null()), "it is never whole again");
        let number = |notice: &Raised, name: &str| notice.facts[name].as_u64().unwrap();
        let mut brief: Vec<_> = all.iter().map(|notice| (number(notice, "budget"), number(notice, "used"))).collect();
        brief.sort_unstable();
        brief
    };
    assert_eq!(brief().await, [(5, 4), (5, 5)]);
    let raised = KeyEdit { quotas: Some(vec![total(10)]), ..KeyEdit::default() };
    keys::edit(&gated.started.app, Reach::All, Actor::cli(), made.key.id, raised, None).await.unwrap();
    for count in 5..12 {
        assert_eq!(ask(&gated, &secret).0, if count < 10 { 200 } else { 403 });
    }
    assert_eq!(brief().await, [(5, 4), (5, 5), (10, 8), (10, 10)]);
    gated.running.stop().await;
}
