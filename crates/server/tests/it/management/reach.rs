//! What an account's management key can reach: its own objects, and nothing of anybody else's (threat T3).

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Control};

/// An account with one object of each sort, by the parameter that names it in paths.
pub(super) async fn belongings(control: &Control, name: &str) -> BTreeMap<&'static str, String> {
    let account = control.account("clickyid", name).await;
    let person = json!({ "name": "Jo" });
    let person = control.post(&format!("/v1/accounts/{account}/people"), person).await.is(201).text_of("id");
    let key = control.key(&account, "Checkout").await.text_of("id");
    let manager = json!({ "name": "tests", "account_id": account });
    let manager = control.post("/v1/management-keys", manager).await.is(201).text_of("id");
    let parcel = control.parcel(&account).await;
    BTreeMap::from([
        ("account_id", account),
        ("person_id", person),
        ("key_id", key),
        ("management_key_id", manager),
        ("parcel_id", parcel),
    ])
}

/// What a client can tell answers apart by.
pub(super) fn seen(answer: &Answer) -> (u16, String, Vec<(String, String)>) {
    let told = |name: &str| !matches!(name, "date" | "x-request-id");
    let headers = answer.headers.iter().filter(|(name, _)| told(name.as_str()));
    let headers = headers.map(|(name, value)| (name.to_string(), format!("{value:?}"))).collect();
    (answer.status, answer.text.clone(), headers)
}

#[tokio::test]
async fn r49_ids_in_bodies_and_queries_tell_nothing_either() {
    let control = Control::start().await;
    let foreign = belongings(&control, "Foreign").await;
    let own = belongings(&control, "Own").await;
    let key = control.key_of(&own["account_id"]).await;
    let missing_account = "acct_0190000000007000800000000000abcd";
    let new = |account: &str| json!({ "account_id": account, "name": "x", "scopes": ["validate:offers"] });
    let manager = |account: &str| json!({ "account_id": account, "name": "x" });
    for (path, body) in [("/v1/keys", &new as &dyn Fn(&str) -> Value), ("/v1/management-keys", &manager)] {
        let reference = control.by(&key, Method::POST, path, Some(body(missing_account))).await;
        let answer = control.by(&key, Method::POST, path, Some(body(&foreign["account_id"]))).await;
        assert!(reference.status >= 400, "{path}: {}", reference.text);
        assert_eq!(seen(&answer), seen(&reference), "{path}");
    }
    for list in ["/v1/keys", "/v1/audit", "/v1/outbox"] {
        let of = async |account: &str| {
            control.by(&key, Method::GET, &format!("{list}?account_id={account}"), None).await.is(200)
        };
        assert_eq!(seen(&of(&foreign["account_id"]).await), seen(&of(missing_account).await), "{list}");
    }
}

#[tokio::test]
async fn r49_lists_hold_an_accounts_own_objects_only() {
    let control = Control::start().await;
    let foreign = belongings(&control, "Foreign").await;
    let own = belongings(&control, "Own").await;
    let key = control.key_of(&own["account_id"]).await;
    for (path, parameter) in [
        ("/v1/accounts", "account_id"),
        ("/v1/keys", "key_id"),
        ("/v1/management-keys", "management_key_id"),
        ("/v1/audit", "key_id"),
        ("/v1/outbox", "parcel_id"),
    ] {
        let list = control.by(&key, Method::GET, path, None).await.is(200).text;
        assert!(list.contains(&own[parameter]), "{path}: {list}");
        assert!(foreign.values().all(|id| !list.contains(id)), "{path}: {list}");
    }
}
