//! Explaining a request: as it stands on a command line, and by its id in the log.

use keyward_core::time::UnixMs;
use keyward_server::logs::{Record, Source};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Control};

/// A check by its name, such as `route failed`, with what is said of it.
#[track_caller]
fn check<'a>(told: &'a Value, name: &str) -> (&'a str, &'a str) {
    let checks = told["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("no {name} in {told:#}"));
    (check["outcome"].as_str().unwrap(), check["detail"].as_str().unwrap_or_default())
}

fn sent(url: &str, secret: &str) -> Value {
    json!({
        "url": url, "method": "POST", "body": "{}", "client_ip": "198.51.100.7",
        "headers": [{ "name": "authorization", "value": format!("Bearer {secret}") }],
    })
}

async fn explain(control: &Control, by: &str, asked: Value) -> Answer {
    control.by(by, Method::POST, "/v1/explain", Some(asked)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_judged_check_by_check_and_takes_nothing() {
    let control = Control::start().await;
    let account = control.account("clickyid", "Acme").await;
    let key = control.key(&account, "partner").await;
    let secret = key.text_of("secret");
    let url = "https://api.example.com/clickyid/validate/offer";
    let told = explain(&control, &control.operator, sent(url, &secret)).await.is(200).body;
    assert_eq!((told["allow"].as_bool(), told["status"].as_u64()), (Some(true), Some(200)), "{told:#}");
    assert_eq!((&told["api"], &told["route"]), (&json!("clickyid"), &json!("/validate/offer")));
    assert_eq!(told["account_id"], json!(account));
    assert_eq!(check(&told, "route"), ("passed", ""));
    assert_eq!(told["limits"][0]["remaining"], told["limits"][0]["limit"]);
    let again = explain(&control, &control.operator, sent(url, &secret)).await.is(200).body;
    assert_eq!(told["limits"][0]["remaining"], again["limits"][0]["remaining"], "explaining takes nothing");

    let told =
        explain(&control, &control.operator, sent("/clickyid/validate/target-group", &secret)).await.is(200).body;
    assert_eq!((told["allow"].as_bool(), told["code"].as_str()), (Some(false), Some("insufficient_scope")));
    assert!(check(&told, "route").1.contains("validate:target-groups"), "{told:#}");
    assert_eq!(check(&told, "key").0, "passed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_opens_nothing_is_told_why_to_its_own_account_alone() {
    let control = Control::start().await;
    let (own, other) = (control.account("clickyid", "Own").await, control.account("clickyid", "Other").await);
    let by = control.key_that_may(Some(own.parse().unwrap()), Some(&["logs.read"])).await;
    let foreign = control.key(&other, "theirs").await.text_of("secret");
    let gone = control.key(&own, "gone").await;
    let url = "/clickyid/offers";
    control.delete(&format!("/v1/keys/{}", gone.text_of("id"))).await.is(200);
    let mut misspelt = foreign.clone().into_bytes();
    let last = misspelt.last_mut().unwrap();
    *last = if *last == b'0' { b'1' } else { b'0' };
    for (secret, says) in [
        (foreign.as_str(), "No key that you may see"),
        (&gone.text_of("secret"), "\"gone\", and was deleted"),
        (std::str::from_utf8(&misspelt).unwrap(), "checksum"),
        ("sesame", "not the shape"),
    ] {
        let told = explain(&control, &by, sent(url, secret)).await.is(200).body;
        assert_eq!(told["code"], "invalid_credentials", "{told:#}");
        assert_eq!(told["detail"], "The credentials are not valid.", "what the client is told stays the same");
        let (outcome, why) = check(&told, "key");
        assert_eq!(outcome, "failed");
        assert!(why.contains(says), "{why}");
        assert!(told["key_id"].is_null() && !told.to_string().contains(&other));
    }
    let told = explain(&control, &control.operator, sent(url, &foreign)).await.is(200).body;
    assert_eq!(told["account_id"], json!(other), "the operator sees it");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leads_nowhere_and_what_is_no_request_is_said() {
    let control = Control::start().await;
    let account = control.account("clickyid", "Acme").await;
    let by = control.key_that_may(Some(account.parse().unwrap()), Some(&["logs.read"])).await;
    let told = explain(&control, &by, json!({ "url": "/codat/x" })).await.is(200).body;
    assert_eq!((told["code"].as_str(), check(&told, "api").0), (Some("no_api"), "failed"), "another's API");
    let told = explain(&control, &by, json!({ "url": "/clickyid//x" })).await.is(200).body;
    assert_eq!((told["code"].as_str(), check(&told, "path").0), (Some("ambiguous_path"), "failed"));
    let told = explain(&control, &by, json!({ "url": "/clickyid/offers?api_key=1" })).await.is(200).body;
    assert_eq!((told["code"].as_str(), check(&told, "credential").0), (Some("credential_in_url"), "failed"));
    let own_path = json!({ "url": "https://elsewhere.example/offers", "api": "clickyid" });
    let told = explain(&control, &by, own_path).await.is(200).body;
    assert_eq!(told["code"], "missing_credentials");
    for (asked, pointer) in [
        (json!({ "url": "no address" }), "/url"),
        (json!({ "url": "/x", "method": "G T" }), "/method"),
        (json!({ "url": "/x", "client_ip": "here" }), "/client_ip"),
        (json!({ "url": "/x", "headers": [{ "name": "a b", "value": "" }] }), "/headers/0/name"),
        (
            json!({ "url": "/x", "headers": [{ "name": "a", "value": "\n" }, { "name": "b", "value": "\u{1}" }] }),
            "/headers/1/value",
        ),
    ] {
        assert_eq!(explain(&control, &by, asked.clone()).await.is(422).pointer(), pointer, "{asked}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_says_at_which_check_it_was_refused() {
    let control = Control::start().await;
    let (own, other) = (control.account("clickyid", "Own").await, control.account("clickyid", "Other").await);
    let app = &control.started.app;
    let recorder = app.logs.recorder().unwrap();
    for (id, account, code) in [("refused-1", &own, Some("key_expired")), ("passed-1", &other, None)] {
        recorder.decide();
        let mut record = Box::new(Record::new(UnixMs(app.clock.now().0 - 5_000), Source::Gateway));
        record.account = Some(account.parse().unwrap());
        record.key = Some(keyward_core::ids::KeyId::new(uuid::Uuid::now_v7()));
        (record.code, record.status) = (code, if code.is_some() { 401 } else { 200 });
        record.set_texts("/offers", "curl/8", id);
        recorder.hand_over(record);
    }
    app.logs.settle().await;
    let by = control.key_that_may(Some(own.parse().unwrap()), Some(&["logs.read"])).await;
    let of = |id: &str| json!({ "request_id": id });
    let ask = async |by: &str, id: &str| control.by(by, Method::POST, "/v1/explain/recorded", Some(of(id))).await;
    let told = ask(&by, "refused-1").await.is(200).body;
    assert_eq!(told["row"]["request_id"], "refused-1");
    assert_eq!(check(&told, "state").0, "passed");
    assert_eq!(check(&told, "expiry"), ("failed", "The key had expired."));
    assert_eq!(check(&told, "limit").0, "skipped");
    ask(&by, "passed-1").await.is(404);
    // Nor is anything told of its bodies.
    let bodies = |id: &str| format!("/v1/logs/bodies?request_id={id}");
    let look = async |id: &str| control.by(&by, Method::GET, &bodies(id), None).await;
    look("passed-1").await.is(404);
    assert_eq!(look("refused-1").await.is(200).body, json!({ "request": null, "answer": null }));
    ask(&by, "never").await.is(404);
    let told = ask(&control.operator, "passed-1").await.is(200).body;
    assert_eq!(check(&told, "limit").0, "passed");
    assert!(told["checks"].as_array().unwrap().iter().all(|check| check["outcome"] != "failed"));
}
