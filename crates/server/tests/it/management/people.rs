//! `/v1/accounts/{account_id}/people` and `/v1/people`

use serde_json::json;

use super::{Control, masked};

#[tokio::test]
async fn a_person_is_added_listed_and_deleted_with_their_keys() {
    let control = Control::start().await;
    let account = control.account("clevertap", "Acme").await;
    let people = format!("/v1/accounts/{account}/people");
    let made = control.post(&people, json!({ "name": "Jo", "email": "jo@example.com" })).await.is(201);
    insta::assert_json_snapshot!(masked(&made.body, &["/id", "/account_id"]), @r#"
    {
      "id": "…",
      "account_id": "…",
      "name": "Jo",
      "email": "jo@example.com",
      "created_at": "2026-03-01T10:15:00Z",
      "effective": "all"
    }
    "#);
    let id = made.text_of("id");
    let grant = json!({
        "account_id": account, "kind": "personal", "person_id": id, "expires": { "days": 30 },
    });
    let key = control.post("/v1/keys", grant).await.is(201);
    assert_eq!(key.text_of("person_id"), id);
    assert_eq!(control.get(&people).await.is(200).body["items"][0]["id"], json!(id));
    assert_eq!(control.get(&format!("/v1/people/{id}")).await.is(200).body["name"], "Jo");
    control.delete(&format!("/v1/people/{id}")).await.is(200);
    control.get(&format!("/v1/people/{id}")).await.is(404);
    control.get(&format!("/v1/keys/{}", key.text_of("id"))).await.is(404);
}

#[tokio::test]
async fn r39_r40_a_grant_needs_a_period_of_1_to_365_days() {
    let control = Control::start().await;
    let account = control.account("clevertap", "Acme").await;
    for (at, (expires, status)) in [
        (json!(null), 422),
        (json!({ "days": 0 }), 422),
        (json!({ "days": 366 }), 422),
        (json!({ "days": 1.5 }), 422),
        (json!({ "days": 1 }), 201),
        (json!({ "days": 365 }), 201),
        (json!("never"), 201),
    ]
    .into_iter()
    .enumerate()
    {
        let person = json!({ "name": format!("P{at}") });
        let person = control.post(&format!("/v1/accounts/{account}/people"), person).await.is(201).text_of("id");
        let grant = json!({ "account_id": account, "kind": "personal", "person_id": person, "expires": expires });
        let answer = control.post("/v1/keys", grant).await.is(status);
        assert!(status == 201 || answer.pointer().starts_with("/expires"), "{}", answer.text);
    }
}

#[tokio::test]
async fn r44_a_reset_gives_a_fresh_secret() {
    let control = Control::start().await;
    let account = control.account("clevertap", "Acme").await;
    let people = format!("/v1/accounts/{account}/people");
    let person = control.post(&people, json!({ "name": "Jo" })).await.is(201).text_of("id");
    let grant = json!({ "account_id": account, "kind": "personal", "person_id": person, "expires": { "days": 30 } });
    let key = control.post("/v1/keys", grant).await.is(201);
    let reset = format!("/v1/keys/{}/reset", key.text_of("id"));
    let fresh = control.post(&reset, json!({})).await.is(200);
    assert_ne!(fresh.text_of("secret"), key.text_of("secret"));
    assert_eq!(fresh.body["expires_at"], key.body["expires_at"]);
    control.started.clock.advance(31 * 86_400_000);
    assert_eq!(control.post(&reset, json!({})).await.is(422).pointer(), "/expires");
    control.post(&reset, json!({ "expires": { "days": 2 } })).await.is(200);
}

#[tokio::test]
async fn wrong_people_are_pointed_at() {
    let control = Control::start().await;
    let people = format!("/v1/accounts/{}/people", control.account("clevertap", "Acme").await);
    for (body, pointer) in [
        (json!({ "name": "" }), "/name"),
        (json!({ "name": "Jo", "email": "nobody" }), "/email"),
        (json!({ "name": "Jo", "role": "admin" }), "/role"),
    ] {
        assert_eq!(control.post(&people, body).await.is(422).pointer(), pointer);
    }
}
