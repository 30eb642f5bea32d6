//! Approvals, links that work once, policies and dry runs over HTTP.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Control};

/// Somebody who has no credentials.
async fn anybody(control: &Control, path: &str, body: Value) -> Answer {
    control.send(|request| request.json(&body), Method::POST, path).await
}

async fn put(control: &Control, account: &str, policy: Value) -> Answer {
    control.by(&control.operator, Method::PUT, &format!("/v1/accounts/{account}/policy"), Some(policy)).await
}

fn wish(account: &str, name: &str) -> Value {
    json!({ "account_id": account, "name": name, "scopes": ["validate:offers"] })
}

#[tokio::test]
async fn a_link_is_opened_by_anybody_and_used_by_one() {
    let control = Control::start().await;
    let account = control.account("clickyid", "Acme").await;
    let mut new = wish(&account, "Partner");
    new["pickup"] = json!({ "recipient": "Jo" });
    let made = control.post("/v1/keys", new.clone()).await.is(201);
    assert_eq!((&made.body["secret"], &made.body["standing"]), (&Value::Null, &json!("awaiting_pickup")));
    let link = made.body["pickup"]["link"].as_str().unwrap();
    assert_eq!(made.body["pickup"]["expires_at"], "2026-03-08T10:15:00Z");
    let token = link.split_once("/pick-up#").unwrap().1;
    let body = json!({ "token": token });
    for _ in 0..2 {
        let look = anybody(&control, "/v1/pick-up/look", body.clone()).await.is(200);
        assert_eq!((&look.body["key_name"], &look.body["account_name"]), (&json!("Partner"), &json!("Acme")));
        assert!(look.body.get("secret").is_none());
    }
    assert_eq!(control.send(|request| request, Method::GET, "/v1/pick-up").await.status, 405, "mail scanners only GET");
    let picked = anybody(&control, "/v1/pick-up", body.clone()).await.is(200);
    assert!(picked.text_of("secret").starts_with("ck_live_"));
    assert_eq!(picked.header("cache-control"), "no-store");
    let id = made.text_of("id");
    let revoked = control
        .post("/v1/keys", {
            new["name"] = json!("b");
            new
        })
        .await
        .is(201);
    control
        .by(&control.operator, Method::POST, &format!("/v1/keys/{}/revoke", revoked.text_of("id")), None)
        .await
        .is(200);
    let gone = revoked.body["pickup"]["link"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
    let used = anybody(&control, "/v1/pick-up", body).await.is(404);
    assert_eq!(used.body["code"], "link_not_valid");
    for token in [gone.as_str(), "", "kwu_0000000000000000000000000000000000000000", &id] {
        for path in ["/v1/pick-up", "/v1/pick-up/look"] {
            let other = anybody(&control, path, json!({ "token": token })).await.is(404);
            assert_eq!(other.text, used.text, "all alike");
        }
    }
    let audit = control.get(&format!("/v1/audit?subject={id}")).await.is(200);
    assert!(!audit.text.contains(token) && !audit.text.contains(&picked.text_of("secret")));
}

#[tokio::test]
async fn a_second_admin_approves_and_the_first_collects() {
    let control = Control::start().await;
    let account = control.account("clickyid", "Acme").await;
    put(&control, &account, json!({ "approval_scopes": ["validate:offers"] })).await.is(200);
    let second = control.key_of(&account).await;
    let asked = control.post("/v1/keys", wish(&account, "a")).await.is(201);
    assert_eq!((&asked.body["standing"], &asked.body["secret"]), (&json!("pending"), &Value::Null));
    let path = |action: &str| format!("/v1/keys/{}/{action}", asked.text_of("id"));
    let first = control.operator.clone();
    let own = control.by(&first, Method::POST, &path("approve"), None).await.is(403);
    assert_eq!(own.body["code"], "own_request");
    control.by(&second, Method::POST, &path("approve"), None).await.is(200);
    assert_eq!(
        control.by(&second, Method::POST, &path("collect"), None).await.is(403).body["code"],
        "not_your_request"
    );
    assert!(control.by(&first, Method::POST, &path("collect"), None).await.is(200).body["secret"].is_string());
    assert_eq!(control.by(&first, Method::POST, &path("rotate"), None).await.is(200).body["standing"], "active");
    let other = control.post("/v1/keys", wish(&account, "b")).await.is(201).text_of("id");
    let why = json!({ "reason": "not needed" });
    let declined = control.by(&second, Method::POST, &format!("/v1/keys/{other}/decline"), Some(why)).await.is(200);
    assert_eq!(declined.body["standing"], "revoked");
}

#[tokio::test]
async fn a_policy_has_a_version_and_points_at_what_breaks_it() {
    let control = Control::start().await;
    let account = control.account("clickyid", "Acme").await;
    let path = format!("/v1/accounts/{account}/policy");
    let none = control.get(&path).await.is(200);
    assert_eq!((none.header("etag"), &none.body["expiry_required"]), ("\"0\"", &json!(false)));
    let set = put(&control, &account, json!({ "expiry_required": true, "lifetime_days_max": 30 })).await.is(200);
    assert_eq!((set.header("etag"), &set.body["effective"]), ("\"1\"", &json!("all")));
    let stale = |request: reqwest::RequestBuilder| {
        request.bearer_auth(&control.operator).header("if-match", "\"0\"").json(&json!({}))
    };
    control.send(stale, Method::PUT, &path).await.is(412);
    for (wrong, pointer) in [
        (json!({ "scopes_max": ["sing"] }), "/scopes_max/0"),
        (json!({ "lifetime_days_max": -1 }), "/lifetime_days_max"),
        (json!({ "lifetime": 1 }), "/lifetime"),
    ] {
        assert_eq!(put(&control, &account, wrong).await.is(422).pointer(), pointer);
    }
    let refused = control.post("/v1/keys", wish(&account, "a")).await.is(422);
    assert_eq!(refused.pointer(), "/expires");
}

#[tokio::test]
async fn a_dry_run_answers_with_keys_and_changes_nothing() {
    let control = Control::start().await;
    let account = control.account("clickyid", "Acme").await;
    let key = control.key(&account, "Checkout").await.text_of("id");
    let touched = |answer: Answer| {
        assert_eq!((&answer.body["dry_run"], &answer.body["more"]), (&json!(true), &json!(false)));
        answer.body["keys"].as_array().unwrap().iter().map(|key| key["key_id"].clone()).collect::<Vec<_>>()
    };
    let operator = &control.operator;
    let suspend = json!({ "suspended": true });
    let policy = json!({ "expiry_required": true });
    for (method, path, body) in [
        (Method::PATCH, format!("/v1/keys/{key}?dry_run=true"), Some(json!({ "addresses": ["192.0.2.1"] }))),
        (Method::POST, format!("/v1/keys/{key}/disable?dry_run=true"), None),
        (Method::POST, format!("/v1/keys/{key}/revoke?dry_run=true"), None),
        (Method::DELETE, format!("/v1/keys/{key}?dry_run=true"), None),
        (Method::PATCH, format!("/v1/accounts/{account}?dry_run=true"), Some(suspend)),
        (Method::PUT, format!("/v1/accounts/{account}/policy?dry_run=true"), Some(policy)),
    ] {
        let answer = control.by(operator, method, &path, body).await.is(200);
        assert_eq!(touched(answer), [json!(key)], "{path}");
    }
    let wrong = control.delete(&format!("/v1/keys/{key}?dry_run=yes")).await.is(400);
    assert_eq!(wrong.parameter(), "dry_run");
    let same = control.get(&format!("/v1/keys/{key}")).await.is(200);
    assert_eq!((&same.body["standing"], &same.body["version"]), (&json!("active"), &json!(1)));
    control.delete(&format!("/v1/keys/{key}?dry_run=false")).await.is(200);
    control.get(&format!("/v1/keys/{key}")).await.is(404);
}

#[tokio::test]
async fn r35_accepted_keys_are_settings_and_change_by_admins_alone() {
    let control = Control::start().await;
    let account = control.account("clevertap", "Acme").await;
    let path = format!("/v1/accounts/{account}");
    let edit = json!({ "accepted_keys": "user" });
    let id = account.parse().unwrap();
    for (words, status) in [(&["keys.write", "people.write", "settings.read"][..], 403), (&["settings.write"], 200)] {
        let key = control.key_that_may(Some(id), Some(words)).await;
        control.by(&key, Method::PATCH, &path, Some(edit.clone())).await.is(status);
    }
    assert_eq!(control.get(&path).await.is(200).body["accepted_keys"], "user");
}

#[tokio::test]
async fn who_may_see_people_sees_their_keys_and_no_others() {
    let control = Control::start().await;
    let account = control.account("clevertap", "Acme").await;
    let person = control.post(&format!("/v1/accounts/{account}/people"), json!({ "name": "Jo" })).await.is(201);
    let grant = json!({
        "account_id": account, "kind": "personal", "person_id": person.text_of("id"), "expires": { "days": 9 },
    });
    let personal = control.post("/v1/keys", grant).await.is(201).text_of("id");
    let shared = json!({ "account_id": account, "name": "a" });
    let shared = control.post("/v1/keys", shared).await.is(201).text_of("id");
    let key = control.key_that_may(Some(account.parse().unwrap()), Some(&["people.read"])).await;
    let get = async |path: &str| control.by(&key, Method::GET, path, None).await;
    let list = get("/v1/keys").await.is(200);
    assert!(list.text.contains(&personal) && !list.text.contains(&shared), "{}", list.text);
    assert_eq!(get("/v1/keys?kind=account").await.is(200).body["items"], json!([]));
    get(&format!("/v1/keys/{personal}")).await.is(200);
    get(&format!("/v1/keys/{shared}")).await.is(403);
}
