//! Pages and filters of every list.

use serde_json::json;

use super::Control;

#[tokio::test]
async fn a_list_is_walked_by_its_cursor() {
    let control = Control::start().await;
    let account = control.account("clickyid", "Acme").await;
    for name in ["one", "two", "three"] {
        control.key(&account, name).await;
        control.started.clock.advance(1_000);
    }
    let mut names = Vec::new();
    let mut path = "/v1/keys?limit=2".to_owned();
    loop {
        let page = control.get(&path).await.is(200).body;
        names.extend(page["items"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/keys?limit=2&cursor={cursor}");
    }
    assert_eq!(names, ["three", "two", "one"]);
}

#[tokio::test]
async fn keys_and_accounts_are_filtered() {
    let control = Control::start().await;
    let new = json!({ "api": "clickyid", "name": "Acme", "external_id": "crm 1", "metadata": { "team": "red & blue" }, "tags": ["vip"] });
    let account = control.post("/v1/accounts", new).await.is(201).text_of("id");
    control.account("codat", "Other").await;
    let new = json!({
        "account_id": account, "name": "Checkout", "scopes": ["validate:offers"], "environment": "test",
        "external_id": "ci", "metadata": { "n": 5 }, "tags": ["web"],
    });
    let key = control.post("/v1/keys", new).await.is(201).text_of("id");
    let only = async |path: &str, id: &str| {
        let page = control.get(path).await.is(200).body;
        let ids: Vec<_> = page["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect();
        assert_eq!(ids, [json!(id)], "{path}");
    };
    for query in
        ["api=clickyid", "external_id=crm+1", "tag=vip", "metadata.team=red%20%26%20blue", "tag=vip&api=clickyid"]
    {
        only(&format!("/v1/accounts?{query}"), &account).await;
    }
    for query in ["api=clickyid", "environment=test", "name=checkout", "external_id=ci", "tag=web", "metadata.n=5"] {
        only(&format!("/v1/keys?{query}"), &key).await;
    }
    only(&format!("/v1/keys?account_id={account}&kind=account&standing=active"), &key).await;
    let none = control.get("/v1/keys?tag=web&name=other").await.is(200).body;
    assert_eq!(none, json!({ "items": [], "next_cursor": null }));
}

#[tokio::test]
async fn wrong_parameters_are_named() {
    let control = Control::start().await;
    let people = format!("/v1/accounts/{}/people", control.account("clickyid", "Acme").await);
    for (path, parameter) in [
        ("/v1/keys?colour=red", "colour"),
        ("/v1/keys?limit=0", "limit"),
        ("/v1/keys?limit=201", "limit"),
        ("/v1/keys?limit=some", "limit"),
        ("/v1/keys?cursor=nonsense", "cursor"),
        ("/v1/keys?standing=good", "standing"),
        ("/v1/keys?account_id=acct_1", "account_id"),
        ("/v1/keys?tag=a&tag=b", "tag"),
        ("/v1/accounts?kind=account", "kind"),
        ("/v1/management-keys?cursor=%00", "cursor"),
        ("/v1/audit?account_id=1", "account_id"),
        (&format!("{people}?limit=-1"), "limit"),
    ] {
        let answer = control.get(path).await.is(400);
        assert_eq!((answer.parameter(), &answer.body["code"]), (parameter, &json!("invalid_parameters")), "{path}");
    }
}

#[tokio::test]
async fn the_audit_tells_who_changed_what() {
    let control = Control::start().await;
    let account = control.account("clickyid", "Acme").await;
    let key = control.key(&account, "Checkout").await.text_of("id");
    control.patch(&format!("/v1/keys/{key}"), json!({ "name": "Shop" })).await.is(200);
    let events = control.get(&format!("/v1/audit?subject={key}")).await.is(200).body;
    let actions: Vec<_> = events["items"].as_array().unwrap().iter().map(|event| event["action"].clone()).collect();
    assert_eq!(actions, ["key.edited", "key.created"]);
    let edit = &events["items"][0];
    assert_eq!((&edit["before"], &edit["after"]), (&json!({ "name": "Checkout" }), &json!({ "name": "Shop" })));
    assert_eq!((&edit["account_id"], &edit["origin"]), (&json!(account), &json!("127.0.0.1")));
    assert!(edit["actor"].as_str().unwrap().starts_with("management_key:mk_"));
}
