//! What an account's management key can reach: its own objects, and nothing of anybody else's (threat T3).

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Control};

/// Every operation with an id in its path: a body for it, and whether an account may do it to its own.
const MATRIX: &[(&str, &str, bool)] = &[
    ("get_account", "", true),
    ("edit_account", r#"{"name":"New"}"#, true),
    ("delete_account", "", false),
    ("list_people", "", true),
    ("create_person", r#"{"name":"Jo"}"#, true),
    ("get_person", "", true),
    ("delete_person", "", true),
    ("get_key", "", true),
    ("edit_key", r#"{"name":"New"}"#, true),
    ("delete_key", "", true),
    ("disable_key", "", true),
    ("enable_key", "", true),
    ("rotate_key", "", true),
    ("cancel_rotation", "", true),
    ("complete_rotation", "", true),
    ("revoke_key", "", true),
    ("reveal_key", "", false),
    ("reset_key", "", true),
    ("get_management_key", "", true),
    ("revoke_management_key", "", true),
];

/// An account with one object of each sort, by the parameter that names it in paths.
async fn belongings(control: &Control, name: &str) -> BTreeMap<&'static str, String> {
    let account = control.account("clickyid", name).await;
    let person = json!({ "name": "Jo" });
    let person = control.post(&format!("/v1/accounts/{account}/people"), person).await.is(201).text_of("id");
    let key = control.key(&account, "Checkout").await.text_of("id");
    let manager = json!({ "name": "tests", "account_id": account });
    let manager = control.post("/v1/management-keys", manager).await.is(201).text_of("id");
    BTreeMap::from([("account_id", account), ("person_id", person), ("key_id", key), ("management_key_id", manager)])
}

/// What a client can tell answers apart by.
fn seen(answer: &Answer) -> (u16, String, Vec<(String, String)>) {
    let told = |name: &str| !matches!(name, "date" | "x-request-id");
    let headers = answer.headers.iter().filter(|(name, _)| told(name.as_str()));
    let headers = headers.map(|(name, value)| (name.to_string(), format!("{value:?}"))).collect();
    (answer.status, answer.text.clone(), headers)
}

#[tokio::test]
async fn r49_foreign_objects_answer_exactly_as_missing_ones_on_every_route() {
    let control = Control::start().await;
    let foreign = belongings(&control, "Foreign").await;
    let missing = "0190000000007000800000000000abcd";
    let document: Value = control.get("/openapi.json").await.is(200).body;
    let mut rows: BTreeMap<_, _> = MATRIX.iter().map(|(name, body, allowed)| (*name, (*body, *allowed))).collect();
    for (path, item) in document["paths"].as_object().unwrap() {
        let Some((_, parameter)) = path.split_once('{') else { continue };
        let parameter = parameter.split('}').next().unwrap();
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            let (body, allowed) = rows.remove(name).unwrap_or_else(|| panic!("{name} has no row in this test"));
            let own = belongings(&control, name).await;
            let key = control.key_of(&own["account_id"]).await;
            let call = async |id: &str| {
                let path = path.replace(&format!("{{{parameter}}}"), id);
                let method: Method = method.to_uppercase().parse().unwrap();
                control.by(&key, method, &path, serde_json::from_str(body).ok()).await
            };
            let prefix = own[parameter].split('_').next().unwrap().to_owned();
            let reference = call(&format!("{prefix}_{missing}")).await;
            let is_told = reference.status == 404 || (reference.status == 403 && !allowed);
            assert!(is_told, "{name}: {}", reference.text);
            for id in [&foreign[parameter], "nonsense", &foreign[parameter].to_uppercase()] {
                let answer = call(id).await;
                let is_alike = seen(&answer) == seen(&reference) || (answer.status == 404 && reference.status == 403);
                assert!(is_alike, "{name} {id}: {} {}", answer.text, reference.text);
            }
            assert_eq!(seen(&call(&foreign[parameter]).await), seen(&reference), "{name}");
            let own = call(&own[parameter]).await;
            assert_ne!(own.status, 404, "{name}: {}", own.text);
            assert_eq!(own.status == 403, !allowed, "{name}: {}", own.text);
        }
    }
    assert!(rows.is_empty(), "rows without an operation: {rows:?}");
    for (parameter, place) in [("key_id", "keys"), ("person_id", "people"), ("account_id", "accounts")] {
        control.get(&format!("/v1/{place}/{}", foreign[parameter])).await.is(200);
    }
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
    for list in ["/v1/keys", "/v1/audit"] {
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
    ] {
        let list = control.by(&key, Method::GET, path, None).await.is(200).text;
        assert!(list.contains(&own[parameter]), "{path}: {list}");
        assert!(foreign.values().all(|id| !list.contains(id)), "{path}: {list}");
    }
}
