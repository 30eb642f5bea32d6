use keyward_core::account::AcceptedKeys;
use keyward_core::expiry::Lifetime;
use keyward_core::key::Kind;
use keyward_core::time::DAY_MS;
use keyward_server::accounts::{self, NewAccount};
use keyward_server::changes::{Actor, Reach};
use keyward_server::keys;
use keyward_server::operation::Page;
use keyward_server::people::{self, NewPerson};

use super::{Gated, is, told};
use crate::support;

const APIS: &str = "[apis.clevertap]\npreset = 'clevertap'\nupstream = 'LIVE'\n";

struct Partner {
    gate: Gated,
    account: String,
    secret: String,
}

async fn partner() -> Partner {
    let gate = Gated::start(APIS).await;
    let new = NewAccount { region: Some("in1".into()), ..support::new_account("clevertap", "Acme") };
    let account = accounts::create(&gate.started.app, Reach::All, Actor::system(), new, None).await.unwrap().account;
    let key = keys::NewKey { lifetime: Lifetime::Days(10), ..support::new_key(&account, "Partner") };
    let secret = gate.secret(key).await;
    Partner { gate, account: account.public_id, secret }
}

impl Partner {
    fn ask(&self, host: &str, line: &str, headers: &[&str]) -> super::Reply {
        let head = format!("{line} HTTP/1.1\r\nHost: {host}\r\n{}", headers.join("\r\n"));
        self.gate.connect().send(head.trim_end(), "")
    }

    fn at(&self, headers: &[&str]) -> super::Reply {
        self.ask("in1.api.clevertap.com", "GET /1/events.json?cursor=x", headers)
    }

    fn id(&self) -> String {
        format!("X-CleverTap-Account-Id: {}", self.account)
    }

    fn passcode(&self) -> String {
        format!("X-CleverTap-Passcode: {}", self.secret)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r1_r10_both_headers_are_needed_and_nothing_else_is_read() {
    let partner = partner().await;
    let (id, passcode) = (partner.id(), partner.passcode());
    assert_eq!(told(&partner.at(&[])), is(401, "missing_credentials"));
    assert_eq!(told(&partner.at(&[&id])), is(401, "missing_credentials"));
    assert_eq!(told(&partner.at(&[&passcode])), is(401, "missing_credentials"));
    let cookie = format!("Cookie: {}; {}", id.replace(": ", "="), passcode.replace(": ", "="));
    assert_eq!(told(&partner.at(&[&cookie])), is(401, "missing_credentials"));
    let host = "in1.api.clevertap.com";
    let line = format!(
        "GET /1/events.json?X-CleverTap-Account-Id={}&X-CleverTap-Passcode={}",
        partner.account, partner.secret
    );
    assert_eq!(told(&partner.ask(host, &line, &[])), is(400, "credential_in_url"));
    let line = format!("GET /1/events.json?x={}", partner.secret);
    assert_eq!(told(&partner.ask(host, &line, &[&id, &passcode])), is(400, "credential_in_url"));
    assert!(partner.gate.live.received().is_empty());
    assert_eq!(partner.at(&[&id, &passcode]).status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn r2_r9_names_match_in_any_case_and_json_on_get_is_fine() {
    let partner = partner().await;
    let spelt = [partner.id().replace("CleverTap", "Clevertap"), partner.passcode().to_ascii_uppercase()];
    assert_eq!(partner.at(&[&spelt[0], &spelt[1], "Content-Type: application/json"]).status, 200);
    let received = partner.gate.live.last();
    assert!(received.starts_with("GET /1/events.json?cursor=x HTTP/1.1\r\n"));
    assert!(!received.to_ascii_lowercase().contains("clevertap-passcode"), "the credential stays here: {received}");
    assert!(!received.contains(&partner.secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn r3_r4_r44_r45_either_passcode_or_the_user_s_alone_and_it_can_be_reset_and_revoked() {
    let partner = partner().await;
    let app = &partner.gate.started.app;
    let account = accounts::list(app, Reach::All, accounts::AccountFilter::default(), Page::default()).await.unwrap();
    let account = &account.items[0];
    let new = NewPerson { account: account.id, name: "Sam".into(), email: None, role: None };
    let sam = people::create(app, Reach::All, Actor::system(), new, None).await.unwrap().person;
    let grant = keys::NewKey {
        kind: Kind::Personal,
        name: None,
        lifetime: Lifetime::Days(365),
        person: Some(sam.id),
        ..support::new_key(account, "")
    };
    let granted = partner.gate.started.key(grant).await;
    let with = |secret: &str| told(&partner.at(&[&partner.id(), &format!("X-CleverTap-Passcode: {secret}")]));
    let first = granted.secret.unwrap();
    assert_eq!((with(&partner.secret).0, with(first.expose()).0), (200, 200), "both: either kind");

    let edit = accounts::AccountEdit { accepted_keys: Some(AcceptedKeys::User), ..Default::default() };
    accounts::edit(app, Reach::All, Actor::system(), account.id, edit, None).await.unwrap();
    assert_eq!(with(&partner.secret), is(401, "kind_not_accepted"));
    assert_eq!(with(first.expose()).0, 200);

    let reset = keys::reset(app, Reach::All, Actor::system(), granted.key.id, None).await.unwrap().secret.unwrap();
    assert_eq!(with(first.expose()), is(401, "invalid_credentials"));
    assert_eq!(with(reset.expose()).0, 200);
    keys::revoke(app, Reach::All, Actor::system(), granted.key.id).await.unwrap();
    assert_eq!(with(reset.expose()), is(401, "key_revoked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn r11_the_pair_passes_in_its_region_only_and_only_its_holder_is_told() {
    let partner = partner().await;
    let (id, passcode) = (partner.id(), partner.passcode());
    let line = "GET /1/profile.json";
    let reply = partner.ask("API.clevertap.com:80", line, &[&id, &passcode]);
    assert_eq!(told(&reply), is(401, "wrong_region"));
    assert!(reply.body.contains("in1.api.clevertap.com"), "{}", reply.body);
    let reply = partner.ask("api.clevertap.com", line, &[&id, "X-CleverTap-Passcode: CTP_WRONG"]);
    assert_eq!(told(&reply), is(401, "invalid_credentials"));
    assert!(!reply.body.contains("in1"), "{}", reply.body);
    assert_eq!(told(&partner.ask("example.com", line, &[&id, &passcode])), is(404, "no_api"));
}

#[tokio::test(flavor = "multi_thread")]
async fn r12_answers_are_json_in_the_presets_envelope() {
    let partner = partner().await;
    let reply = partner.at(&[]);
    assert_eq!(reply.header("content-type").as_deref(), Some("application/json"));
    let body: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!((&body["status"], &body["code"]), (&"fail".into(), &401.into()));
    assert!(body["error"].as_str().unwrap().contains("X-CleverTap-Passcode"));
    assert!(reply.header("www-authenticate").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn r30_an_expired_passcode_is_told_so_and_a_wrong_one_is_not() {
    let partner = partner().await;
    partner.gate.started.clock.advance(11 * DAY_MS);
    let reply = partner.at(&[&partner.id(), &partner.passcode()]);
    assert_eq!(told(&reply), is(401, "key_expired"));
    assert!(reply.body.contains("has expired"), "{}", reply.body);
    let wrong = partner.at(&["X-CleverTap-Account-Id: AAA-AAA-AAAA", &partner.passcode()]);
    assert_eq!(told(&wrong), is(401, "invalid_credentials"));
}
