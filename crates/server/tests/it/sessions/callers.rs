//! What a cookie opens, and what it does not: forged requests, other accounts, people who were shut out.

use keyward_server::changes::{Actor, Reach};
use keyward_server::people::{self, NewPerson};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::{Browser, PASSWORD, Site};

pub(super) const CONFIG: &str = "
[apis.clevertap]
preset = 'clevertap'
upstream = 'http://127.0.0.1:9'
[apis.codat]
preset = 'codat'
upstream = 'http://127.0.0.1:9'
prefixes = ['/codat']
";

/// Somebody with this role in the account, signed in; and their id.
pub(super) async fn member(site: &Site, account: &str, name: &str, role: &str) -> (Browser, String) {
    let email = Some(format!("{name}@example.com"));
    let new = NewPerson { account: account.parse().unwrap(), name: name.into(), email, role: Some(role.into()) };
    let made = people::create(&site.started.app, Reach::All, Actor::cli(), new, None).await.unwrap();
    let browser = site.browser();
    let token = made.invitation.unwrap().token;
    let accept = json!({ "token": token.expose(), "password": PASSWORD });
    browser.post("/v1/invitations/accept", accept).await.is(200);
    (browser, made.person.id.to_string())
}

pub(super) async fn account(site: &Site, api: &str) -> String {
    site.started.account(api, "Acme").await.id.to_string()
}

/// A request with exactly these headers beside the cookie.
async fn raw(browser: &Browser, site: &Site, path: &str, headers: &[(&'static str, &str)]) -> (u16, Value) {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.replace("OWN", site.base.trim_start_matches("http://")).parse().unwrap());
    }
    map.insert("cookie", format!("__Host-keyward={}", browser.session()).parse().unwrap());
    let request = reqwest::Client::new().request(Method::PATCH, format!("{}{path}", site.base)).headers(map);
    let response = request.json(&json!({ "name": "Ada" })).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn a_page_of_another_origin_changes_nothing_with_a_cookie() {
    let site = Site::with_ada().await;
    let ada = site.ada().await;
    let csrf = ("keyward-csrf", "1");
    for (headers, status) in [
        (vec![], 403),
        (vec![("sec-fetch-site", "same-origin")], 403),
        (vec![csrf, ("sec-fetch-site", "cross-site")], 403),
        (vec![csrf, ("sec-fetch-site", "same-site")], 403),
        (vec![csrf, ("origin", "https://evil.example")], 403),
        (vec![csrf, ("origin", "null")], 403),
        (vec![csrf, ("origin", "http://OWN"), ("sec-fetch-site", "cross-site")], 403),
        (vec![csrf], 200),
        (vec![csrf, ("origin", "http://OWN"), ("sec-fetch-site", "same-origin")], 200),
    ] {
        let (got, body) = raw(&ada, &site, "/v1/me", &headers).await;
        assert_eq!(got, status, "{headers:?}: {body}");
        assert!(status == 200 || body["code"] == "forged_request", "{body}");
    }
    let both = raw(&ada, &site, "/v1/me", &[csrf, ("authorization", "Bearer kwm_x")]).await;
    assert_eq!((both.0, &both.1["code"]), (400, &json!("ambiguous_credentials")));
}

#[tokio::test]
async fn a_person_acts_in_one_account_at_a_time() {
    let site = Site::start(CONFIG).await;
    let (ours, theirs) = (account(&site, "clevertap").await, account(&site, "codat").await);
    let (ada, id) = member(&site, &ours, "ada", "admin").await;
    ada.get(&format!("/v1/accounts/{ours}")).await.is(200);
    let foreign = ada.get(&format!("/v1/accounts/{theirs}")).await.is(404);
    let missing = ada.get("/v1/accounts/acct_0190000000007000800000000000abcd").await.is(404);
    assert_eq!(foreign.text, missing.text);
    let new = NewPerson {
        account: theirs.parse().unwrap(),
        name: "Ada".into(),
        email: Some("ada@example.com".into()),
        role: Some("analyst".into()),
    };
    let made = people::create(&site.started.app, Reach::All, Actor::cli(), new, None).await.unwrap();
    let accept = json!({ "token": made.invitation.unwrap().token.expose() });
    ada.post("/v1/me/invitations/accept", accept).await.is(200);
    assert_eq!(ada.get("/v1/keys").await.is(400).code(), "choose_account");
    let me = ada.get("/v1/me").await.is(200);
    assert_eq!((&me.body["id"], me.body["accounts"].as_array().unwrap().len()), (&json!(id), 2));
    ada.choose(&ours);
    ada.get("/v1/keys").await.is(200);
    ada.get(&format!("/v1/accounts/{theirs}")).await.is(404);
    ada.choose(&theirs);
    assert_eq!(ada.get("/v1/keys").await.is(403).code(), "permission_denied", "the role there is another");
    ada.choose("acct_0190000000007000800000000000abcd");
    ada.get("/v1/keys").await.is(404);
    ada.choose("nonsense");
    ada.get("/v1/keys").await.is(404);
}

#[tokio::test]
async fn r96_other_roles_are_refused_and_see_no_secret() {
    let site = Site::start(CONFIG).await;
    let account = account(&site, "codat").await;
    let (developer, _) = member(&site, &account, "dev", "developer").await;
    let listed = developer.get("/v1/keys").await.is(200);
    let key = listed.body["items"][0]["id"].as_str().unwrap().to_owned();
    let shown = developer.post(&format!("/v1/keys/{key}/reveal"), json!({})).await.is(200);
    let secret = shown.body["secret"].as_str().unwrap().to_owned();
    for role in ["onboarding", "advisor", "analyst"] {
        let (other, _) = member(&site, &account, role, role).await;
        let new = json!({ "account_id": account, "name": "x" });
        let answers = [
            other.get("/v1/keys").await,
            other.get(&format!("/v1/keys/{key}")).await,
            other.post("/v1/keys", new).await,
            other.post(&format!("/v1/keys/{key}/reveal"), json!({})).await,
            other.post(&format!("/v1/keys/{key}/rotate"), json!({})).await,
            other.post("/v1/keys/find", json!({ "secret": secret })).await,
            other.delete(&format!("/v1/keys/{key}")).await,
        ];
        for answer in answers {
            assert_eq!(answer.status, 403, "{role}: {}", answer.text);
            assert!(!answer.text.contains(&secret), "{role}");
        }
    }
}

#[tokio::test]
async fn r16_r37_r43_only_those_with_the_permission_make_passcodes_and_grants() {
    let site = Site::start(CONFIG).await;
    let account = account(&site, "clevertap").await;
    let (admin, _) = member(&site, &account, "admin", "admin").await;
    let role = json!({ "title": "User Settings", "permissions": ["keys.write"] });
    admin.send(Method::PUT, &format!("/v1/accounts/{account}/roles/settings"), Some(role)).await.is(200);
    let (writer, _) = member(&site, &account, "writer", "settings").await;
    let (plain, id) = member(&site, &account, "plain", "member").await;
    let passcode = |name: &str| json!({ "account_id": account, "name": name });
    let grant = json!({ "account_id": account, "kind": "personal", "person_id": id, "expires": { "days": 5 } });
    assert_eq!(plain.post("/v1/keys", passcode("a")).await.is(403).code(), "permission_denied");
    writer.post("/v1/keys", passcode("b")).await.is(201);
    admin.post("/v1/keys", passcode("c")).await.is(201);
    assert_eq!(plain.post("/v1/keys", grant.clone()).await.is(403).code(), "permission_denied");
    assert_eq!(writer.post("/v1/keys", grant.clone()).await.is(403).code(), "permission_denied");
    let granted = admin.post("/v1/keys", grant).await.is(201);
    let key = granted.body["id"].as_str().unwrap();
    for (action, body) in [("reset", json!({})), ("revoke", json!({}))] {
        let path = format!("/v1/keys/{key}/{action}");
        assert_eq!(writer.post(&path, body.clone()).await.is(403).code(), "permission_denied", "{action}");
        plain.post(&path, body).await.is(403);
    }
    admin.post(&format!("/v1/keys/{key}/reset"), json!({})).await.is(200);
    admin.post(&format!("/v1/keys/{key}/revoke"), json!({})).await.is(200);
    let none = "/v1/keys/key_0190000000007000800000000000abcd/reset";
    admin.post(none, json!({})).await.is(404);
}

#[tokio::test]
async fn r35_only_admins_change_which_kinds_of_key_are_accepted() {
    let site = Site::start(CONFIG).await;
    let account = account(&site, "clevertap").await;
    let (admin, _) = member(&site, &account, "admin", "admin").await;
    let path = format!("/v1/accounts/{account}");
    let edit = || Some(json!({ "accepted_keys": "user" }));
    for role in ["creator", "approver", "member"] {
        let (other, _) = member(&site, &account, role, role).await;
        assert_eq!(other.send(Method::PATCH, &path, edit()).await.is(403).code(), "permission_denied");
    }
    let edited = admin.send(Method::PATCH, &path, edit()).await.is(200);
    assert_eq!(edited.body["accepted_keys"], "user");
}

#[tokio::test]
async fn who_is_shut_out_can_do_nothing_from_then_on() {
    let site = Site::start(CONFIG).await;
    let account = account(&site, "clevertap").await;
    let (admin, _) = member(&site, &account, "admin", "admin").await;
    let (bob, id) = member(&site, &account, "bob", "creator").await;
    bob.get("/v1/keys").await.is(200);
    let path = format!("/v1/accounts/{account}/people/{id}");
    admin.send(Method::PATCH, &path, Some(json!({ "suspended": true }))).await.is(200);
    assert_eq!(bob.get("/v1/keys").await.is(403).code(), "no_account");
    admin.send(Method::PATCH, &path, Some(json!({ "suspended": false }))).await.is(200);
    bob.get("/v1/keys").await.is(200);
    admin.delete(&path).await.is(200);
    assert_eq!(bob.get("/v1/keys").await.is(401).code(), "session_ended", "erased with the sign-ins");
}

#[tokio::test]
async fn an_account_that_demands_an_authenticator_waits_for_it() {
    let site = Site::start(CONFIG).await;
    let account = account(&site, "clevertap").await;
    let (admin, _) = member(&site, &account, "admin", "admin").await;
    let path = format!("/v1/accounts/{account}");
    admin.send(Method::PATCH, &path, Some(json!({ "totp_required": true }))).await.is(200);
    assert_eq!(admin.get("/v1/keys").await.is(403).code(), "totp_needed");
    admin.get("/v1/me").await.is(200);
    admin.get("/v1/me/sessions").await.is(200);
}
