//! Webhooks over HTTP, by the client of the SDK.

use keyward_sdk::client::Client;
use keyward_sdk::wire::{DeliveryQuery, LeakLabel, LeakReport, LeakReports, NewWebhook, SecretText, WebhookEdit};
use reqwest::Method;
use serde_json::json;

use super::Control;
use crate::support::receiver::Receiver;

#[tokio::test]
async fn the_client_makes_tests_changes_and_removes_webhooks() {
    let (control, receiver) = (Control::start().await, Receiver::start().await);
    let client = Client::new(&control.base, SecretText::new(control.operator.as_str())).unwrap();
    let account = control.account("clickyid", "Acme").await;
    let new = NewWebhook { url: receiver.url.clone(), kinds: Some(vec!["key.exposed".into()]), enabled: None };
    let made = client.create_webhook(&account, &new, Some("t1")).await.unwrap();
    let again = client.create_webhook(&account, &new, Some("t1")).await.unwrap();
    assert_eq!((&again.webhook, again.secret), (&made.webhook, None));
    let id = made.webhook.id.as_str();
    assert_eq!(client.webhooks(&account).await.unwrap().items, [client.webhook(&account, id).await.unwrap()]);
    let attempt = client.test_webhook(&account, id).await.unwrap();
    assert_eq!((attempt.status, attempt.kind.as_str()), (Some(200), "webhook.test"));
    let rotated = client.rotate_webhook_secret(&account, id).await.unwrap();
    assert!(rotated.webhook.old_secret_until.is_some());
    let url = Some(format!("{}&moved", receiver.url));
    let edit = WebhookEdit { url: url.clone(), secret: rotated.secret, ..WebhookEdit::default() };
    let moved = client.edit_webhook(&account, id, &edit, Some(rotated.webhook.version)).await.unwrap().object;
    assert_eq!(Some(moved.url), url);
    assert!(client.edit_webhook(&account, id, &edit, Some(1)).await.is_err());

    control.started.clock.advance(1_000);
    let secret = control.key(&account, "Checkout").await.text_of("secret");
    let report = LeakReport { secret: SecretText::new(secret), url: None, source: None };
    let results = client.report_leaks(&LeakReports { reports: vec![report] }).await.unwrap().results;
    assert_eq!(results[0].label, LeakLabel::TruePositive);
    while keyward_server::outbox::work_once(&control.started.app).await.unwrap() > 0 {}
    let log = client.deliveries(&account, id, &DeliveryQuery::default()).await.unwrap().items;
    assert_eq!((log.len(), log[0].kind.as_str()), (2, "key.exposed"));
    client.resend_delivery(&account, id, &log[0].parcel_id).await.unwrap();
    client.delete_webhook(&account, id).await.unwrap();
    assert!(client.webhooks(&account).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn nobody_is_shown_a_signing_secret_twice() {
    let control = Control::start().await;
    let account = control.account("clickyid", "Acme").await;
    let path = format!("/v1/accounts/{account}/webhooks");
    let made = control.post(&path, json!({ "url": "https://hooks.example.com/" })).await.is(201);
    assert_eq!((made.header("etag"), made.header("cache-control")), ("\"1\"", "no-store"));
    let (id, secret) = (made.text_of("id"), made.text_of("secret"));
    let one = format!("{path}/{id}");
    let off = control.by(&control.operator, Method::PATCH, &one, Some(json!({ "enabled": false }))).await.is(200);
    for answer in [control.get(&path).await, control.get(&one).await, off, control.get("/v1/audit").await] {
        assert!(!answer.text.contains(&secret[6..]), "{}", answer.text);
    }
    let wrong = control.post(&path, json!({ "url": "https://127.0.0.1.example.com", "colour": 1 })).await;
    assert_eq!((wrong.status, wrong.pointer()), (422, "/colour"));
    assert_eq!(control.post(&path, json!({ "url": "https://10.0.0.1/" })).await.is(422).pointer(), "/url");
}
