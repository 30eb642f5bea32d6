use keyward_core::time::DAY_MS;
use keyward_server::accounts::{self, AccountEdit};
use keyward_server::changes::{Actor, Reach};
use keyward_server::keys::{self, KeyEdit, NewKey};

use super::{Gated, is, told};
use crate::support;

fn apis(more: &str) -> String {
    format!("[apis.shop]\nupstream = 'LIVE'\n{more}")
}

async fn shop(more: &str, change: impl FnOnce(&mut NewKey)) -> (Gated, String) {
    let gate = Gated::start(&apis(more)).await;
    let account = gate.started.account("shop", "Acme").await;
    let mut new = support::new_key(&account, "CI");
    change(&mut new);
    let secret = gate.secret(new).await;
    (gate, secret)
}

impl Gated {
    fn shop(&self, line: &str, secret: &str) -> (u16, String) {
        told(&self.send(line, &[&format!("Authorization: Bearer {secret}")], ""))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_to_a_key_or_its_account_shows_on_the_next_request() {
    let (gate, secret) = shop("", |_| {}).await;
    let app = &gate.started.app;
    let found = keys::find(app, Reach::All, &keyward_core::secret::Secret::new(secret.clone())).await.unwrap();
    let keys::Whose::Key(key, _) = found else { panic!("{found:?}") };
    let (system, id) = (Actor::system, key.id);
    assert_eq!(gate.shop("GET /", &secret), is(200, ""));
    keys::disable(app, Reach::All, system(), id).await.unwrap();
    assert_eq!(gate.shop("GET /", &secret), is(401, "key_disabled"));
    keys::enable(app, Reach::All, system(), id).await.unwrap();
    let suspend = |suspended| AccountEdit { suspended: Some(suspended), ..AccountEdit::default() };
    accounts::edit(app, Reach::All, system(), key.account, suspend(true), None).await.unwrap();
    assert_eq!(gate.shop("GET /", &secret), is(403, "account_suspended"));
    accounts::edit(app, Reach::All, system(), key.account, suspend(false), None).await.unwrap();
    let narrow = KeyEdit { addresses: Some(vec!["10.0.0.0/8".into()]), ..KeyEdit::default() };
    keys::edit(app, Reach::All, system(), id, narrow, None).await.unwrap();
    assert_eq!(gate.shop("GET /", &secret), is(403, "ip_not_allowed"));
    keys::revoke(app, Reach::All, system(), id).await.unwrap();
    assert_eq!(gate.shop("GET /", &secret), is(401, "key_revoked"));
    keys::delete(app, Reach::All, system(), id).await.unwrap();
    assert_eq!(gate.shop("GET /", &secret), is(401, "invalid_credentials"));
}

#[tokio::test(flavor = "multi_thread")]
async fn r74_both_secrets_work_in_an_overlap_and_the_old_one_is_told_its_end() {
    let (gate, old) = shop("", |_| {}).await;
    let app = &gate.started.app;
    let found = keys::find(app, Reach::All, &keyward_core::secret::Secret::new(old.clone())).await.unwrap();
    let keys::Whose::Key(key, _) = found else { panic!("{found:?}") };
    let rotated = keys::rotate(app, Reach::All, Actor::system(), key.id, 86_400, None).await.unwrap();
    let fresh = rotated.secret.unwrap().expose().to_owned();
    let told_end = |secret: &str| {
        let reply = gate.send("GET /", &[&format!("Authorization: Bearer {secret}")], "");
        (reply.status, reply.header("x-keyward-key-expires"))
    };
    assert_eq!(told_end(&fresh), (200, None));
    assert_eq!(told_end(&old), (200, Some("2026-03-02T10:15:00Z".into())));
    gate.started.clock.advance(DAY_MS);
    assert_eq!(told_end(&fresh), (200, None));
    assert_eq!(gate.shop("GET /", &old), is(401, "invalid_credentials"));
}

#[tokio::test(flavor = "multi_thread")]
async fn public_and_optional_routes() {
    let routes = "[[apis.shop.routes]]\npath = '/status'\naccess = 'public'\n\
        [[apis.shop.routes]]\npath = '/news'\naccess = 'optional'\n[[apis.shop.routes]]\npath = '/orders'\n";
    let (gate, secret) = shop(routes, |_| {}).await;
    assert_eq!(told(&gate.send("GET /status", &[], "")), is(200, ""));
    assert_eq!(gate.shop("GET /status", "nonsense"), is(200, ""));
    assert!(!gate.live.last().contains("nonsense"), "a credential never reaches the upstream");
    assert!(gate.live.last().contains("x-keyward-account-id: \r\n"), "identity headers are there, and empty");
    assert_eq!(told(&gate.send("GET /news", &[], "")), is(200, ""));
    assert_eq!(gate.shop("GET /news", "nonsense"), is(401, "invalid_credentials"));
    assert_eq!(gate.shop("GET /news", &secret), is(200, ""));
    assert!(gate.live.last().contains("x-keyward-account-id: acct_"));
    assert_eq!(told(&gate.send("GET /orders", &[], "")), is(401, "missing_credentials"));
    assert_eq!(gate.shop("GET /elsewhere", &secret), is(404, "no_route"));
}

#[tokio::test(flavor = "multi_thread")]
async fn r72_a_key_over_plain_http_is_refused_where_https_is_required() {
    let (gate, secret) = shop("require_https = true\n", |_| {}).await;
    assert_eq!(gate.shop("GET /", &secret), is(403, "https_required"));
    // Nobody who does not hold the secret is told so.
    assert_eq!(gate.shop("GET /", "nonsense"), is(401, "invalid_credentials"));
}
