//! `/v1/me/totp`, `/v1/me/recovery-codes`, `/v1/session/prove`.

use keyward_core::time::UnixMs;
use serde_json::{Value, json};
use totp_rs::{Algorithm, Builder};

use super::{Browser, EMAIL, OTHER, PASSWORD, Site};

const MINUTE_MS: i64 = 60_000;

fn code(base32: &str, at: UnixMs) -> String {
    let key = totp_rs::Secret::try_from_base32(base32).unwrap();
    let totp = Builder::new().with_algorithm(Algorithm::SHA1).with_secret(key).build().unwrap();
    totp.generate((at.0 / 1_000) as u64).to_string()
}

/// Ada gets an authenticator: its secret and her recovery codes.
pub(super) async fn enrol(site: &Site, ada: &Browser) -> (String, Vec<Value>) {
    let made = ada.post("/v1/me/totp", json!({})).await.is(201).body;
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(made["uri"].as_str().unwrap().contains(&format!("secret={secret}&")));
    let shown = code(&secret, site.started.clock.now());
    let confirmed = ada.post("/v1/me/totp/confirm", json!({ "code": shown })).await.is(200);
    site.started.clock.advance(MINUTE_MS);
    (secret, confirmed.body["recovery_codes"].as_array().unwrap().clone())
}

#[tokio::test]
async fn an_authenticator_is_asked_for_after_the_password_matched() {
    let site = Site::with_ada().await;
    let ada = site.ada().await;
    let before = ada.session();
    let (secret, codes) = enrol(&site, &ada).await;
    assert_eq!(codes.len(), 10);
    assert_ne!(ada.session(), before, "the cookie is renewed");

    let sign_in = async |password: &str, member: &str, value: &Value| {
        let mut body = json!({ "email": EMAIL, "password": password });
        if !member.is_empty() {
            body[member] = value.clone();
        }
        site.browser().post("/v1/session", body).await
    };
    let shown = json!(code(&secret, site.started.clock.now()));
    assert_eq!(sign_in(PASSWORD, "", &Value::Null).await.is(401).code(), "totp_required");
    assert_eq!(sign_in(OTHER, "", &Value::Null).await.is(401).code(), "invalid_credentials");
    assert_eq!(sign_in(OTHER, "totp", &shown).await.is(401).code(), "invalid_credentials");
    assert_eq!(sign_in(PASSWORD, "totp", &json!("000000")).await.is(401).code(), "invalid_code");
    assert_eq!(sign_in(PASSWORD, "totp", &shown).await.is(200).body["has_totp"], json!(true));
    assert_eq!(sign_in(PASSWORD, "totp", &shown).await.is(401).code(), "invalid_code");
    sign_in(PASSWORD, "recovery_code", &codes[0]).await.is(200);
    assert_eq!(sign_in(PASSWORD, "recovery_code", &codes[0]).await.is(401).code(), "invalid_code");
    let both = json!({ "email": EMAIL, "password": PASSWORD, "totp": "1", "recovery_code": "2" });
    assert_eq!(site.browser().post("/v1/session", both).await.is(422).pointer(), "/recovery_code");

    let fresh = ada.post("/v1/me/recovery-codes", json!({})).await.is(201);
    assert_eq!(fresh.headers["cache-control"], "no-store");
    let removal = json!({ "recovery_code": fresh.body["recovery_codes"][0] });
    ada.send(reqwest::Method::DELETE, "/v1/me/totp", Some(json!({}))).await.is(422);
    ada.send(reqwest::Method::DELETE, "/v1/me/totp", Some(removal)).await.is(204);
    sign_in(PASSWORD, "", &Value::Null).await.is(200);
}

#[tokio::test]
async fn a_stolen_cookie_is_not_enough_to_add_an_authenticator() {
    let site = Site::with_ada().await;
    let ada = site.ada().await;
    site.started.clock.advance(15 * MINUTE_MS);
    assert_eq!(ada.post("/v1/me/totp", json!({})).await.is(403).code(), "proof_needed");
    let wrong = ada.post("/v1/session/prove", json!({ "password": OTHER })).await.is(401);
    assert_eq!(wrong.code(), "invalid_credentials");
    ada.post("/v1/session/prove", json!({ "password": PASSWORD })).await.is(204);
    let (secret, _) = enrol(&site, &ada).await;
    let prove = async |totp: Option<String>| {
        let mut body = json!({ "password": PASSWORD });
        if let Some(totp) = totp {
            body["totp"] = totp.into();
        }
        ada.post("/v1/session/prove", body).await
    };
    assert_eq!(prove(None).await.is(401).code(), "totp_required");
    prove(Some(code(&secret, site.started.clock.now()))).await.is(204);
    for _ in 0..5 {
        ada.post("/v1/session/prove", json!({ "password": OTHER })).await.is(401);
    }
    ada.post("/v1/session/prove", json!({ "password": OTHER })).await.is(429);
}
