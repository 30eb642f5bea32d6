//! Who may call at all.

use reqwest::Method;
use serde_json::json;

use super::Control;

#[tokio::test]
async fn without_a_key_nothing_under_v1_answers() {
    let control = Control::start().await;
    for path in ["/v1/keys", "/v1/accounts", "/v1/whoami", "/v1/keys/nonsense", "/v1/audit?colour=red"] {
        let answer = control.send(|request| request, Method::GET, path).await.is(401);
        assert_eq!(answer.body["code"], "missing_credentials", "{path}");
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"keyward\"");
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
}

#[tokio::test]
async fn wrong_credentials_are_all_alike() {
    let control = Control::start().await;
    let wrong = control.operator.replace("kwm_", "kwm_x");
    let made = control.post("/v1/management-keys", json!({ "name": "gone" })).await.is(201);
    control.delete(&format!("/v1/management-keys/{}", made.text_of("id"))).await.is(200);
    let soon = json!({ "name": "soon", "expires": { "days": 1 } });
    let expired = control.post("/v1/management-keys", soon).await.is(201);
    control.by(&expired.text_of("secret"), Method::GET, "/v1/whoami", None).await.is(200);
    control.started.clock.advance(86_400_000);
    let mut answers = Vec::new();
    for value in [
        format!("Bearer {wrong}"),
        format!("Bearer {}", made.text_of("secret")),
        format!("Bearer {}", expired.text_of("secret")),
        "Bearer".into(),
        "Basic abc".into(),
        "é".into(),
    ] {
        let answer = control.send(|request| request.header("authorization", &value), Method::GET, "/v1/keys").await;
        assert!(answer.header("www-authenticate").contains("invalid_token"));
        answers.push((answer.status, answer.text));
    }
    assert_eq!(answers[0].0, 401);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn two_credentials_or_one_in_the_url_are_refused() {
    let control = Control::start().await;
    let twice = |request: reqwest::RequestBuilder| {
        request.header("authorization", "Bearer a").header("authorization", format!("Bearer {}", control.operator))
    };
    let answer = control.send(twice, Method::GET, "/v1/keys").await.is(400);
    assert_eq!(answer.body["code"], "ambiguous_credentials");
    let path = format!("/v1/keys?key={}", control.operator);
    let answer = control.get(&path).await.is(400);
    assert_eq!(answer.body["code"], "credential_in_url");
    assert!(!answer.text.contains(&control.operator));
}

#[tokio::test]
async fn whoami_tells_the_reach() {
    let control = Control::start().await;
    assert_eq!(control.get("/v1/whoami").await.is(200).body["account_id"], json!(null));
    let account = control.account("clickyid", "Acme").await;
    let key = control.key_of(&account).await;
    let own = control.by(&key, Method::GET, "/v1/whoami", None).await.is(200);
    assert_eq!(own.text_of("account_id"), account);
    assert_eq!(own.text_of("actor"), format!("management_key:{}", own.text_of("management_key_id")));
}

#[tokio::test]
async fn management_keys_show_their_secret_once() {
    let control = Control::start().await;
    let made = control.post("/v1/management-keys", json!({ "name": "CI" })).await.is(201);
    let (id, secret) = (made.text_of("id"), made.text_of("secret"));
    assert!(secret.starts_with("kwm_"));
    control.by(&secret, Method::GET, "/v1/whoami", None).await.is(200);
    let one = control.get(&format!("/v1/management-keys/{id}")).await.is(200);
    let list = control.get("/v1/management-keys").await.is(200);
    let audit = control.get("/v1/audit").await.is(200);
    for answer in [one, list, audit] {
        assert!(answer.text.contains(&id) && !answer.text.contains(&secret), "{}", answer.text);
    }
}
