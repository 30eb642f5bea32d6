//! Pages, probes, headers, and what the configuration says of APIs.

use reqwest::Method;
use serde_json::json;

use super::Control;

#[tokio::test]
async fn r80_the_reference_is_served_by_the_program_itself() {
    let control = Control::start().await;
    let page = control.send(|request| request, Method::GET, "/docs").await.is(200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'self'") && !policy.contains("unsafe"), "{policy}");
    let document = control.send(|request| request, Method::GET, "/openapi.json").await.is(200).body;
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["paths"]["/v1/keys/{key_id}/rotate"]["post"].is_object());
    control.send(|request| request, Method::GET, "/style.css").await.is(200);
}

/// The dashboard, or the page that says that it was not built.
#[tokio::test]
async fn t6_what_stands_at_the_root_runs_no_script_of_others() {
    let control = Control::start().await;
    let page = control.send(|request| request, Method::GET, "/").await.is(200);
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; ") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("script-src 'self' ") && !policy.contains("http"), "{policy}");
}

#[tokio::test]
async fn probes_need_no_key() {
    let control = Control::start().await;
    assert_eq!(control.send(|request| request, Method::GET, "/healthz").await.is(200).text, "ok\n");
    assert_eq!(control.send(|request| request, Method::GET, "/readyz").await.is(200).text, "ready\n");
    assert_eq!(control.send(|request| request, Method::GET, "/metrics").await.is(200).text, "keyward_up 1\n");
}

#[tokio::test]
async fn every_answer_has_an_id_and_the_security_headers() {
    let control = Control::start().await;
    let (one, two) = (control.get("/v1/keys").await, control.get("/nowhere").await);
    assert_eq!(one.header("x-request-id").len(), 32);
    assert_ne!(one.header("x-request-id"), two.header("x-request-id"));
    for answer in [one, two] {
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let control = Control::start().await;
    let answer = control.get("/v2").await.is(404);
    insta::assert_json_snapshot!(answer.body, @r#"
    {
      "type": "about:blank",
      "title": "Not Found",
      "status": 404,
      "code": "no_route",
      "detail": "Nothing answers at this path; see /docs."
    }
    "#);
    let answer = control.by(&control.operator, Method::PUT, "/v1/keys", None).await.is(405);
    assert_eq!(answer.body["code"], "method_not_allowed");
    assert!(answer.header("allow").contains("POST"), "{}", answer.header("allow"));
}

#[tokio::test]
async fn r13_regions_and_their_hosts_are_listed() {
    let control = Control::start().await;
    let regions = control.get("/v1/regions").await.is(200).body;
    let clevertap = regions["items"].as_array().unwrap().iter().find(|one| one["api"] == "clevertap").unwrap();
    insta::assert_json_snapshot!(clevertap["regions"][1], @r#"
    {
      "name": "eu1",
      "hosts": [
        "eu1.api.clevertap.com",
        "api.clevertap.com"
      ]
    }
    "#);
    let names: Vec<_> = clevertap["regions"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["aps3", "eu1", "in1", "mec1", "sg1", "us1"]);
}

#[tokio::test]
async fn r51_r58_apis_tell_what_a_key_may_have() {
    let control = Control::start().await;
    let apis = control.get("/v1/apis").await.is(200).body;
    let clickyid = &apis["items"][1];
    assert_eq!(clickyid["name"], "clickyid");
    assert_eq!(clickyid["environments"], json!(["live", "test"]));
    let scopes: Vec<_> = clickyid["scopes"].as_array().unwrap().iter().map(|scope| scope["name"].clone()).collect();
    assert_eq!(scopes, ["validate:target-groups", "validate:offers"]);
    assert_eq!(clickyid["kinds"][0]["visibility"], "once");
    assert_eq!(clickyid["kinds"][0]["names_environment"], true);
    assert_eq!(
        (&clickyid["schemes"], &clickyid["example"]),
        (&json!([{ "type": "bearer" }]), &json!("/target-groups"))
    );
    assert_eq!(clickyid["words"]["section"], "Team dashboard");
    assert_eq!(clickyid["words"]["expiring_soon"], "Expiring soon", "what a preset leaves out has a default");
    let bulk = &clickyid["routes"][2];
    assert_eq!((&bulk["path"], &bulk["environments"]), (&json!("/validate/bulk"), &json!(["live"])));
    let account = control.account("codat", "Acme").await;
    let own = control.by(&control.key_of(&account).await, Method::GET, "/v1/apis", None).await.is(200).body;
    assert_eq!(own["items"].as_array().unwrap().len(), 1, "an account sees its own API alone");
}

#[tokio::test]
async fn bodies_are_json_and_bounded() {
    let control = Control::start().await;
    let key = control.operator.clone();
    let text = |kind: &'static str, body: String| {
        let key = key.clone();
        move |request: reqwest::RequestBuilder| request.bearer_auth(key).header("content-type", kind).body(body)
    };
    for (kind, body, status, code) in [
        ("text/plain", "{}".to_owned(), 415, "unsupported_media"),
        ("application/json", "{".to_owned(), 400, "invalid_body"),
        ("application/json", String::new(), 400, "invalid_body"),
        ("application/json", " ".repeat((1 << 20) + 1), 413, "payload_too_large"),
        ("application/json; charset=utf-8", "{}".to_owned(), 422, "invalid_fields"),
    ] {
        let answer = control.send(text(kind, body), Method::POST, "/v1/keys").await.is(status);
        assert_eq!(answer.body["code"], code);
    }
}
