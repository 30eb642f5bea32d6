//! The auth listener over a real socket: verify, batches, explanations, who may call.

use keyward_core::time::HOUR_MS;
use keyward_server::accounts::{self, AccountEdit};
use keyward_server::changes::{Actor, Reach};
use keyward_server::keys::LimitSpec;
use serde_json::{Value, json};

use crate::support::served::{Served, serve};
use crate::support::{START, new_account, new_key};

const APIS: &str = r#"
[apis.shop]
prefixes = ["/"]
upstream = "http://127.0.0.1:9"
test_upstream = "same"
scopes = { read = "", write = "" }
limits.default = { limit = 3, window = "1h" }

[[apis.shop.routes]]
methods = ["GET"]
path = "/things"
scopes = ["read"]

[[apis.shop.routes]]
methods = ["POST"]
path = "/bulk"
[apis.shop.routes.body]
items = "size(body.list)"
items_max = 2

[apis.pair]
preset = "clevertap"
prefixes = ["/pair"]
upstream = "http://127.0.0.1:9"
"#;

async fn verify(served: &Served, body: Value) -> Value {
    let (status, answer) = served.post(served.running.auth, "/v1/verify", &body).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

async fn shop_key(served: &Served, scopes: &[&str]) -> String {
    let account = served.started.account("shop", "Example").await;
    let mut new = new_key(&account, "key");
    new.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    served.started.key(new).await.secret.unwrap().expose().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn r69_a_decision_is_always_200_and_tells_who_and_how_much_is_left() {
    let served = serve(APIS).await;
    let secret = shop_key(&served, &["read"]).await;
    let bearer = format!("Bearer {secret}");
    let ask = json!({"api": "shop", "authorization": bearer, "method": "GET", "path": "/things?page=2"});
    let answer = verify(&served, ask.clone()).await;
    assert_eq!((&answer["allow"], &answer["code"], &answer["status"]), (&json!(true), &Value::Null, &json!(200)));
    assert_eq!(answer["scopes"], json!(["read"]));
    assert_eq!(answer["environment"], "live");
    assert!(answer["account"].as_str().unwrap().starts_with("acct_"));
    assert!(answer["key"].as_str().unwrap().starts_with("key_"));
    let end = START.0.div_euclid(HOUR_MS) * HOUR_MS + HOUR_MS;
    let reset = keyward_core::time::UnixMs(end).rfc3339();
    assert_eq!(answer["limits"], json!([{"name": "default", "limit": 3, "remaining": 2, "reset_at": reset}]));
    // A cost of its own, then more than is left: refused, and nothing taken.
    let mut dear = ask.clone();
    dear["cost"] = json!(2);
    assert_eq!(verify(&served, dear.clone()).await["limits"][0]["remaining"], 0);
    let refused = verify(&served, ask).await;
    assert_eq!(
        (&refused["allow"], &refused["code"], &refused["status"]),
        (&json!(false), &json!("rate_limited"), &json!(429))
    );
    assert_eq!(refused["retry_after_s"], json!((end - START.0) / 1_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_bodies_and_paths_are_judged_like_the_gateway_s() {
    let served = serve(APIS).await;
    let secret = shop_key(&served, &["read"]).await;
    let code = async |extra: Value| {
        let mut ask = json!({"api": "shop", "secret": secret});
        ask.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        verify(&served, ask).await["code"].clone()
    };
    assert_eq!(code(json!({"path": "/nowhere"})).await, "no_route");
    assert_eq!(code(json!({"path": "/a/../things"})).await, "ambiguous_path");
    assert_eq!(code(json!({"path": "/things?api_key=x"})).await, "credential_in_url");
    assert_eq!(code(json!({"path": "/bulk", "method": "POST"})).await, "body_required");
    assert_eq!(code(json!({"path": "/bulk", "method": "POST", "body": "{\"list\":[1,2,3]}"})).await, "too_many_items");
    assert_eq!(
        code(json!({"path": "/bulk", "method": "POST", "body": "{\"list\":[1],\"list\":[]}"})).await,
        "invalid_body"
    );
    assert_eq!(code(json!({"path": "/bulk", "method": "POST", "body": "{\"list\":[1]}"})).await, Value::Null);
    let missing = verify(&served, json!({"api": "shop", "path": "/things"})).await;
    assert_eq!((&missing["code"], &missing["status"]), (&json!("missing_credentials"), &json!(401)));
    let scheme = verify(&served, json!({"api": "shop", "authorization": "Digest x"})).await;
    assert_eq!(scheme["code"], "unsupported_scheme");
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_a_pair_is_judged_by_account_and_region() {
    let served = serve(APIS).await;
    let mut new = new_account("pair", "Example");
    new.region = Some("in1".into());
    let made = accounts::create(&served.started.app, Reach::All, Actor::system(), new, None).await.unwrap();
    let secret = served.started.key(new_key(&made.account, "key")).await.secret.unwrap();
    let ask = |host: &str, id: &str| json!({"api": "pair", "account_id": id, "secret": secret.expose(), "host": host});
    let id = made.account.public_id.clone();
    assert_eq!(verify(&served, ask("in1.api.clevertap.com", &id)).await["allow"], true);
    assert_eq!(verify(&served, ask("eu1.api.clevertap.com:443", &id)).await["code"], "wrong_region");
    assert_eq!(verify(&served, ask("in1.api.clevertap.com", "other")).await["code"], "invalid_credentials");
    for half in [json!({"api": "pair", "account_id": id}), json!({"api": "pair", "secret": secret.expose()})] {
        assert_eq!(verify(&served, half).await["code"], "missing_credentials");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_judges_each_item_and_a_broken_one_spends_nothing() {
    let served = serve(APIS).await;
    let secret = shop_key(&served, &["read"]).await;
    let good = json!({"api": "shop", "secret": secret});
    let bad = json!({"api": "shop", "secret": "kw_live_wrong"});
    let (status, answer) =
        served.post(served.running.auth, "/v1/verify", &json!({"items": [good, bad, {"api": "none"}]})).await;
    assert_eq!((status, &answer["code"]), (400, &json!("bad_request")));
    let answer = verify(&served, json!({"items": [good, bad]})).await;
    assert_eq!(answer["results"][0]["limits"][0]["remaining"], 2);
    assert_eq!(answer["results"][1]["code"], "invalid_credentials");
    let many: Vec<_> = (0..101).map(|_| bad.clone()).collect();
    let (status, _) = served.post(served.running.auth, "/v1/verify", &json!({"items": many})).await;
    assert_eq!(status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_explanation_tells_every_check_and_spends_nothing() {
    let served = serve(APIS).await;
    let account = served.started.account("shop", "Example").await;
    let mut new = new_key(&account, "key");
    new.addresses = vec!["192.0.2.0/24".into()];
    new.limits = vec![LimitSpec { name: "default".into(), limit: 1, window_s: None, algorithm: None, per: None }];
    let secret = served.started.key(new).await.secret.unwrap();
    let edit = AccountEdit { suspended: Some(true), ..AccountEdit::default() };
    accounts::edit(&served.started.app, Reach::All, Actor::system(), account.id, edit, None).await.unwrap();
    let ask = json!({"api": "shop", "secret": secret.expose(), "path": "/things", "client_ip": "198.51.100.7"});
    for _ in 0..3 {
        let (status, answer) = served.post(served.running.auth, "/v1/explain", &ask).await;
        assert_eq!((status, &answer["code"]), (200, &json!("account_suspended")));
        let outcome = |name: &str| {
            let checks = answer["checks"].as_array().unwrap();
            checks.iter().find(|check| check["name"] == name).map(|check| check["outcome"].clone()).unwrap()
        };
        assert_eq!(outcome("key"), "passed");
        assert_eq!(outcome("state"), "passed");
        for failed in ["account", "address", "route"] {
            assert_eq!(outcome(failed), "failed", "{failed}");
        }
        assert_eq!(outcome("limit"), "passed");
        assert_eq!(answer["limits"][0]["remaining"], 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_key_shuts_the_listener_to_others() {
    let served = serve(&format!("{APIS}\n[auth]\nservice_key = \"a-long-service-key-of-the-operator\"\n")).await;
    let url = format!("http://{}/v1/verify", served.running.auth);
    let call = || served.client.post(&url).json(&json!({"api": "shop"}));
    for refused in [call(), call().bearer_auth("wrong")] {
        let answer = refused.send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert!(answer.headers().contains_key("www-authenticate"));
    }
    assert_eq!(call().bearer_auth("a-long-service-key-of-the-operator").send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_can_t_be_read_are_told_why() {
    let served = serve(APIS).await;
    for (body, word) in [
        (json!({}), "api"),
        (json!({"api": "none"}), "none"),
        (json!({"api": "shop", "unknown": 1}), "unknown"),
        (json!({"api": "shop", "authorization": "x", "secret": "y"}), "not both"),
        (json!({"api": "shop", "authorization": "x", "account_id": "y"}), "account_id"),
        (json!([]), "can't be read"),
    ] {
        let (status, answer) = served.post(served.running.auth, "/v1/verify", &body).await;
        assert_eq!(status, 400);
        assert!(answer["detail"].as_str().unwrap().contains(word), "{answer}");
    }
    let wrong = served.client.get(format!("http://{}/v1/verify", served.running.auth)).send().await.unwrap();
    assert_eq!(wrong.status(), 405);
    let nowhere = served.client.post(format!("http://{}/v1/nowhere", served.running.auth)).send().await.unwrap();
    assert_eq!(nowhere.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_two_programs_would_read_differently_is_refused() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let served = serve(APIS).await;
    let call = "POST /v1/verify HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
    let mut stream = tokio::net::TcpStream::connect(served.running.auth).await.unwrap();
    stream.write_all(call.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("bad_request"), "{answer}");
}
