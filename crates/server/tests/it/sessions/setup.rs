//! `/v1/setup`: the very first person.

use keyward_server::sessions::operators;
use serde_json::{Value, json};

use super::{EMAIL, PASSWORD, Site};

fn sent(token: &str, password: &str) -> Value {
    json!({ "token": token, "name": "Ada", "email": EMAIL, "password": password })
}

#[tokio::test]
async fn the_link_on_the_console_makes_the_first_operator_once() {
    let site = Site::start("").await;
    let link = operators::setup_link(&site.started.app).await.unwrap().unwrap();
    let browser = site.browser();
    let made_up = "kwl_0000000000000000000000000000000000000000";
    assert_eq!(browser.post("/v1/setup", sent(made_up, PASSWORD)).await.is(410).code(), "link_not_valid");
    assert_eq!(browser.post("/v1/setup", sent(link.expose(), "password12345")).await.is(422).pointer(), "/password");
    let bad = json!({ "token": link.expose(), "name": "", "email": "ada", "password": PASSWORD });
    let refused = browser.post("/v1/setup", bad).await.is(422).body;
    let pointers: Vec<_> = refused["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, ["/name", "/email"]);

    let answer = browser.post("/v1/setup", sent(link.expose(), PASSWORD)).await.is(201);
    assert_eq!((&answer.body["operator"], &answer.body["email"]), (&json!(true), &json!(EMAIL)));
    browser.get("/v1/me/sessions").await.is(200);
    assert_eq!(browser.post("/v1/setup", sent(link.expose(), PASSWORD)).await.is(410).code(), "link_not_valid");
    assert!(operators::setup_link(&site.started.app).await.unwrap().is_none());
}
