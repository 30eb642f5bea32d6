//! What is counted of known records, once, whatever breaks on the way.

use std::collections::BTreeMap;

use keyward_core::ids::KeyId;
use keyward_core::key::Environment;
use keyward_core::time::{DAY_MS, HOUR_MS, MINUTE_MS, UnixMs};
use keyward_server::accounts::{self, AccountView};
use keyward_server::app::App;
use keyward_server::changes::Reach;
use keyward_server::db::Db;
use keyward_server::keys::{self, KeyEdit, KeyView};
use keyward_server::logs::{Cause, Incarnation, Record, Source};
use keyward_server::operation::OpError;
use keyward_server::usage::{self, Asked, AskedSpan, By, Only, Sum};

use super::world::{World, operator, outcome};
use crate::support::new_key;
use crate::support::store::{USAGE_FAILPOINT, USAGE_FAILPOINT_OVER};

on_both! {
    r76_r77_known_traffic_gives_exact_counts_and_rates_and_percentiles_within_two_per_cent
    a_batch_counts_once_however_often_it_comes
    a_kill_while_counts_are_stored_neither_loses_nor_doubles
    a_commit_that_nobody_heard_of_is_not_repeated
    a_missing_batch_is_an_error_and_is_not_skipped
    minutes_go_before_hours_and_are_not_missed_silently
    r5_r76_r91_the_busiest_are_told_by_the_names_they_have_now
    an_account_sees_its_own_usage_only
    who_called_a_key_is_known_by_address_program_and_route
    an_account_that_is_deleted_leaves_no_usage
}

const RUN: Incarnation = Incarnation(7);

/// Records of a program that calls with some keys: every outcome, both environments, three hours.
pub(super) fn traffic(app: &App, keys: &[KeyView], count: usize) -> Vec<Record> {
    let (mut seed, mut records) = (1_u64, Vec::new());
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for nth in 0..count {
        let key = &keys[nth % keys.len()];
        let at = UnixMs(app.clock.now().0 - 3 * HOUR_MS + (nth as i64 * 3 * HOUR_MS) / count as i64);
        let mut record = record(app, key, at, ["/orders", "/orders/{id}", ""][random(3) as usize]);
        (record.status, record.code, record.cause) = match random(10) {
            0 => (429, Some("rate_limited"), None),
            1 => (403, Some("ip_not_allowed"), None),
            2 => (404, None, None),
            3 => (502, None, None),
            _ => (200, None, None),
        };
        record.total_us = (random(30_000) + 40) as u32;
        (record.cost, record.bytes_in, record.bytes_out) = (1 + random(3) as u32, random(100), random(5_000));
        records.push(record);
    }
    records
}

pub(super) fn record(app: &App, key: &KeyView, at: UnixMs, route: &str) -> Record {
    let mut record = Record::new(at, Source::Gateway);
    (record.account, record.key, record.environment) = (Some(key.account), Some(key.id), Some(key.environment));
    (record.api, record.route) = (app.logs.names().name(&key.api), app.logs.names().name(route));
    (record.status, record.total_us) = (200, 1_000);
    record.address = Some([192, 0, 2, 7].into());
    record.set_texts("/orders/1", "curl/8", "id");
    record
}

/// Gives another process the names that these records are made of, as its own log would.
fn told_names(from: &App, to: &App, records: &[Record]) {
    for record in records {
        assert_eq!(to.logs.names().name(from.logs.names().text(record.route)), record.route);
    }
}

pub(super) async fn absorb(app: &App, batches: &[&[Record]]) {
    for (seq, batch) in (1..).zip(batches) {
        usage::absorb(app, RUN, seq, batch).await.unwrap();
    }
}

pub(super) async fn keys(world: &World, account: &AccountView, count: usize) -> Vec<KeyView> {
    let mut all = Vec::new();
    for nth in 0..count {
        all.push(world.make(new_key(account, &format!("key {nth}"))).await.unwrap().key);
    }
    all
}

/// All of the last day.
pub(super) async fn total(app: &App, asked: Asked) -> Sum {
    usage::series(app, Reach::All, asked).await.unwrap().total
}

pub(super) fn of_account(account: &AccountView) -> Asked {
    Asked { account: Some(account.id), ..Asked::default() }
}

pub(super) fn of_key(key: KeyId) -> Asked {
    Asked { key: Some(key), ..Asked::default() }
}

fn word(record: &Record) -> String {
    match (record.code, record.status) {
        (Some(code), _) => code.into(),
        (None, 404) => "client_error".into(),
        (None, 502) => "server_error".into(),
        (None, _) => "ok".into(),
    }
}

/// Checks a sum against the records themselves.
pub(super) fn is_exact<'a>(sum: &Sum, records: impl Iterator<Item = &'a Record>, is_carried: bool) {
    let records: Vec<&Record> = records.collect();
    let mut outcomes = BTreeMap::<String, u64>::new();
    for record in &records {
        *outcomes.entry(word(record)).or_default() += 1;
    }
    assert_eq!((sum.requests, &sum.outcomes), (records.len() as u64, &outcomes));
    let ok = outcomes.get("ok").copied().unwrap_or(0);
    assert_eq!(sum.success_rate(), (!records.is_empty()).then(|| ok as f64 / records.len() as f64));
    if is_carried && !records.is_empty() {
        let carried = sum.carried.unwrap();
        let all = |of: fn(&Record) -> u64| records.iter().map(|record| of(record)).sum::<u64>();
        assert_eq!(carried.cost, all(|record| u64::from(record.cost)));
        assert_eq!(
            (carried.bytes_in, carried.bytes_out),
            (all(|record| record.bytes_in), all(|record| record.bytes_out))
        );
    }
}

/// Checks percentiles against the records themselves.
pub(super) fn is_within_two_per_cent<'a>(sum: &Sum, records: impl Iterator<Item = &'a Record>) {
    let mut took: Vec<u32> = records.filter(|record| record.code.is_none()).map(|record| record.total_us).collect();
    took.sort_unstable();
    for share in [0.5, 0.95, 0.99] {
        let exact_ms = f64::from(took[(took.len() as f64 * share).ceil() as usize - 1]) / 1_000.0;
        let told_ms = sum.times.quantile_ms(share).unwrap();
        assert!((told_ms - exact_ms).abs() <= 0.02 * exact_ms, "{share}: {told_ms} for {exact_ms}");
    }
    let mean_ms = took.iter().map(|us| f64::from(*us)).sum::<f64>() / took.len() as f64 / 1_000.0;
    assert!((sum.times.mean_ms().unwrap() - mean_ms).abs() < 1e-9);
}

async fn r76_r77_known_traffic_gives_exact_counts_and_rates_and_percentiles_within_two_per_cent(world: World) {
    let (account, other) = (world.account("shop").await, world.account("shop").await);
    let mut all = keys(&world, &account, 3).await;
    all.push(world.make(new_key(&other, "elsewhere")).await.unwrap().key);
    let records = traffic(&world.app, &all, 2_000);
    absorb(&world.app, &[&records[..700], &records[700..701], &[], &records[701..]]).await;

    let own = || records.iter().filter(|record| record.account == Some(account.id));
    let sum = total(&world.app, of_account(&account)).await;
    is_exact(&sum, own(), true);
    is_within_two_per_cent(&sum, own());
    let api = Asked { api: Some("shop".into()), ..Asked::default() };
    let sum = total(&world.app, api.clone()).await;
    is_exact(&sum, records.iter(), true);
    is_within_two_per_cent(&sum, records.iter());
    for route in ["/orders", ""] {
        let name = world.app.logs.names().name(route);
        let on = || records.iter().filter(|record| record.route == name);
        let asked = Asked { route: Some(route.into()), ..api.clone() };
        is_exact(&total(&world.app, asked).await, on(), true);
        let days = AskedSpan { step_s: Some(86_400), ..AskedSpan::default() };
        let asked = Asked { route: Some(route.into()), span: days, ..of_account(&account) };
        is_exact(&total(&world.app, asked).await, on().filter(|record| record.account == Some(account.id)), true);
    }
    let key = &all[1];
    let of = || records.iter().filter(|record| record.key == Some(key.id));
    let sum = total(&world.app, of_key(key.id)).await;
    is_exact(&sum, of(), false);
    is_within_two_per_cent(&sum, of());
    let only = Only { environment: Some(Environment::Test), outcome: None };
    assert_eq!(total(&world.app, Asked { only: only.clone(), ..of_key(key.id) }).await.requests, 0);
    assert_eq!(total(&world.app, Asked { only, ..api }).await.requests, 0);
    for step_s in [60, 420, 3_600, 7_200, 86_400] {
        let span = AskedSpan { step_s: Some(step_s), ..AskedSpan::default() };
        let series = usage::series(&world.app, Reach::All, Asked { span, ..of_account(&account) }).await.unwrap();
        for (step, sum) in series.steps.iter().enumerate() {
            let (from, to) = (series.span.at(step), series.span.at(step + 1));
            is_exact(sum, own().filter(|record| record.at >= from && record.at < to), true);
        }
    }
    let rate_limited = Only { environment: None, outcome: Some("rate_limited".into()) };
    let sum = total(&world.app, Asked { only: rate_limited, ..of_account(&account) }).await;
    assert_eq!(sum.requests as usize, own().filter(|record| record.code == Some("rate_limited")).count());
}

async fn a_batch_counts_once_however_often_it_comes(world: World) {
    let account = world.account("shop").await;
    let all = keys(&world, &account, 2).await;
    let records = traffic(&world.app, &all, 100);
    absorb(&world.app, &[&records, &records]).await;
    absorb(&world.app, &[&records, &records]).await;
    assert_eq!((usage::absorbed(&world.app, RUN).await.unwrap(), usage::stored(&world.app, RUN)), (0, 0));
    usage::settle(&world.app).await.unwrap();
    absorb(&world.app, &[&records, &records]).await;
    assert_eq!((usage::absorbed(&world.app, RUN).await.unwrap(), usage::stored(&world.app, RUN)), (2, 2));
    // The next start replays what it has.
    let next = world.beside().await;
    told_names(&world.app, &next, &records);
    absorb(&next, &[&records, &records, &records]).await;
    for app in [&next, &world.app] {
        assert_eq!(total(app, of_account(&account)).await.requests, 300);
    }
    usage::absorb(&next, Incarnation(8), 1, &records).await.unwrap();
    assert_eq!(total(&next, of_account(&account)).await.requests, 400);
}

async fn a_kill_while_counts_are_stored_neither_loses_nor_doubles(world: World) {
    let account = world.account("shop").await;
    let all = keys(&world, &account, 290).await;
    let records = traffic(&world.app, &all, 2_900);
    let engine = usize::from(matches!(world.app.db, Db::Postgres(_)));
    let batches = [&records[..1_000], &records[1_000..2_000], &records[2_000..]];
    absorb(&world.app, &batches).await;
    world.execute(USAGE_FAILPOINT[engine]).await;
    usage::settle(&world.app).await.unwrap_err();
    assert_eq!(usage::absorbed(&world.app, RUN).await.unwrap(), 0);
    // What comes meanwhile waits behind it.
    usage::absorb(&world.app, RUN, 4, &records[..10]).await.unwrap();
    usage::settle(&world.app).await.unwrap_err();
    assert_eq!(usage::stored(&world.app, RUN), 0, "the log must keep all of it");
    world.execute(USAGE_FAILPOINT_OVER[engine]).await;

    // The process is killed here; the next one has the log only, and what it counts first is cut elsewhere.
    let next = world.beside().await;
    told_names(&world.app, &next, &records);
    absorb(&next, &[batches[0], batches[1], batches[2], &records[..10], &records[10..30]]).await;
    usage::settle(&next).await.unwrap();
    assert_eq!(usage::absorbed(&next, RUN).await.unwrap(), 5);
    let counted = || records.iter().chain(&records[..30]);
    is_exact(&total(&next, of_account(&account)).await, counted(), true);
    for key in [&all[0], &all[150], &all[289]] {
        is_exact(&total(&next, of_key(key.id)).await, counted().filter(|record| record.key == Some(key.id)), false);
    }
    let minutes = AskedSpan { step_s: Some(60), ..AskedSpan::default() };
    is_exact(&total(&next, Asked { span: minutes, ..of_account(&account) }).await, counted(), true);
}

async fn a_commit_that_nobody_heard_of_is_not_repeated(world: World) {
    let account = world.account("shop").await;
    let all = keys(&world, &account, 1).await;
    let records = traffic(&world.app, &all, 50);
    let twin = world.beside().await;
    told_names(&world.app, &twin, &records);
    // Both have counted the same batches; one stores them, and the other does not hear of it.
    absorb(&twin, &[&records, &records]).await;
    absorb(&world.app, &[&records, &records]).await;
    usage::settle(&twin).await.unwrap();
    usage::settle(&world.app).await.unwrap();
    assert_eq!(total(&world.app, of_account(&account)).await.requests, 100);
    // Whoever finds that somebody else went on says so instead of counting.
    usage::absorb(&twin, RUN, 3, &records).await.unwrap();
    usage::settle(&twin).await.unwrap();
    usage::absorb(&world.app, RUN, 3, &records).await.unwrap();
    usage::absorb(&world.app, RUN, 4, &records).await.unwrap();
    usage::settle(&world.app).await.unwrap_err();
    assert_eq!(total(&twin, of_account(&account)).await.requests, 150);
}

async fn a_missing_batch_is_an_error_and_is_not_skipped(world: World) {
    let account = world.account("shop").await;
    let all = keys(&world, &account, 1).await;
    let records = traffic(&world.app, &all, 10);
    usage::absorb(&world.app, RUN, 2, &records).await.unwrap_err();
    usage::absorb(&world.app, RUN, 1, &records).await.unwrap();
    usage::absorb(&world.app, RUN, 3, &records).await.unwrap_err();
    assert_eq!(total(&world.app, of_account(&account)).await.requests, 10);
}

async fn minutes_go_before_hours_and_are_not_missed_silently(world: World) {
    let account = world.account("shop").await;
    let all = keys(&world, &account, 1).await;
    let begin = world.now();
    let records = traffic(&world.app, &all, 200);
    absorb(&world.app, &[&records]).await;
    usage::settle(&world.app).await.unwrap();
    let asked = |step_s: u32| {
        let span = AskedSpan { from: Some(begin.plus(-4 * HOUR_MS)), to: Some(begin), step_s: Some(step_s) };
        Asked { span, ..of_account(&account) }
    };
    assert_eq!(total(&world.app, asked(300)).await.requests, 200);
    world.pass(4 * DAY_MS);
    world.app.save().await.unwrap();
    let refused = usage::series(&world.app, Reach::All, asked(300)).await;
    assert_eq!(outcome(&refused), "/step_s");
    assert_eq!(total(&world.app, asked(3_600)).await.requests, 200);
    world.pass(100 * DAY_MS);
    world.app.save().await.unwrap();
    assert_eq!(outcome(&usage::series(&world.app, Reach::All, asked(3_600)).await), "/step_s");
    assert_eq!(total(&world.app, asked(86_400)).await.requests, 200);
    let lives = usage::callers(&world.app, Reach::All, all[0].id, 100).await.unwrap().0;
    assert_eq!(lives.requests, 0, "days of keys are kept for a while");
}

async fn r5_r76_r91_the_busiest_are_told_by_the_names_they_have_now(world: World) {
    let account = world.account("shop").await;
    let all = keys(&world, &account, 3).await;
    let mut records = traffic(&world.app, &all[..1], 5);
    records.extend(traffic(&world.app, &all[2..], 9));
    absorb(&world.app, &[&records]).await;
    let top = |by: By, limit: u32| usage::top(&world.app, Reach::All, of_account(&account), by, limit);
    let busiest = top(By::Key, 10).await.unwrap();
    let told: Vec<_> = busiest.items.iter().map(|item| (item.name.clone(), item.requests)).collect();
    assert_eq!(told, [(all[2].id.to_string(), 9), (all[0].id.to_string(), 5)]);
    let refused = records.iter().filter(|record| record.code.is_some()).count();
    assert_eq!(busiest.items.iter().map(|item| item.refused).sum::<u64>() as usize, refused);
    let routes = top(By::Route, 1).await.unwrap();
    assert_eq!(routes.items[0].requests + routes.other, 14);
    let addresses = top(By::Address, 10).await.unwrap();
    assert_eq!((addresses.items[0].name.as_str(), addresses.items[0].requests), ("192.0.2.7", 14));
    let accounts = usage::top(&world.app, Reach::All, Asked::default(), By::Account, 10).await.unwrap();
    assert_eq!((accounts.items[0].name.clone(), accounts.items[0].requests), (account.id.to_string(), 14));
    assert_eq!(outcome(&top(By::Key, 0).await), "/limit");
}

async fn an_account_sees_its_own_usage_only(world: World) {
    let (own, other) = (world.account("shop").await, world.account("shop").await);
    let (mine, theirs) = (keys(&world, &own, 1).await, keys(&world, &other, 1).await);
    let mut records = traffic(&world.app, &mine, 4);
    records.extend(traffic(&world.app, &theirs, 6));
    absorb(&world.app, &[&records]).await;
    let reach = Reach::Account(own.id);
    let seen = usage::series(&world.app, reach, Asked::default()).await.unwrap();
    assert_eq!(seen.total.requests, 4);
    for asked in [of_account(&other), of_key(theirs[0].id)] {
        assert_eq!(outcome(&usage::series(&world.app, reach, asked).await), "not_found");
    }
    let both = vec![mine[0].id, theirs[0].id];
    let (_, items, _) = usage::of_keys(&world.app, reach, both.clone(), AskedSpan::default()).await.unwrap();
    assert_eq!(items.iter().map(|item| item.key).collect::<Vec<_>>(), [mine[0].id]);
    assert_eq!(items[0].requests.iter().sum::<u64>(), 4);
    let (_, items, _) = usage::of_keys(&world.app, Reach::All, both, AskedSpan::default()).await.unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(outcome(&usage::callers(&world.app, reach, theirs[0].id, 30).await), "not_found");
    let top = usage::top(&world.app, reach, Asked::default(), By::Key, 10).await.unwrap();
    assert_eq!(top.items.iter().map(|item| item.name.clone()).collect::<Vec<_>>(), [mine[0].id.to_string()]);
    let accounts = usage::top(&world.app, reach, Asked::default(), By::Account, 10).await;
    assert!(matches!(accounts, Err(OpError::Forbidden { .. })));
    let elsewhere = Asked { api: Some("codat".into()), ..of_account(&own) };
    assert_eq!(outcome(&usage::series(&world.app, Reach::All, elsewhere).await), "/api");
}

async fn who_called_a_key_is_known_by_address_program_and_route(world: World) {
    let account = world.account("shop").await;
    let key = keys(&world, &account, 1).await.remove(0);
    let now = world.now();
    let mut records = Vec::new();
    for (nth, (address, agent)) in [(7, "curl/8"), (7, "curl/8"), (9, "batch job"), (9, "")].into_iter().enumerate() {
        let mut record = record(&world.app, &key, now.plus(-(nth as i64) * MINUTE_MS), "/orders");
        record.address = Some([192, 0, 2, address].into());
        record.set_texts("/orders", agent, "id");
        if nth == 3 {
            (record.status, record.code, record.cause) = (401, Some("key_revoked"), None);
        }
        records.push(record);
    }
    let mut deleted = record(&world.app, &key, now, "/orders");
    (deleted.status, deleted.code, deleted.cause) = (401, Some("invalid_credentials"), Some(Cause::Deleted));
    records.push(deleted);
    absorb(&world.app, &[&records]).await;
    let (life, whole) = usage::callers(&world.app, Reach::All, key.id, 30).await.unwrap();
    assert_eq!((life.requests, life.refused, whole.lost), (5, 2, vec![]));
    assert_eq!((life.first_used_at, life.last_used_at), (Some(now.plus(-2 * MINUTE_MS)), Some(now)));
    let told = |met: &usage::Met| met.items.iter().map(|one| (one.name.clone(), one.requests)).collect::<Vec<_>>();
    assert_eq!(told(&life.addresses), [("192.0.2.7".into(), 3), ("192.0.2.9".into(), 2)]);
    assert_eq!(told(&life.agents), [("curl/8".into(), 3), (String::new(), 1), ("batch job".into(), 1)]);
    assert_eq!(told(&life.routes), [("/orders".into(), 5)]);
    let gone = life.outcomes.iter().find(|one| one.name == "invalid_credentials.deleted").unwrap();
    assert_eq!((gone.requests, gone.refused, gone.last_at), (1, 1, Some(now)));
    assert_eq!(outcome(&usage::callers(&world.app, Reach::All, key.id, 0).await), "/days");
    let renamed = KeyEdit { name: Some(Some("renamed".into())), ..KeyEdit::default() };
    keys::edit(&world.app, Reach::All, operator(), key.id, renamed, None).await.unwrap();
    assert_eq!(usage::callers(&world.app, Reach::All, key.id, 30).await.unwrap().0.requests, 5);
}

async fn an_account_that_is_deleted_leaves_no_usage(world: World) {
    let account = world.account("shop").await;
    let all = keys(&world, &account, 1).await;
    absorb(&world.app, &[&traffic(&world.app, &all, 20)]).await;
    usage::settle(&world.app).await.unwrap();
    accounts::delete(&world.app, Reach::All, operator(), account.id).await.unwrap();
    let dump = world.dump().await;
    for table in ["usage_bucket", "usage_key"] {
        let rows = &dump.iter().find(|(name, _)| name == table).unwrap().1;
        assert!(!rows.contains(&account.id.to_string()), "{table}: {rows}");
    }
    let api = Asked { api: Some("shop".into()), ..Asked::default() };
    assert_eq!(total(&world.app, api).await.requests, 20, "the API's own counts stay");
}
