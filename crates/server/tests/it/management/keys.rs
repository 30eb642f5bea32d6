//! `/v1/keys`

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Control, masked};

async fn act(control: &Control, key: &str, action: &str) -> Answer {
    control.by(&control.operator, Method::POST, &format!("/v1/keys/{key}/{action}"), None).await
}

/// A key with everything that can be said of one.
fn everything(account: &str) -> Value {
    json!({
        "account_id": account, "name": "Checkout", "environment": "test", "expires": { "days": 30 },
        "scopes": ["validate:offers"], "addresses": ["192.0.2.0/24"],
        "limits": [{ "name": "default", "limit": 5 }],
        "quotas": [{ "name": "monthly", "budget": 1000, "refill": { "monthly": { "day": 1 } } }],
        "external_id": "ci-1", "metadata": { "team": "red" }, "tags": ["web"],
    })
}

/// What differs from run to run.
const RANDOM: [&str; 6] = ["/id", "/account_id", "/secret", "/secrets/0/id", "/secrets/0/hint", "/created_by"];

#[tokio::test]
async fn r22_r50_r52_a_created_key_shows_its_secret() {
    let control = Control::start().await;
    let account = control.account("clickyid", "Acme").await;
    let made = control.post("/v1/keys", everything(&account)).await.is(201);
    assert_eq!(made.header("cache-control"), "no-store");
    insta::assert_json_snapshot!(masked(&made.body, &RANDOM), @r#"
    {
      "id": "…",
      "account_id": "…",
      "api": "clickyid",
      "kind": "account",
      "person_id": null,
      "environment": "test",
      "name": "Checkout",
      "standing": "expiring_soon",
      "expires_at": "2026-03-31T10:15:00Z",
      "scopes": [
        "validate:offers"
      ],
      "addresses": [
        "192.0.2.0/24"
      ],
      "limits": [
        {
          "name": "default",
          "limit": 5
        }
      ],
      "quotas": [
        {
          "name": "monthly",
          "budget": 1000,
          "refill": {
            "monthly": {
              "day": 1
            }
          },
          "per": "key"
        }
      ],
      "plan": null,
      "external_id": "ci-1",
      "metadata": {
        "team": "red"
      },
      "tags": [
        "web"
      ],
      "contacts": [],
      "snoozed_until": null,
      "secrets": [
        {
          "id": "…",
          "hint": "…",
          "created_at": "2026-03-01T10:15:00Z",
          "until": null,
          "first_used_at": null,
          "last_used_at": null
        }
      ],
      "created_by": "…",
      "created_at": "2026-03-01T10:15:00Z",
      "updated_at": "2026-03-01T10:15:00Z",
      "revoked_at": null,
      "version": 1,
      "secret": "…",
      "effective": "all"
    }
    "#);
}

#[tokio::test]
async fn r24_r53_the_secret_is_never_shown_again() {
    let control = Control::start().await;
    let account = control.account("clickyid", "Acme").await;
    let made = control.key(&account, "Checkout").await;
    let (id, secret) = (made.text_of("id"), made.text_of("secret"));
    let path = format!("/v1/keys/{id}");
    let answers = [
        control.get(&path).await.is(200),
        control.get("/v1/keys").await.is(200),
        control.patch(&path, json!({ "name": "Shop" })).await.is(200),
        act(&control, &id, "disable").await.is(200),
        act(&control, &id, "enable").await.is(200),
        control.post("/v1/keys/find", json!({ "secret": secret })).await.is(200),
        control.get("/v1/audit").await.is(200),
    ];
    for answer in answers {
        assert!(answer.text.contains(&id) && !answer.text.contains(&secret), "{}", answer.text);
    }
    let hint = control.get(&path).await.body["secrets"][0]["hint"].clone();
    assert!(hint.as_str().unwrap().ends_with(&secret[secret.len() - 4..]), "{hint}");
    let own = control.key_of(&account).await;
    control.by(&own, Method::POST, &format!("{path}/reveal"), None).await.is(403);
}

#[tokio::test]
async fn r19_r20_r51_wrong_members_are_pointed_at() {
    let control = Control::start().await;
    let clickyid = control.account("clickyid", "Acme").await;
    let clevertap = control.account("clevertap", "Acme").await;
    let scopes = json!(["validate:offers"]);
    for (body, pointer) in [
        (json!({ "account_id": clickyid, "name": "x", "scopes": [] }), "/scopes"),
        (json!({ "account_id": clickyid, "name": "x", "scopes": ["validate:offers", "sing"] }), "/scopes/1"),
        (json!({ "account_id": clickyid, "name": "x", "scopes": scopes, "plan": "none" }), "/plan"),
        (json!({ "account_id": clickyid, "name": "x", "scopes": scopes, "addresses": ["here"] }), "/addresses/0"),
        (json!({ "account_id": clickyid, "name": "x", "scopes": scopes, "environment": "prod" }), "/environment"),
        (json!({ "account_id": "acct_1", "name": "x" }), "/account_id"),
        (json!({ "account_id": clevertap, "name": "" }), "/name"),
        (json!({ "account_id": clevertap }), "/name"),
        (json!({ "account_id": clevertap, "name": "x", "expires": { "days": 0 } }), "/expires"),
        (json!({ "account_id": clevertap, "name": "x", "expires": { "days": 3651 } }), "/expires"),
        (json!({ "account_id": clevertap, "name": "x", "expires": { "days": -1 } }), "/expires/days"),
        (json!({ "account_id": clevertap, "name": "x", "expires": { "at": "tomorrow" } }), "/expires/at"),
        (json!({ "account_id": clevertap, "name": "x", "expires": { "days": 1, "at": "x" } }), "/expires"),
        (json!({ "account_id": clevertap, "name": "x", "expires_in_days": 5 }), "/expires_in_days"),
        (json!({ "account_id": clevertap, "name": "x", "kind": "personal" }), "/person_id"),
        (json!({ "account_id": clevertap, "name": "x", "person_id": "jo" }), "/person_id"),
    ] {
        let answer = control.post("/v1/keys", body.clone()).await.is(422);
        assert_eq!(answer.pointer(), pointer, "{body} {}", answer.text);
    }
    let twin = json!({ "account_id": clevertap, "name": "Partner A" });
    control.post("/v1/keys", twin).await.is(201);
    control.post("/v1/keys", json!({ "account_id": clevertap, "name": "partner a" })).await.is(409);
}

#[tokio::test]
async fn r32_r33_an_edit_keeps_the_secret() {
    let control = Control::start().await;
    let account = control.account("clevertap", "Acme").await;
    let new = json!({ "account_id": account, "name": "Partner", "expires": { "days": 10 } });
    let made = control.post("/v1/keys", new).await.is(201);
    let path = format!("/v1/keys/{}", made.text_of("id"));
    assert_eq!(made.body["standing"], "expiring_soon");
    control.started.clock.advance(11 * 86_400_000);
    assert_eq!(control.get(&path).await.body["standing"], "expired");
    let edit = json!({ "name": "Partner B", "expires": { "days": 60 }, "tags": ["x"] });
    let changed = control.patch(&path, edit).await.is(200);
    assert_eq!((&changed.body["standing"], &changed.body["name"]), (&json!("active"), &json!("Partner B")));
    assert_eq!(changed.body["secrets"], made.body["secrets"]);
    assert_eq!(changed.body.get("secret"), None);
    let forever = control.patch(&path, json!({ "expires": "never" })).await.is(200);
    assert_eq!(forever.body["expires_at"], Value::Null);
    let until = control.patch(&path, json!({ "expires": { "at": "2027-01-01T01:00:00+01:00" } })).await.is(200);
    assert_eq!(until.body["expires_at"], "2027-01-01T00:00:00Z");
}

#[tokio::test]
async fn an_edit_of_an_older_version_is_refused() {
    let control = Control::start().await;
    let account = control.account("clickyid", "Acme").await;
    let made = control.key(&account, "Checkout").await;
    let path = format!("/v1/keys/{}", made.text_of("id"));
    control.patch(&path, json!({ "name": "Two" })).await.is(200);
    let edit = |request: reqwest::RequestBuilder| {
        let tag = made.header("etag").to_owned();
        request.bearer_auth(&control.operator).header("if-match", tag).json(&json!({ "name": "Three" }))
    };
    control.send(edit, Method::PATCH, &path).await.is(412);
}

#[tokio::test]
async fn a_repeated_create_returns_the_same_key_without_its_secret() {
    let control = Control::start().await;
    let account = control.account("clickyid", "Acme").await;
    let create = async |token: &str, name: &str| {
        let new = json!({ "account_id": account, "name": name, "scopes": ["validate:offers"] });
        let request = |request: reqwest::RequestBuilder| {
            request.bearer_auth(&control.operator).header("idempotency-key", token).json(&new)
        };
        control.send(request, Method::POST, "/v1/keys").await
    };
    let first = create("order-1", "Checkout").await.is(201);
    let again = create("order-1", "Checkout").await.is(201);
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    assert_eq!(again.body["id"], first.body["id"]);
    assert_eq!(again.body["secret"], Value::Null);
    assert_eq!(again.body["effective"], "all");
    assert_eq!(create("order-1", "Other").await.is(409).body["code"], "idempotency_conflict");
    assert_ne!(create("order-2", "Other").await.is(201).body["id"], first.body["id"]);
    assert_eq!(create(&"x".repeat(256), "Third").await.is(400).parameter(), "Idempotency-Key");
}

#[tokio::test]
async fn r74_a_rotation_overlaps_and_can_be_undone_or_completed() {
    let control = Control::start().await;
    let account = control.account("clickyid", "Acme").await;
    let made = control.key(&account, "Checkout").await;
    let id = made.text_of("id");
    let rotate = format!("/v1/keys/{id}/rotate");
    let rotated = control.post(&rotate, json!({ "overlap_s": 3600 })).await.is(200);
    assert_eq!(rotated.text_of("id"), id);
    assert_ne!(rotated.text_of("secret"), made.text_of("secret"));
    assert_eq!(rotated.body["secrets"][1]["until"], "2026-03-01T11:15:00Z");
    control.post(&rotate, json!({ "overlap_s": 3600 })).await.is(409);
    let undone = act(&control, &id, "rotate/cancel").await.is(200);
    assert_eq!(undone.body["secrets"][0]["id"], made.body["secrets"][0]["id"]);
    control.post(&rotate, json!({ "overlap_s": 3600 })).await.is(200);
    let completed = act(&control, &id, "rotate/complete").await.is(200);
    assert_eq!(completed.body["secrets"].as_array().unwrap().len(), 1);
    act(&control, &id, "rotate").await.is(200);
    assert_eq!(control.post(&rotate, json!({ "overlap_s": 31 * 86_400 })).await.is(422).pointer(), "/overlap_s");
    assert_eq!(control.post(&rotate, json!({ "overlap": 5 })).await.is(422).pointer(), "/overlap");
}

#[tokio::test]
async fn r34_a_key_is_disabled_enabled_revoked_and_deleted() {
    let control = Control::start().await;
    let account = control.account("clickyid", "Acme").await;
    let id = control.key(&account, "Checkout").await.text_of("id");
    for (action, standing) in [("disable", "disabled"), ("enable", "active"), ("revoke", "revoked")] {
        assert_eq!(act(&control, &id, action).await.is(200).body["standing"], standing);
    }
    let again = act(&control, &id, "revoke").await.is(200);
    assert_eq!(again.body["revoked_at"], "2026-03-01T10:15:00Z");
    act(&control, &id, "enable").await.is(409);
    assert_eq!(control.delete(&format!("/v1/keys/{id}")).await.is(200).body, json!({ "effective": "all" }));
    control.get(&format!("/v1/keys/{id}")).await.is(404);
}

#[tokio::test]
async fn a_secret_finds_its_key_and_what_became_of_it() {
    let control = Control::start().await;
    let account = control.account("clickyid", "Acme").await;
    let made = control.key(&account, "Checkout").await;
    let secret = json!({ "secret": made.text_of("secret") });
    let found = control.post("/v1/keys/find", secret.clone()).await.is(200);
    assert_eq!((&found.body["outcome"], &found.body["key"]["id"]), (&json!("key"), &made.body["id"]));
    let other = control.key_of(&control.account("clickyid", "Other").await).await;
    let foreign = control.by(&other, Method::POST, "/v1/keys/find", Some(secret.clone())).await.is(200);
    assert_eq!(foreign.body, json!({ "outcome": "unknown" }));
    control.delete(&format!("/v1/keys/{}", made.text_of("id"))).await.is(200);
    let gone = control.post("/v1/keys/find", secret).await.is(200);
    assert_eq!((&gone.body["outcome"], &gone.body["reason"]), (&json!("gone"), &json!("deleted")));
}

#[tokio::test]
async fn r85_an_account_reveals_its_own_codat_keys_and_an_operator_none() {
    let control = Control::start().await;
    let made = control.post("/v1/accounts", json!({ "api": "codat", "name": "Acme" })).await.is(201);
    let first = &made.body["first_key"];
    let path = format!("/v1/keys/{}/reveal", first["id"].as_str().unwrap());
    control.by(&control.operator, Method::POST, &path, None).await.is(403);
    let own = control.key_of(&made.text_of("id")).await;
    let revealed = control.by(&own, Method::POST, &path, None).await.is(200);
    assert_eq!(revealed.body["secret"], first["secret"]);
    let audit = control.get("/v1/audit?action=key.revealed").await.is(200);
    assert_eq!(audit.body["items"][0]["subject"], first["id"]);
}
