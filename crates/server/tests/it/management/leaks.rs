//! Reports of leaks over HTTP: GitHub's, which are signed, and others, which are authenticated.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

use super::{Answer, Control};
use crate::support::receiver::Receiver;

const PATH: &str = "/v1/leaks/github";
/// What stands before a point of P-256 in DER.
const BEFORE: &str = "3059301306072a8648ce3d020106082a8648ce3d030107034200";

/// Somebody who signs as GitHub does.
struct Signer {
    id: &'static str,
    pair: EcdsaKeyPair,
}

impl Signer {
    fn new(id: &'static str) -> Self {
        let random = SystemRandom::new();
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der.as_ref(), &random).unwrap();
        Self { id, pair }
    }

    fn pem(&self) -> String {
        let hex = |at: usize| u8::from_str_radix(&BEFORE[at..at + 2], 16).unwrap();
        let mut der: Vec<u8> = (0..BEFORE.len()).step_by(2).map(hex).collect();
        der.extend_from_slice(self.pair.public_key().as_ref());
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
    }

    fn sign(&self, body: &str) -> String {
        STANDARD.encode(self.pair.sign(&SystemRandom::new(), body.as_bytes()).unwrap())
    }

    /// What GitHub's list of keys says.
    fn listed(&self) -> String {
        json!({ "public_keys": [{ "key_identifier": self.id, "key": self.pem(), "is_current": true }] }).to_string()
    }

    fn configured(&self) -> String {
        let (id, key) = (self.id, self.pem());
        format!("[leaks]\ngithub = true\ngithub_keys_url = ''\n[[leaks.github_keys]]\nid = {id:?}\nkey = {key:?}\n")
    }
}

async fn send(control: &Control, id: &str, signature: &str, body: &str) -> Answer {
    let build = |request: reqwest::RequestBuilder| {
        request
            .header("Github-Public-Key-Identifier", id)
            .header("Github-Public-Key-Signature", signature)
            .header("content-type", "application/json")
            .body(body.to_owned())
    };
    control.send(build, Method::POST, PATH).await
}

/// A key of an account whose published keys are revoked: its id and its secret.
async fn key(control: &Control) -> (String, String) {
    let account = control.account("clickyid", "Acme").await;
    let policy = format!("/v1/accounts/{account}/policy");
    control.by(&control.operator, Method::PUT, &policy, Some(json!({ "exposed": "revoke" }))).await.is(200);
    let made = control.key(&account, "Checkout").await;
    (made.text_of("id"), made.text_of("secret"))
}

fn found(secret: &str) -> String {
    json!([
        { "token": secret, "type": "acme_key", "url": "https://github.com/a/b/blob/c/d.txt", "source": "content" },
        { "token": "nobody's", "type": "acme_key", "url": "", "source": "content" },
    ])
    .to_string()
}

#[tokio::test]
async fn githubs_signed_report_revokes_at_once_and_is_answered_without_the_secret() {
    let signer = Signer::new("k1");
    let control = Control::start_with(&signer.configured()).await;
    let (id, secret) = key(&control).await;
    let body = found(&secret);
    let answer = send(&control, "k1", &signer.sign(&body), &body).await.is(200);
    let labels: Vec<_> = (0..2).map(|at| answer.body[at]["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["true_positive", "false_positive"]);
    assert_eq!(
        (answer.body[0]["token_hash"].as_str().unwrap().len(), &answer.body[0]["token_type"]),
        (64, &"acme_key".into())
    );
    assert!(!answer.text.contains(&secret));
    assert_eq!(control.get(&format!("/v1/keys/{id}")).await.is(200).body["standing"], "revoked");
    let audit = control.get("/v1/audit").await.is(200);
    let exposed =
        audit.body["items"].as_array().unwrap().iter().find(|event| event["action"] == "key.exposed").unwrap();
    assert_eq!(exposed["actor"], "leak_report:github");
    assert_eq!(exposed["after"]["url"], "https://github.com/a/b/blob/c/d.txt");
    assert!(!audit.text.contains(&secret));
    let count = |audit: &Answer| audit.text.matches("key.exposed").count();
    let replayed = send(&control, "k1", &signer.sign(&body), &body).await.is(200);
    assert_eq!(replayed.text, answer.text, "sent again it is answered alike");
    assert_eq!(count(&control.get("/v1/audit").await), count(&audit), "and changes nothing");
}

#[tokio::test]
async fn what_github_did_not_sign_changes_nothing() {
    let (signer, other) = (Signer::new("k1"), Signer::new("k1"));
    let control = Control::start_with(&signer.configured()).await;
    let (id, secret) = key(&control).await;
    let body = found(&secret);
    let good = signer.sign(&body);
    let cut = &body[..body.len() - 1];
    for (name, key, signature, body) in [
        ("another's signature", "k1", other.sign(&body), body.as_str()),
        ("a signature of another body", "k1", signer.sign("[]"), &body),
        ("a cut body", "k1", good.clone(), cut),
        ("a longer body", "k1", good.clone(), &format!("{body} ")),
        ("an unknown key", "k2", good.clone(), &body),
        ("no key", "", good.clone(), &body),
        ("no base64", "k1", "%%%".into(), &body),
        ("no signature", "k1", String::new(), &body),
        ("half a signature", "k1", good[..40].into(), &body),
    ] {
        let answer = send(&control, key, &signature, body).await;
        assert_eq!((answer.status, answer.text_of("code").as_str()), (401, "bad_signature"), "{name}");
        assert!(!answer.text.contains(&secret), "{name}");
    }
    let twice = |request: reqwest::RequestBuilder| {
        let request = request.header("Github-Public-Key-Identifier", "k1").header("Github-Public-Key-Signature", &good);
        request
            .header("Github-Public-Key-Signature", &good)
            .header("content-type", "application/json")
            .body(body.clone())
    };
    assert_eq!(control.send(twice, Method::POST, PATH).await.status, 401);
    for wrong in ["", "{}", "[{}]", "not json", cut] {
        let answer = send(&control, "k1", &signer.sign(wrong), wrong).await;
        assert!(matches!(answer.status, 400 | 422), "{wrong}: {}", answer.text);
        assert!(!answer.text.contains(&secret), "{wrong}");
    }
    let many = format!("[{}]", vec![r#"{"token":"x","type":"y"}"#; 1_001].join(","));
    assert_eq!(send(&control, "k1", &signer.sign(&many), &many).await.status, 422);
    assert_eq!(send(&control, "k1", "", &"x".repeat((1 << 20) + 1)).await.status, 413);
    assert_eq!(control.get(&format!("/v1/keys/{id}")).await.is(200).body["standing"], "active");
    let closed = Control::start().await;
    assert_eq!(send(&closed, "k1", &good, &body).await.status, 404, "leaks.github is off");
}

#[tokio::test]
async fn githubs_keys_are_fetched_when_one_is_named_and_at_most_once_a_minute() {
    let signer = Signer::new("k1");
    let list = Receiver::answering(&signer.listed()).await;
    let url = &list.url;
    let more = format!("[webhooks]\nloopback = true\n[leaks]\ngithub = true\ngithub_keys_url = {url:?}\n");
    let control = Control::start_with(&more).await;
    let clock = &control.started.clock;
    let named = async |id: &str| send(&control, id, &signer.sign("[]"), "[]").await.status;
    list.answers(500);
    assert_eq!((named("k1").await, named("k1").await, list.heard().len()), (503, 503, 1));
    list.answers(200);
    assert_eq!((named("k1").await, list.heard().len()), (503, 0), "not before a minute is over");
    clock.advance(60_000);
    assert_eq!((named("k1").await, named("k1").await, list.heard().len()), (200, 200, 1));
    assert_eq!((named("k2").await, list.heard().len()), (401, 0), "a minute is not over");
    clock.advance(60_000);
    assert_eq!((named("k2").await, named("k3").await, list.heard().len()), (401, 401, 1));
    clock.advance(24 * 3_600_000);
    list.answers(500);
    assert_eq!((named("k1").await, list.heard().len()), (200, 1), "kept while they can't be fetched");
}

#[tokio::test]
async fn other_scanners_report_with_a_management_key() {
    let control = Control::start().await;
    let (id, secret) = key(&control).await;
    let body = |secret: &str| {
        Some(json!({ "reports": [{ "secret": secret, "url": "https://ci.example.com/1" }, { "secret": "x" }] }))
    };
    let narrow = control.key_that_may(None, Some(&["keys.read"])).await;
    assert_eq!(control.by(&narrow, Method::POST, "/v1/leaks", body(&secret)).await.status, 403);
    let other = control.account("clickyid", "Other").await;
    let foreign = control.key_of(&other).await;
    let unseen = control.by(&foreign, Method::POST, "/v1/leaks", body(&secret)).await.is(200);
    assert_eq!(unseen.body["results"][0], json!({ "label": "false_positive", "key_id": null, "done": null }));
    let answer = control.by(&control.operator, Method::POST, "/v1/leaks", body(&secret)).await.is(200);
    assert_eq!(answer.body["results"][0], json!({ "label": "true_positive", "key_id": id, "done": "revoke" }));
    assert_eq!(answer.body["results"][1]["label"], "false_positive");
    assert!(!answer.text.contains(&secret));
    let many: Vec<Value> = (0..101).map(|_| json!({ "secret": "x" })).collect();
    let refused = control.post("/v1/leaks", json!({ "reports": many })).await.is(422);
    assert_eq!(refused.pointer(), "/reports");
    let wrong = control.post("/v1/leaks", json!({ "reports": [{ "secret": secret, "where": "x" }] })).await.is(422);
    assert!(wrong.pointer() == "/reports/0/where" && !wrong.text.contains(&secret));
}
