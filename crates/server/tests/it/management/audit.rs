//! The audit as a file, and what a full disk answers.

use reqwest::Method;
use serde_json::{Value, json};

use super::Control;
use crate::support::store::no_room;

fn events(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn an_export_holds_every_event_oldest_first() {
    let control = Control::start().await;
    let account = control.account("clickyid", "Acme").await;
    // More than are in memory at once.
    let key = control.key(&account, "Checkout").await.text_of("id");
    for _ in 0..300 {
        control.post(&format!("/v1/keys/{key}/disable"), json!({})).await.is(200);
        control.post(&format!("/v1/keys/{key}/enable"), json!({})).await.is(200);
    }
    let export = control.get("/v1/audit/export").await.is(200);
    assert_eq!(export.header("content-type"), "application/x-ndjson");
    let all = events(&export.text);
    let numbers: Vec<i64> = all.iter().map(|event| event["seq"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (1..=all.len() as i64).collect::<Vec<_>>());
    assert!(all.len() > 600);
    let newest = control.get("/v1/audit?limit=1").await.is(200).body;
    assert_eq!(newest["items"][0], all[all.len() - 1]);

    let csv = control.get("/v1/audit/export?format=csv").await.is(200);
    assert!(csv.header("content-type").starts_with("text/csv"));
    assert!(csv.text.starts_with("seq,id,at,actor,origin,action,subject,account_id,before,after,mac\r\n1,"));
    assert_eq!(csv.text.matches("\r\n").count(), all.len() + 1);
}

#[tokio::test]
async fn an_export_is_bounded_by_time_and_account() {
    let control = Control::start().await;
    let one = control.account("clickyid", "One").await;
    control.started.clock.advance(60_000);
    let two = control.account("clickyid", "Two").await;
    let key = control.key_of(&two).await;
    let own = control.by(&key, Method::GET, "/v1/audit/export", None).await.is(200);
    let own = events(&own.text);
    assert!(!own.is_empty() && own.iter().all(|event| event["account_id"] == json!(two)));
    let other = control.by(&key, Method::GET, &format!("/v1/audit/export?account_id={one}"), None).await.is(200);
    assert_eq!(other.text, "");
    let early = control.get("/v1/audit/export?until=2026-03-01T10:15:30Z").await.is(200);
    let late = control.get("/v1/audit/export?since=2026-03-01T10:15:30Z").await.is(200);
    let all = control.get("/v1/audit/export").await.is(200);
    assert!(early.text.contains(&one) && !early.text.contains(&two));
    assert_eq!(early.text + &late.text, all.text);
    for (query, parameter) in [("format=xml", "format"), ("since=yesterday", "since"), ("account_id=1", "account_id")] {
        assert_eq!(control.get(&format!("/v1/audit/export?{query}")).await.is(400).parameter(), parameter);
    }
}

#[tokio::test]
async fn p12_without_room_a_change_is_refused_with_507() {
    let control = Control::start().await;
    let account = control.account("clickyid", "Acme").await;
    no_room(&control.started.app.db, true).await;
    let mut refused = None;
    for number in 0..90 {
        let new = json!({ "account_id": account, "name": format!("key {number}"), "scopes": ["validate:offers"] });
        let answer = control.post("/v1/keys", new).await;
        if answer.status != 201 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("room was left").is(507);
    assert_eq!(refused.body["code"], "storage_full");
    no_room(&control.started.app.db, false).await;
    control.key(&account, "with room").await;
}
