//! `/v1/accounts`

use reqwest::Method;
use serde_json::json;

use super::{Control, masked};

#[tokio::test]
async fn an_account_is_made_read_changed_and_deleted() {
    let control = Control::start().await;
    let new = json!({
        "api": "clevertap", "name": "Acme", "external_id": "crm-1", "region": "in1",
        "accepted_keys": "user", "metadata": { "team": "red" }, "tags": ["vip"],
    });
    let made = control.post("/v1/accounts", new).await.is(201);
    insta::assert_json_snapshot!(masked(&made.body, &["/id", "/public_id"]), @r#"
    {
      "id": "…",
      "api": "clevertap",
      "public_id": "…",
      "name": "Acme",
      "external_id": "crm-1",
      "region": "in1",
      "plan": null,
      "accepted_keys": "user",
      "totp_required": false,
      "suspended": false,
      "metadata": {
        "team": "red"
      },
      "tags": [
        "vip"
      ],
      "created_at": "2026-03-01T10:15:00Z",
      "updated_at": "2026-03-01T10:15:00Z",
      "version": 1,
      "first_key": null,
      "effective": "all"
    }
    "#);
    let path = format!("/v1/accounts/{}", made.text_of("id"));
    let read = control.get(&path).await.is(200);
    assert_eq!(read.header("etag"), made.header("etag"));
    let edit = json!({ "name": "Acme Ltd", "external_id": null, "suspended": true, "tags": [] });
    let changed = control.patch(&path, edit).await.is(200);
    assert_eq!(changed.body["name"], "Acme Ltd");
    assert_eq!(changed.body["external_id"], json!(null));
    assert_eq!(changed.body["metadata"], json!({ "team": "red" }), "what is left out stays");
    assert_eq!(changed.body["effective"], "all");
    assert_ne!(changed.header("etag"), read.header("etag"));
    assert_eq!(control.delete(&path).await.is(200).body, json!({ "effective": "all" }));
    control.get(&path).await.is(404);
}

#[tokio::test]
async fn r86_a_new_account_has_its_first_key() {
    let control = Control::start().await;
    let made = control.post("/v1/accounts", json!({ "api": "codat", "name": "Acme" })).await.is(201);
    let first = &made.body["first_key"];
    assert_eq!(first["secret"].as_str().unwrap().len(), 40);
    let keys = control.get(&format!("/v1/keys?account_id={}", made.text_of("id"))).await.is(200);
    assert_eq!(keys.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(keys.body["items"][0]["id"], first["id"]);
}

#[tokio::test]
async fn wrong_members_are_pointed_at() {
    let control = Control::start().await;
    for (body, pointer) in [
        (json!({ "api": "clickyid", "name": "x", "colour": "red" }), "/colour"),
        (json!({ "api": "clickyid" }), "/name"),
        (json!({ "api": "clickyid", "name": 5 }), "/name"),
        (json!({ "api": "clickyid", "name": "" }), "/name"),
        (json!({ "api": "nothing", "name": "x" }), "/api"),
        (json!({ "api": "clickyid", "name": "x", "accepted_keys": "none" }), "/accepted_keys"),
        (json!({ "api": "clickyid", "name": "x", "plan": "huge" }), "/plan"),
        (json!({ "api": "clevertap", "name": "x", "region": "mars" }), "/region"),
        (json!({ "api": "clickyid", "name": "x", "tags": ["a", 5] }), "/tags/1"),
    ] {
        let answer = control.post("/v1/accounts", body).await.is(422);
        assert_eq!((answer.pointer(), &answer.body["code"]), (pointer, &json!("invalid_fields")), "{}", answer.text);
    }
}

#[tokio::test]
async fn an_edit_of_an_older_version_is_refused() {
    let control = Control::start().await;
    let path = format!("/v1/accounts/{}", control.account("clickyid", "Acme").await);
    let tag = control.get(&path).await.is(200).header("etag").to_owned();
    let edit = async |tag: &str, name: &str| {
        let body = json!({ "name": name });
        let request = |request: reqwest::RequestBuilder| {
            request.bearer_auth(&control.operator).header("if-match", tag).json(&body)
        };
        control.send(request, Method::PATCH, &path).await
    };
    edit(&tag, "Two").await.is(200);
    assert_eq!(edit(&tag, "Three").await.is(412).body["code"], "precondition_failed");
    edit("\"other\"", "Three").await.is(412);
    assert_eq!(edit("1", "Three").await.is(400).parameter(), "If-Match");
    edit("*", "Four").await.is(200);
    assert_eq!(control.get(&path).await.body["name"], "Four");
}

#[tokio::test]
async fn only_the_operator_makes_and_suspends_accounts() {
    let control = Control::start().await;
    let account = control.account("clickyid", "Acme").await;
    let key = control.key_of(&account).await;
    let new = json!({ "api": "clickyid", "name": "Other" });
    let answer = control.by(&key, Method::POST, "/v1/accounts", Some(new)).await.is(403);
    assert_eq!(answer.body["code"], "operator_only");
    let path = format!("/v1/accounts/{account}");
    control.by(&key, Method::PATCH, &path, Some(json!({ "suspended": true }))).await.is(403);
    control.by(&key, Method::PATCH, &path, Some(json!({ "name": "Acme 2" }))).await.is(200);
}
