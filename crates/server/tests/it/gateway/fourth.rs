//! A fourth preset, made as anybody can: a directory beside the configuration, no Rust.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyward_core::key::Environment;
use keyward_server::keys::{self, NewKey};

use super::Gated;
use crate::support;

const PRESET: &str = r#"
schemes = ["basic", "bearer"]
environments = ["live", "test"]

[keys.account]
prefix = "sk_{environment}_"
letters = 99
naming = "optional"

[limits.default]
limit = 2
window = "1s"

[errors]
content_type = "application/json"
template = "error.json"
"#;
const ERROR: &str = r#"{"error":{"type":{% if status == 429 %}"rate_limit_error"{% elif status == 401 %}"authentication_error"{% else %}"invalid_request_error"{% endif %},"message":{{ message|tojson }},"code":{{ code|tojson }}}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_fourth_preset_serves_without_touching_rust() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("preset.toml"), PRESET).unwrap();
    std::fs::write(folder.path().join("error.json"), ERROR).unwrap();
    let preset = folder.path().display();
    let gate =
        Gated::start(&format!("[apis.pay]\npreset = '{preset}'\nupstream = 'LIVE'\ntest_upstream = 'TEST'\n")).await;
    let account = gate.started.account("pay", "Example").await;
    let live = gate.secret(support::new_key(&account, "live")).await;
    let test = NewKey { environment: Environment::Test, ..support::new_key(&account, "test") };
    let test = gate.started.key(test).await;
    let test_secret = test.secret.unwrap();
    assert!(live.starts_with("sk_live_") && test_secret.expose().starts_with("sk_test_"));

    let basic = |secret: &str| format!("Authorization: Basic {}", STANDARD.encode(format!("{secret}:")));
    let ask = |secret: &str| gate.send("GET /v1/charges", &[&basic(secret)], "");
    assert_eq!(ask(&live).status, 200);
    assert_eq!(ask(test_secret.expose()).status, 200);
    assert_eq!((gate.live.received().len(), gate.test.received().len()), (1, 1));

    let told = |reply: super::Reply| {
        let body: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
        let text = |name: &str| body["error"][name].as_str().unwrap_or_default().to_owned();
        (reply.status, text("type"), text("code"))
    };
    assert_eq!(ask(&live).status, 200);
    assert_eq!(told(ask(&live)), (429, "rate_limit_error".into(), "rate_limited".into()));
    keys::revoke(
        &gate.started.app,
        keyward_server::changes::Reach::All,
        keyward_server::changes::Actor::system(),
        test.key.id,
    )
    .await
    .unwrap();
    assert_eq!(told(ask(test_secret.expose())), (401, "authentication_error".into(), "key_revoked".into()));
    assert_eq!(
        told(gate.send("GET /v1/charges", &[], "")),
        (401, "authentication_error".into(), "missing_credentials".into())
    );
}
