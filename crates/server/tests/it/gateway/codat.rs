use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyward_core::policy::Policy;
use keyward_server::accounts;
use keyward_server::changes::{Actor, Reach};
use keyward_server::operation::Page;
use keyward_server::policies;
use serde_json::Value;

use super::{Gated, Reply, is, told};
use crate::support;

const APIS: &str = "[apis.codat]\npreset = 'codat'\nupstream = 'LIVE'\n";

/// A client with its pre-provisioned key.
async fn client() -> (Gated, String) {
    let gate = Gated::start(APIS).await;
    let secret = account(&gate, "Client").await;
    (gate, secret)
}

async fn account(gate: &Gated, name: &str) -> String {
    let new = support::new_account("codat", name);
    let made = accounts::create(&gate.started.app, Reach::All, Actor::system(), new, None).await.unwrap();
    let first = made.first_key.expect("the preset provisions a key");
    first.secret.map(|secret| secret.expose().to_owned()).expect("a new key's secret is shown")
}

impl Gated {
    fn codat(&self, line: &str, secret: &str, body: &str) -> Reply {
        self.send(line, &[&format!("Authorization: Basic {}", STANDARD.encode(secret))], body)
    }
}

fn json(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap_or_else(|error| panic!("{error}: {reply:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn r81_r82_r83_r84_the_key_alone_or_beside_a_colon_in_base64() {
    let (gate, secret) = client().await;
    for text in [secret.clone(), format!("{secret}:"), format!(":{secret}")] {
        assert_eq!(gate.codat("GET /companies", &text, "").status, 200);
    }
    let ask = |headers: &[&str]| gate.send("GET /companies", headers, "");
    for (headers, code) in [
        (vec![], "missing_credentials"),
        (vec!["Authorization: Bearer abc"], "unsupported_scheme"),
        (vec!["Authorization: Basic %%%"], "invalid_credentials"),
        (vec!["Authorization: Basic"], "invalid_credentials"),
    ] {
        let reply = ask(&headers);
        assert_eq!(told(&reply), is(401, code));
        let body = json(&reply);
        assert_eq!((&body["statusCode"], &body["service"]), (&401.into(), &"PublicApi".into()));
        assert_eq!(body["correlationId"].as_str().map(str::len), Some(32));
        assert_eq!((&body["canBeRetried"], &body["detailedErrorCode"]), (&"Unknown".into(), &0.into()));
        assert!(body["validation"].is_null() && body["error"].is_string());
        assert_eq!(reply.header("www-authenticate").as_deref(), Some("Basic realm=\"codat\""));
    }
    assert_eq!(told(&ask(&[&format!("Authorization: Basic {secret}")])), is(401, "invalid_credentials"));
    assert!(!gate.live.last().contains(&STANDARD.encode(&secret)), "the credential stays here");
}

#[tokio::test(flavor = "multi_thread")]
async fn r90_r92_r95_a_key_makes_keys() {
    let (gate, secret) = client().await;
    let reply = gate.codat("POST /apiKeys", &secret, r#"{"name":"azure-invoice-finance","other":1}"#);
    assert_eq!((reply.status, reply.header("content-type").as_deref()), (201, Some("application/json")));
    let made = json(&reply);
    let members: Vec<_> = made.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["id", "name", "apiKey", "createdDate"]);
    assert_eq!(
        (&made["name"], &made["createdDate"]),
        (&"azure-invoice-finance".into(), &"2026-03-01T10:15:00Z".into())
    );
    assert!(made["id"].as_str().unwrap().parse::<uuid::Uuid>().is_ok());
    let fresh = made["apiKey"].as_str().unwrap();
    assert!(fresh.len() == 40 && fresh.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert_eq!(gate.codat("GET /companies", fresh, "").status, 200);
    assert!(json(&gate.codat("POST /apiKeys", &secret, ""))["name"].is_null());
    let reply = gate.codat("POST /apiKeys", &secret, &format!("{{\"name\":\"{}\"}}", "é".repeat(51)));
    assert_eq!((reply.status, &json(&reply)["error"]), (400, &"Max string length (50) for `name` reached.".into()));
    assert_eq!(gate.codat("POST /apiKeys", &secret, "{").status, 400);
    assert_eq!(gate.live.received().len(), 1, "the door is ours");
}

#[tokio::test(flavor = "multi_thread")]
async fn r91_r93_keys_list_each_other_with_their_names() {
    let (gate, secret) = client().await;
    let foreign = account(&gate, "Other").await;
    gate.codat("POST /apiKeys", &secret, r#"{"name":"second"}"#);
    let listed = json(&gate.codat("GET /apiKeys", &secret, ""));
    let keys = listed["results"].as_array().unwrap();
    let mut names: Vec<_> = keys.iter().map(|key| key["name"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, [None, Some("second")]);
    assert!(keys.iter().any(|key| key["apiKey"] == secret.as_str()));
    assert!(!listed.to_string().contains(&foreign));
}

#[tokio::test(flavor = "multi_thread")]
async fn r89_r94_r102_a_key_deletes_keys_itself_among_them() {
    let (gate, secret) = client().await;
    let foreign = account(&gate, "Other").await;
    let second = json(&gate.codat("POST /apiKeys", &secret, ""))["apiKey"].as_str().unwrap().to_owned();
    let id_of = |secret: &str| {
        let listed = json(&gate.codat("GET /apiKeys", secret, ""));
        let own = listed["results"].as_array().unwrap().iter().find(|key| key["apiKey"] == secret).cloned();
        own.unwrap()["id"].as_str().unwrap().to_owned()
    };
    for id in ["nonsense", "00000000-0000-0000-0000-000000000000", &id_of(&foreign)] {
        assert_eq!(gate.codat(&format!("DELETE /apiKeys/{id}"), &secret, "").status, 404, "{id}");
    }
    let reply = gate.codat(&format!("DELETE /apiKeys/{}", id_of(&secret)), &secret, "");
    assert_eq!((reply.status, reply.body.as_str(), reply.header("content-type")), (204, "", None));
    assert_eq!(told(&gate.codat("GET /companies", &secret, "")), is(401, "invalid_credentials"));
    assert_eq!(gate.codat("GET /companies", &second, "").status, 200);
    // Row r101: the last one stays.
    let reply = gate.codat(&format!("DELETE /apiKeys/{}", id_of(&second)), &second, "");
    assert_eq!((reply.status, json(&reply)["statusCode"].as_u64()), (409, Some(409)));
    assert_eq!(told(&gate.codat("PUT /apiKeys", &second, "")), is(405, "method_not_allowed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn r100_r101_there_are_ten_at_most_and_one_at_least_whoever_hurries() {
    let (gate, secret) = client().await;
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..14).map(|_| scope.spawn(|| gate.codat("POST /apiKeys", &secret, ""))).collect();
        let mut statuses: Vec<_> = all.into_iter().map(|own| own.join().unwrap()).collect();
        statuses.sort_unstable_by_key(|reply| reply.status);
        assert_eq!(statuses.iter().filter(|reply| reply.status == 201).count(), 9);
        for refused in &statuses[9..] {
            let text = json(refused)["error"].as_str().unwrap().to_owned();
            assert!(refused.status == 409 && text.starts_with("Maximum number of API keys reached"), "{text}");
        }
    });
    let listed = json(&gate.codat("GET /apiKeys", &secret, ""));
    let all: Vec<_> =
        listed["results"].as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(all.len(), 10);
    let keys: Vec<_> =
        listed["results"].as_array().unwrap().iter().map(|key| key["apiKey"].as_str().unwrap().to_owned()).collect();
    all.iter().zip(&keys).skip(2).for_each(|(id, _)| {
        assert_eq!(gate.codat(&format!("DELETE /apiKeys/{id}"), &keys[0], "").status, 204);
    });
    // Two keys are left; each is told to delete itself at the same moment.
    let outcomes: Vec<u16> = std::thread::scope(|scope| {
        let delete = |at: usize| {
            let (gate, id, key) = (&gate, &all[at], &keys[at]);
            scope.spawn(move || gate.codat(&format!("DELETE /apiKeys/{id}"), key, "").status)
        };
        [delete(0), delete(1)].map(|own| own.join().unwrap()).into()
    });
    assert_eq!((outcomes.contains(&204), outcomes.contains(&409)), (true, true), "{outcomes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn r98_secrets_are_in_no_file_of_the_program() {
    let (gate, secret) = client().await;
    let made = json(&gate.codat("POST /apiKeys", &secret, r#"{"name":"n"}"#))["apiKey"].as_str().unwrap().to_owned();
    gate.codat("GET /apiKeys", &secret, "");
    gate.send(&format!("GET /x?api_key={made}"), &[], "");
    for secret in [&secret, &made] {
        assert!(!holds(gate.started.dir.path(), secret.as_bytes()));
        assert!(!holds(gate.started.dir.path(), STANDARD.encode(secret).trim_end_matches('=').as_bytes()));
    }
    assert!(holds(gate.started.dir.path(), b"key.created"), "the search finds what is there");
}

fn holds(dir: &Path, text: &[u8]) -> bool {
    std::fs::read_dir(dir).unwrap().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return holds(&path, text);
        }
        std::fs::read(&path).unwrap_or_default().windows(text.len()).any(|window| window == text)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_s_policy_binds_keys_that_make_keys() {
    let (gate, secret) = client().await;
    let app = &gate.started.app;
    let filter = accounts::AccountFilter::default();
    let all = accounts::list(app, Reach::All, filter, Page::default()).await.unwrap();
    let policy = Policy { expiry_required: true, ..Policy::default() };
    policies::set(app, Reach::All, Actor::system(), all.items[0].id, policy, None).await.unwrap();
    let refused = gate.codat("POST /apiKeys", &secret, "{}");
    assert_eq!(refused.status, 400);
    assert!(json(&refused)["error"].as_str().unwrap().contains("policy wants every key to end"), "{refused:?}");
    assert_eq!(json(&gate.codat("GET /apiKeys", &secret, ""))["results"].as_array().map(Vec::len), Some(1));
    assert_eq!(gate.codat("GET /companies", &secret, "").status, 200, "keys that are out keep working");
}
