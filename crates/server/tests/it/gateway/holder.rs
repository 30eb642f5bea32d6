use keyward_core::key::Environment;
use serde_json::Value;

use super::{Gated, is, scoped, told};

const APIS: &str = "[apis.clickyid]\npreset = 'clickyid'\nupstream = 'LIVE'\ntest_upstream = 'TEST'\n\
    prefixes = ['/clicky']\n";
const DOOR: &str = "/clicky/.well-known/keyward/key";

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_looks_at_the_own_key_and_spends_nothing() {
    let gate = Gated::start(APIS).await;
    let account = gate.started.account("clickyid", "Team").await;
    let secret = gate.secret(scoped(&account, "CI", Environment::Live, &["validate:offers"])).await;
    let bearer = format!("Authorization: Bearer {secret}");
    for _ in 0..2 {
        let reply = gate.send(&format!("GET {DOOR}"), &[&bearer], "");
        assert_eq!((reply.status, reply.header("cache-control").as_deref()), (200, Some("no-store")));
        let own: Value = serde_json::from_str(&reply.body).unwrap();
        assert_eq!(own["name"], "CI");
        assert_eq!(own["environment"], "live");
        assert_eq!(own["scopes"], serde_json::json!(["validate:offers"]));
        assert_eq!((&own["expires_at"], &own["overlap"]), (&Value::Null, &Value::Null));
        let limit = serde_json::json!([
            { "name": "default", "limit": 1_000, "remaining": 1_000, "reset_at": "2026-03-01T11:00:00Z" },
        ]);
        assert_eq!(own["limits"], limit);
        let hint = own["hint"].as_str().unwrap();
        assert!(hint.starts_with("ck_live_") && secret.ends_with(&hint[hint.len() - 4..]));
        assert!(!reply.body.contains(&secret));
    }
    assert_eq!(told(&gate.send(&format!("GET {DOOR}"), &[], "")), is(401, "missing_credentials"));
    assert_eq!(told(&gate.send(&format!("DELETE {DOOR}"), &[&bearer], "")), is(405, "method_not_allowed"));
    assert!(gate.live.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_ends_a_leaked_key() {
    let gate = Gated::start(APIS).await;
    let account = gate.started.account("clickyid", "Team").await;
    let secret = gate.secret(scoped(&account, "CI", Environment::Live, &["validate:offers"])).await;
    let bearer = format!("Authorization: Bearer {secret}");
    assert_eq!(gate.send(&format!("POST {DOOR}/revoke"), &[&bearer], "").status, 204);
    assert_eq!(told(&gate.send("GET /clicky/offers", &[&bearer], "")), is(401, "key_revoked"));
}
