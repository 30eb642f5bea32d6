//! Nothing that somebody could sign in, join or call with is anywhere it should not be (promise P7).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyward_server::changes::Reach;
use keyward_server::people;
use reqwest::Method;
use serde_json::{Value, json};

use super::callers::{CONFIG, account, member};
use super::factors::enrol;
use super::{PASSWORD, Site};

/// In clear, in hexadecimal, and in base64 at each of its three alignments.
fn forms(secret: &str) -> Vec<String> {
    let hex = secret.bytes().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let aligned = (0..3).map(|skip| {
        let text = STANDARD.encode(format!("{}{secret}", "x".repeat(skip)));
        // The first and last letters depend on what stands around.
        text[4..text.len() - 4].to_owned()
    });
    [secret.to_owned(), hex].into_iter().chain(aligned).collect()
}

fn text(body: &Value, member: &str) -> String {
    body[member].as_str().unwrap_or_else(|| panic!("no {member} in {body}")).to_owned()
}

fn behind_the_hash(link: &str) -> String {
    link.split_once('#').unwrap().1.to_owned()
}

#[tokio::test]
async fn p7_what_opens_a_door_is_in_no_row_no_list_and_no_audit() {
    let site = Site::start(CONFIG).await;
    let account = account(&site, "clevertap").await;
    let (admin, _) = member(&site, &account, "admin", "admin").await;
    let (plain, id) = member(&site, &account, "plain", "member").await;
    let mut secrets = vec![PASSWORD.to_owned(), admin.session(), plain.session()];

    let invited = json!({ "name": "Eve", "email": "eve@example.com", "role": "member" });
    let invited = admin.post(&format!("/v1/accounts/{account}/people"), invited).await.is(201);
    secrets.push(behind_the_hash(&text(&invited.body["invitation"], "link")));
    let reset = admin.post(&format!("/v1/accounts/{account}/people/{id}/reset-link"), json!({})).await.is(200);
    secrets.push(behind_the_hash(&text(&reset.body, "link")));

    let (totp, codes) = enrol(&site, &plain).await;
    secrets.push(totp);
    secrets.extend(codes.iter().map(|code| code.as_str().unwrap().to_owned()));
    secrets.push(plain.session());

    let grant = json!({ "account_id": account, "kind": "personal", "person_id": id, "expires": { "days": 5 } });
    let granted = admin.post("/v1/keys", grant).await.is(201);
    assert_eq!(granted.body["secret"], Value::Null, "not for the admin's eyes");
    let path = format!("/v1/keys/{}/reveal", text(&granted.body, "id"));
    admin.post(&path, json!({})).await.is(403);
    secrets.push(text(&plain.post(&path, json!({})).await.is(200).body, "secret"));

    let passcode = json!({ "account_id": account, "name": "Partner" });
    secrets.push(text(&admin.post("/v1/keys", passcode).await.is(201).body, "secret"));
    let sent = json!({ "account_id": account, "name": "Sent", "pickup": {} });
    let sent = admin.post("/v1/keys", sent).await.is(201);
    assert_eq!(sent.body["secret"], Value::Null);
    let token = behind_the_hash(&text(&sent.body["pickup"], "link"));
    let picked = site.browser().post("/v1/pick-up", json!({ "token": token })).await.is(200);
    secrets.extend([token, text(&picked.body, "secret")]);
    let machine = json!({ "account_id": account, "name": "CI", "permissions": ["keys.read"] });
    secrets.push(text(&admin.post("/v1/management-keys", machine).await.is(201).body, "secret"));

    let mut places = Vec::new();
    for entry in std::fs::read_dir(site.started.dir.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            places.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    assert!(places.iter().any(|(name, bytes)| name.contains(".db") && bytes.len() > 10_000), "the store is among them");
    for list in ["/v1/keys", "/v1/audit?limit=200", "/v1/audit/export?format=ndjson", "/v1/management-keys"] {
        places.push((list.into(), admin.get(list).await.is(200).text.into_bytes()));
    }
    for own in ["people", "roles", "policy"] {
        let path = format!("/v1/accounts/{account}/{own}");
        places.push((path.clone(), admin.get(&path).await.is(200).text.into_bytes()));
    }
    for (nth, secret) in secrets.iter().enumerate() {
        for form in forms(secret) {
            for (name, bytes) in &places {
                let is_there = bytes.windows(form.len()).any(|window| window == form.as_bytes());
                assert!(!is_there, "secret {nth} is in {name}");
            }
        }
    }
}

#[tokio::test]
async fn r42_only_its_owner_sees_a_user_passcode_again_and_only_soon_after_signing_in() {
    let site = Site::start(CONFIG).await;
    let account = account(&site, "clevertap").await;
    let (admin, _) = member(&site, &account, "admin", "admin").await;
    let (owner, id) = member(&site, &account, "owner", "member").await;
    let (other, _) = member(&site, &account, "other", "member").await;
    let grant = json!({ "account_id": account, "kind": "personal", "person_id": id, "expires": { "days": 300 } });
    let key = text(&admin.post("/v1/keys", grant).await.is(201).body, "id");
    let path = format!("/v1/keys/{key}/reveal");
    let first = text(&owner.post(&path, json!({})).await.is(200).body, "secret");
    assert_eq!(text(&owner.post(&path, json!({})).await.is(200).body, "secret"), first, "again, and the same");
    for somebody in [&admin, &other] {
        let answer = somebody.post(&path, json!({})).await.is(403);
        assert!(!answer.text.contains(&first));
    }
    site.started.clock.advance(20 * 60_000);
    assert_eq!(owner.post(&path, json!({})).await.is(403).code(), "sign_in_again");
    owner.post("/v1/session/prove", json!({ "password": PASSWORD })).await.is(204);
    owner.post(&path, json!({})).await.is(200);
    let events = admin.get("/v1/audit?action=key.revealed").await.is(200).body;
    assert_eq!(events["items"].as_array().unwrap().len(), 3, "each is in the audit");
    assert_eq!(events["items"][0]["actor"], json!(format!("person:{id}")));
    let removed = admin.send(Method::DELETE, &format!("/v1/accounts/{account}/people/{id}"), None).await;
    removed.is(200);
    assert_eq!(owner.post(&path, json!({})).await.is(401).code(), "session_ended");
}

#[tokio::test]
async fn r97_the_first_key_waits_for_the_accounts_administrator() {
    let site = Site::start(CONFIG).await;
    let account = account(&site, "codat").await;
    let (admin, _) = member(&site, &account, "admin", "administrator").await;
    let keys = admin.get("/v1/keys").await.is(200).body;
    assert_eq!(keys["items"].as_array().unwrap().len(), 1);
    let path = format!("/v1/keys/{}/reveal", text(&keys["items"][0], "id"));
    let secret = text(&admin.post(&path, json!({})).await.is(200).body, "secret");
    let found = people::me(&site.started.app, text(&admin.get("/v1/me").await.is(200).body, "id").parse().unwrap());
    assert_eq!(found.await.unwrap().accounts[0].account.to_string(), account);
    let whose = keyward_core::secret::Secret::new(secret);
    let whose = keyward_server::keys::find(&site.started.app, Reach::All, &whose).await.unwrap();
    assert!(matches!(whose, keyward_server::keys::Whose::Key(key, _) if key.account.to_string() == account));
}
