//! `/v1/usage`, `/v1/keys/{key_id}/callers`, `/v1/accounts/{account_id}/hygiene` and `/v1/live`.

use keyward_core::expiry::Lifetime;
use keyward_core::key::Environment;
use keyward_core::time::MINUTE_MS;
use keyward_server::changes::{Actor, Reach};
use keyward_server::limits::Holder;
use keyward_server::logs::{Incarnation, Record, Source};
use keyward_server::management::{self, NewManagementKey};
use keyward_server::usage;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Control, masked};
use crate::support::new_key;
use crate::support::served::serve;

/// Records of a key of ClickyID: three that went well, one that failed upstream, one that was refused.
async fn count(control: &Control, account: &str, key: &str) {
    let app = &control.started.app;
    let names = app.logs.names();
    let record = |nth: i64, status: u16, code: Option<&'static str>| {
        let mut record = Record::new(app.clock.now().plus(-nth * MINUTE_MS), Source::Gateway);
        (record.account, record.key) = (account.parse().ok(), key.parse().ok());
        record.environment = Some(Environment::Live);
        (record.api, record.route) = (names.name("clickyid"), names.name("/validate/offer"));
        (record.status, record.code, record.cost, record.total_us) = (status, code, 1, 20_000);
        (record.bytes_in, record.bytes_out, record.address) = (10, 100, Some([192, 0, 2, 7].into()));
        record.set_texts("/validate/offer", "curl/8", "id");
        record
    };
    let records = [
        record(1, 200, None),
        record(1, 200, None),
        record(2, 200, None),
        record(2, 503, None),
        record(3, 429, Some("rate_limited")),
    ];
    let run = Incarnation(account.bytes().map(u64::from).sum());
    usage::absorb(app, run, 1, &records).await.unwrap();
}

async fn counted(control: &Control) -> (String, String) {
    let account = control.account("clickyid", "Acme").await;
    let key = control.key(&account, "server").await.text_of("id");
    count(control, &account, &key).await;
    (account, key)
}

#[tokio::test]
async fn r76_r77_counts_rates_and_times_are_told_per_account_and_per_key() {
    let control = Control::start().await;
    let (account, key) = counted(&control).await;
    let usage = control.get(&format!("/v1/usage?account_id={account}&step_s=86400")).await.is(200).body;
    let sum = json!({
        "requests": 5, "ok": 3, "success_rate": 0.6,
        "outcomes": { "ok": 3, "rate_limited": 1, "server_error": 1 },
        "cost": 5, "bytes_in": 50, "bytes_out": 500,
        "mean_ms": 20.0, "p50_ms": 20.224, "p95_ms": 20.224, "p99_ms": 20.224,
    });
    let mut point = sum.clone();
    point["at"] = "2026-03-01T00:00:00Z".into();
    let expected = json!({
        "from": "2026-02-28T00:00:00Z", "to": "2026-03-02T00:00:00Z", "step_s": 86_400,
        "as_of": "2026-03-01T10:15:00Z", "complete": true, "lost": [], "total": sum, "points": [point],
    });
    assert_eq!(usage, expected);
    let usage = control.get(&format!("/v1/usage?key_id={key}&step_s=86400&outcome=ok")).await.is(200).body;
    assert_eq!((&usage["total"]["requests"], &usage["total"]["cost"]), (&json!(3), &Value::Null));
    let usage = control.get("/v1/usage?api=clickyid&route=%2Fvalidate%2Foffer&environment=live&step_s=60").await.body;
    assert_eq!((usage["points"].as_array().map(Vec::len), &usage["total"]["requests"]), (Some(3), &json!(5)));
    let keys = control.get(&format!("/v1/usage/keys?key_ids={key}&step_s=3600")).await.is(200).body;
    let told = &keys["items"][0];
    assert_eq!((&told["total"], told["requests"].as_array().map(Vec::len)), (&json!(5), Some(25)));
    assert_eq!(told["refused"].as_array().unwrap().last(), Some(&json!(1)));
    assert_eq!(told["last_used_at"], "2026-03-01T10:14:00Z");
    let top = control.get(&format!("/v1/usage/top?by=key&account_id={account}")).await.is(200).body;
    let item = masked(&top["items"][0], &["/name"]);
    assert_eq!(item, json!({ "name": "…", "title": "server", "requests": 5, "refused": 1, "last_at": null }));
}

#[tokio::test]
async fn what_can_t_be_answered_is_refused_by_name() {
    let control = Control::start().await;
    let (account, key) = counted(&control).await;
    for (query, parameter) in [
        ("step_s=90", "step_s"),
        ("from=yesterday", "from"),
        ("from=2026-03-02T00:00:00Z", "from"),
        ("from=2020-01-01T00:00:00Z&step_s=60", "step_s"),
        ("account_id=acct_1", "account_id"),
        ("colour=red", "colour"),
        ("environment=moon", "environment"),
        (&format!("account_id={account}&api=codat"), "api"),
        (&format!("account_id={account}&route=/x&step_s=3600"), "step_s"),
        (&format!("key_id={key}&route=/x"), "route"),
        (&format!("key_id={key}&step_s=60"), "step_s"),
    ] {
        let answer = control.get(&format!("/v1/usage?{query}")).await.is(400);
        assert_eq!(answer.parameter(), parameter, "{query}: {}", answer.text);
    }
    for (path, parameter) in [
        ("/v1/usage/top?by=moon", "by"),
        ("/v1/usage/top?by=key&limit=0", "limit"),
        ("/v1/usage/top?by=address", "account_id"),
        ("/v1/usage/keys?key_ids=key_1", "key_ids"),
        ("/v1/usage/keys?key_ids=", "key_ids"),
        (&format!("/v1/keys/{key}/callers?days=0"), "days"),
        (&format!("/v1/accounts/{account}/hygiene?idle_days=0"), "idle_days"),
        ("/v1/live?api=moon", "api"),
    ] {
        let answer = control.get(path).await.is(400);
        assert_eq!(answer.parameter(), parameter, "{path}: {}", answer.text);
    }
}

#[tokio::test]
async fn r73_hygiene_and_callers_are_told_as_far_as_the_caller_may_see() {
    let control = Control::start().await;
    let (account, key) = counted(&control).await;
    let callers = control.get(&format!("/v1/keys/{key}/callers")).await.is(200).body;
    assert_eq!((&callers["requests"], &callers["refused"]), (&json!(5), &json!(1)));
    assert_eq!(callers["addresses"]["items"][0]["name"], "192.0.2.7");
    assert_eq!(callers["agents"]["items"][0]["name"], "curl/8");
    assert_eq!(
        callers["routes"],
        json!({ "other": 0, "items": [{
        "name": "/validate/offer", "title": null, "requests": 5, "refused": 1, "last_at": "2026-03-01T10:14:00Z",
    }] })
    );
    let id = account.parse().unwrap();
    let viewer = control.key_that_may(Some(id), Some(&["usage.read", "keys.read"])).await;
    let by_viewer = async |path: &str| control.by(&viewer, Method::GET, path, None).await;
    let top = by_viewer(&format!("/v1/usage/top?by=address&account_id={account}")).await.is(403);
    assert_eq!(top.body["code"], "permission_denied");
    by_viewer("/v1/usage/top?by=route").await.is(200);
    control.post(&format!("/v1/keys/{key}/revoke"), json!({})).await;
    let hygiene = by_viewer(&format!("/v1/accounts/{account}/hygiene")).await.is(200).body;
    assert_eq!((&hygiene["idle_days"], &hygiene["keys"], &hygiene["arriving"]), (&json!(90), &json!([]), &json!([])));
    let other = control.key(&account, "other").await.text_of("id");
    let hygiene = by_viewer(&format!("/v1/accounts/{account}/hygiene")).await.is(200).body;
    assert_eq!((&hygiene["keys"][0]["key_id"], &hygiene["keys"][0]["no_addresses"]), (&json!(other), &json!(true)));
    let refused = control.post(&format!("/v1/keys/{other}/shrink?dry_run=true"), json!({})).await.is(409);
    assert_eq!(refused.body["code"], "never_used");
}

/// A stream of events, read one at a time.
struct Events {
    response: reqwest::Response,
    text: String,
}

impl Events {
    async fn open(control: &Control, key: &str, path: &str) -> Self {
        let url = format!("{}{path}", control.base);
        let response = reqwest::Client::new().get(url).bearer_auth(key).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next event's name and data; `None` at the end.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (name, data) = event.split_once('\n').unwrap();
                let name = name.strip_prefix("event: ").unwrap().to_owned();
                let data = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
                let rest = rest.to_owned();
                self.text = rest;
                return Some((name, data));
            }
            let piece = self.response.chunk().await.unwrap()?;
            self.text.push_str(std::str::from_utf8(&piece).unwrap());
        }
    }
}

#[tokio::test]
async fn r78_what_is_left_of_a_limit_is_told_live_as_the_headers_tell_it() {
    let control = Control::start().await;
    let (account, key) = counted(&control).await;
    let app = &control.started.app;
    let mut events = Events::open(&control, &control.operator, &format!("/v1/live?key_id={key}")).await;
    let (name, tick) = events.next().await.unwrap();
    assert_eq!((name.as_str(), &tick["requests"], &tick["keys"][0]["name"]), ("tick", &json!(0), &json!("server")));
    let whole = json!([{ "name": "default", "limit": 1_000, "remaining": 1_000, "reset_at": "2026-03-01T11:00:00Z" }]);
    assert_eq!(tick["keys"][0]["limits"], whole);
    // A request takes three.
    let holder = Holder { key: key.parse().unwrap(), account: account.parse().unwrap() };
    let setup = app.config.api("clickyid").unwrap();
    let terms = setup.api.terms(Environment::Live, None, None, keyward_core::terms::Own::default());
    app.limits.take(holder, &terms, 3, app.clock.now(), &mut keyward_server::authorize::Statuses::new()).unwrap();
    let (_, tick) = events.next().await.unwrap();
    assert_eq!(tick["keys"][0]["limits"][0]["remaining"], 997);
    // A limit that is changed is told as it is from then on.
    let own = json!({ "limits": [{ "name": "default", "limit": 500 }] });
    control.patch(&format!("/v1/keys/{key}"), own).await.is(200);
    let (_, tick) = events.next().await.unwrap();
    assert_eq!(tick["keys"][0]["limits"][0]["limit"], 500);
}

/// Which limits the stream says are left, and of how many requests, once some came.
async fn moved(events: &mut Events) -> (u64, Value) {
    loop {
        let (_, tick) = events.next().await.unwrap();
        if let Some(requests) = tick["requests"].as_u64().filter(|requests| *requests > 0) {
            return (requests, tick["keys"][0]["limits"][0]["remaining"].clone());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r68_r78_traffic_moves_the_live_view_within_a_second_and_it_equals_the_headers() {
    let limit = "limits.default = { limit = 100, window = \"1h\" }";
    let served =
        serve(&format!("[apis.shop]\nupstream = \"http://127.0.0.1:9\"\nprefixes = [\"/shop\"]\n{limit}\n")).await;
    let account = served.started.account("shop", "Acme").await;
    let made = served.started.key(new_key(&account, "server")).await;
    let new = NewManagementKey {
        name: "tests".into(),
        account: Some(account.id),
        permissions: Some(vec!["usage.read".into()]),
        lifetime: Lifetime::Infinite,
    };
    let watcher = management::create(&served.started.app, Reach::All, Actor::cli(), new, None).await.unwrap().secret;
    let url = format!("http://{}/v1/live", served.running.control);
    let response = served.client.get(url).bearer_auth(watcher.unwrap().expose()).send().await.unwrap();
    let mut events = Events { response, text: String::new() };
    assert_eq!(events.next().await.unwrap().0, "tick");
    let mut quickest = std::time::Duration::MAX;
    for _ in 0..3 {
        let url = format!("http://{}/shop/x", served.running.gateway);
        let answer = served.client.get(url).bearer_auth(made.secret.as_ref().unwrap().expose()).send().await.unwrap();
        let at = std::time::Instant::now();
        // Nobody listens upstream; the headers are there all the same.
        assert_eq!(answer.status(), 502);
        let header = answer.headers()["x-ratelimit-remaining"].to_str().unwrap().to_owned();
        let (requests, remaining) = moved(&mut events).await;
        assert_eq!((requests, remaining.to_string()), (1, header));
        quickest = quickest.min(at.elapsed());
    }
    assert!(quickest.as_millis() < 1_000, "{quickest:?}");
}

#[tokio::test]
async fn a_stream_ends_when_its_key_may_no_longer_watch() {
    let control = Control::start().await;
    let (account, _) = counted(&control).await;
    let new = json!({ "account_id": account, "name": "watcher", "permissions": ["usage.read"] });
    let made = control.post("/v1/management-keys", new).await.is(201);
    let mut events = Events::open(&control, &made.text_of("secret"), "/v1/live").await;
    assert_eq!(events.next().await.unwrap().0, "tick");
    control.delete(&format!("/v1/management-keys/{}", made.text_of("id"))).await.is(200);
    let mut ticks = 0;
    let last = loop {
        match events.next().await.unwrap() {
            (name, _) if name == "tick" && ticks < 3 => ticks += 1,
            (name, _) => break name,
        }
    };
    assert_eq!(last, "over");
    assert_eq!(events.next().await, None);
    let mut closed = Events::open(&control, &control.operator, "/v1/live").await;
    control.started.app.live.close();
    while closed.next().await.is_some() {}
}

#[tokio::test]
async fn streams_have_a_bound() {
    let control = Control::start().await;
    let mut open = Vec::new();
    for _ in 0..100 {
        open.push(Events::open(&control, &control.operator, "/v1/live").await);
    }
    let refused = control.get("/v1/live").await.is(429);
    assert_eq!((&refused.body["code"], refused.header("retry-after")), (&json!("too_many_streams"), "5"));
    drop(open.pop());
    // Its place is free once the server has seen that it is gone.
    while control.get("/v1/live").await.status == 429 {}
}
