//! Every route × every role × {own, foreign, missing} (threats T3, T4), generated from the OpenAPI document: a route
//! without a row here fails, and so does a row without a route.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::Value;

use super::reach::{belongings, seen};
use super::{Answer, Control};

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Whoever has one of these permissions.
    May(&'static [&'static str]),
    /// Any caller.
    Anyone,
    /// The operator alone.
    Operator,
    /// People who are signed in; no management key is one.
    Person,
    /// Everybody, without credentials.
    Public,
}

use Who::{Anyone, May, Operator, Person, Public};

const KEYS_READ: Who = May(&["keys.read", "people.read"]);
const KEYS_WRITE: Who = May(&["keys.write", "people.write"]);
const PEOPLE_READ: Who = May(&["people.read"]);
const PEOPLE_WRITE: Who = May(&["people.write"]);
const NOTICES_READ: Who = May(&["keys.read", "people.read", "settings.read"]);
const SETTINGS_READ: Who = May(&["settings.read"]);
const SETTINGS_WRITE: Who = May(&["settings.write"]);

/// Every operation: who may, and a body for it.
const MATRIX: &[(&str, Who, &str)] = &[
    ("list_accounts", Anyone, ""),
    ("create_account", Operator, r#"{"api":"clickyid","name":"New"}"#),
    ("get_account", Anyone, ""),
    ("edit_account", SETTINGS_WRITE, r#"{"name":"New"}"#),
    ("delete_account", Operator, ""),
    ("list_people", PEOPLE_READ, ""),
    ("create_person", PEOPLE_WRITE, r#"{"name":"Jo"}"#),
    ("get_person", PEOPLE_READ, ""),
    ("edit_person", PEOPLE_WRITE, r#"{"name":"New"}"#),
    ("delete_person", PEOPLE_WRITE, ""),
    ("list_known_keys", PEOPLE_WRITE, ""),
    ("remove_person", PEOPLE_WRITE, "{}"),
    ("invite_again", PEOPLE_WRITE, ""),
    ("make_reset_link", PEOPLE_WRITE, ""),
    ("forget_totp_of", PEOPLE_WRITE, ""),
    ("list_roles", PEOPLE_READ, ""),
    ("put_role", PEOPLE_WRITE, r#"{"permissions":[]}"#),
    ("delete_role", PEOPLE_WRITE, ""),
    ("look_at_invitation", Public, r#"{"token":"kwl_x"}"#),
    ("accept_invitation", Public, r#"{"token":"kwl_x","password":"long enough, isn't it"}"#),
    ("accept_own_invitation", Person, r#"{"token":"kwl_x"}"#),
    ("me", Person, ""),
    ("rename_me", Person, r#"{"name":"New"}"#),
    ("leave_account", Person, ""),
    ("sign_in", Public, r#"{"email":"nobody@example.com","password":"a wrong password"}"#),
    ("sign_out", Person, ""),
    ("prove", Person, r#"{"password":"a wrong password"}"#),
    ("set_up", Public, r#"{"token":"kwl_x","name":"Op","email":"op@example.com","password":"seven purple tractors"}"#),
    ("list_sso_providers", Public, ""),
    ("begin_sso", Public, ""),
    ("finish_sso", Public, ""),
    ("ask_for_password_reset", Public, r#"{"email":"nobody@example.com"}"#),
    ("complete_password_reset", Public, r#"{"token":"kwl_x","new_password":"seven purple tractors"}"#),
    ("change_own_password", Person, r#"{"current_password":"a","new_password":"seven purple tractors"}"#),
    ("list_own_sessions", Person, ""),
    ("end_own_session", Person, ""),
    ("end_own_sessions", Person, ""),
    ("start_totp", Person, ""),
    ("confirm_totp", Person, r#"{"code":"000000"}"#),
    ("remove_totp", Person, r#"{"code":"000000"}"#),
    ("make_recovery_codes", Person, ""),
    ("list_operators", Operator, ""),
    ("add_operator", Operator, r#"{"name":"Op","email":"op@example.com"}"#),
    ("edit_operator", Operator, r#"{"suspended":false}"#),
    ("remove_operator", Operator, ""),
    ("list_keys", KEYS_READ, ""),
    ("create_key", KEYS_WRITE, r#"{"account_id":"OWN","name":"New","scopes":["validate:offers"]}"#),
    ("get_key", KEYS_READ, ""),
    ("find_key", May(&["keys.read"]), r#"{"secret":"x"}"#),
    ("edit_key", KEYS_WRITE, r#"{"name":"New"}"#),
    ("delete_key", KEYS_WRITE, ""),
    ("disable_key", KEYS_WRITE, ""),
    ("enable_key", KEYS_WRITE, ""),
    ("rotate_key", KEYS_WRITE, ""),
    ("cancel_rotation", KEYS_WRITE, ""),
    ("complete_rotation", KEYS_WRITE, ""),
    ("revoke_key", KEYS_WRITE, ""),
    // What a kind permits is judged by the operation: nobody sees this kind's secrets again.
    ("reveal_key", Anyone, ""),
    ("reset_key", PEOPLE_WRITE, ""),
    ("approve_key", SETTINGS_WRITE, ""),
    ("decline_key", SETTINGS_WRITE, ""),
    ("collect_key", KEYS_WRITE, ""),
    ("send_key_for_pickup", KEYS_WRITE, ""),
    ("withdraw_pickup", KEYS_WRITE, ""),
    ("look_at_pickup", Public, r#"{"token":"kwu_x"}"#),
    ("pick_up", Public, r#"{"token":"kwu_x"}"#),
    ("my_keys", Person, ""),
    ("get_policy", SETTINGS_READ, ""),
    ("set_policy", SETTINGS_WRITE, "{}"),
    ("list_webhooks", SETTINGS_READ, ""),
    ("create_webhook", SETTINGS_WRITE, r#"{"url":"https://hooks.example.com/"}"#),
    ("get_webhook", SETTINGS_READ, ""),
    ("edit_webhook", SETTINGS_WRITE, r#"{"enabled":false}"#),
    ("delete_webhook", SETTINGS_WRITE, ""),
    ("rotate_webhook_secret", SETTINGS_WRITE, ""),
    ("test_webhook", SETTINGS_WRITE, ""),
    ("list_deliveries", SETTINGS_READ, ""),
    ("resend_delivery", SETTINGS_WRITE, ""),
    ("report_leaks", May(&["keys.write"]), r#"{"reports":[{"secret":"x"}]}"#),
    ("report_leaks_by_github", Public, "[]"),
    ("list_management_keys", SETTINGS_READ, ""),
    ("create_management_key", SETTINGS_WRITE, r#"{"account_id":"OWN","name":"New","permissions":[]}"#),
    ("get_management_key", SETTINGS_READ, ""),
    ("revoke_management_key", SETTINGS_WRITE, ""),
    ("whoami", Anyone, ""),
    ("list_logs", May(&["logs.read"]), ""),
    ("export_logs", May(&["logs.read"]), ""),
    ("get_log_bodies", May(&["logs.read"]), ""),
    ("tail_logs", May(&["logs.read"]), ""),
    ("explain_request", May(&["logs.read"]), r#"{"url":"/x"}"#),
    ("explain_recorded", May(&["logs.read"]), r#"{"request_id":"x"}"#),
    ("log_status", Operator, ""),
    ("list_audit", May(&["audit.read"]), ""),
    ("export_audit", May(&["audit.read"]), ""),
    ("list_notices", NOTICES_READ, ""),
    ("get_notice", NOTICES_READ, ""),
    ("get_notice_settings", SETTINGS_READ, ""),
    ("set_notice_settings", SETTINGS_WRITE, "{}"),
    ("my_notice_choice", Person, ""),
    ("choose_my_notices", Person, "{}"),
    ("my_operator_notice_choice", Person, ""),
    ("choose_my_operator_notices", Person, "{}"),
    ("snooze_key", KEYS_WRITE, r#"{"until":"2026-03-02T00:00:00Z"}"#),
    ("end_snooze", KEYS_WRITE, ""),
    ("list_outbox", SETTINGS_READ, ""),
    ("resend_parcel", SETTINGS_WRITE, ""),
    ("test_mail", Operator, r#"{"to":"nobody@example.com"}"#),
    ("get_usage", May(&["usage.read"]), ""),
    ("get_usage_top", May(&["usage.read"]), ""),
    ("get_usage_of_keys", May(&["usage.read"]), ""),
    ("get_callers", May(&["logs.read"]), ""),
    ("watch", May(&["usage.read"]), ""),
    ("get_hygiene", KEYS_READ, ""),
    ("shrink_key", KEYS_WRITE, ""),
    ("list_apis", Anyone, ""),
    ("list_regions", Anyone, ""),
];

/// The permissions of the roles that every preset's are made of, and of an account's own.
const ROLES: &[(&str, &[&str])] = &[
    ("admin", &["*"]),
    ("developer", &["keys.write", "usage.read", "logs.read"]),
    ("member", &["keys.read", "usage.read", "logs.read"]),
    ("viewer", &["usage.read"]),
    ("nobody", &[]),
    ("people's", &["people.write"]),
    ("auditor", &["audit.read"]),
    ("settings'", &["settings.write"]),
    ("looks at settings and people", &["settings.read", "people.read"]),
];

const MISSING: &str = "0190000000007000800000000000abcd";

/// One operation of the document.
struct Route {
    name: String,
    method: Method,
    path: String,
    who: Who,
    body: &'static str,
}

impl Route {
    /// The parameters of the path, in order.
    fn parameters(&self) -> Vec<&str> {
        self.path.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
    }

    /// The path with these objects.
    fn path_to(&self, objects: &BTreeMap<&'static str, String>) -> String {
        objects.iter().fold(self.path.clone(), |path, (name, id)| path.replace(&format!("{{{name}}}"), id))
    }

    async fn call(&self, control: &Control, key: &str, objects: &BTreeMap<&'static str, String>, own: &str) -> Answer {
        let body = serde_json::from_str(&self.body.replace("OWN", own)).ok();
        control.by(key, self.method.clone(), &self.path_to(objects), body).await
    }
}

async fn routes(control: &Control) -> Vec<Route> {
    let document: Value = control.get("/openapi.json").await.is(200).body;
    let mut rows: BTreeMap<_, _> = MATRIX.iter().map(|(name, who, body)| (*name, (*who, *body))).collect();
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            let (who, body) = rows.remove(name).unwrap_or_else(|| panic!("{name} has no row in this test"));
            let method = method.to_uppercase().parse().unwrap();
            routes.push(Route { name: name.into(), method, path: path.clone(), who, body });
        }
    }
    assert!(rows.is_empty(), "rows without an operation: {rows:?}");
    routes
}

fn permits(who: Who, words: &[&str]) -> bool {
    let has = |needed: &&str| {
        let written = needed.replace(".read", ".write");
        words.iter().any(|word| *word == "*" || word == needed || *word == written)
    };
    match who {
        May(any) => any.iter().any(has),
        Anyone => true,
        Operator | Person => false,
        Public => unreachable!("has a test of its own"),
    }
}

/// An account's objects, with those that only some routes name.
async fn all_belongings(control: &Control, name: &str) -> BTreeMap<&'static str, String> {
    let mut own = belongings(control, name).await;
    let role = format!("/v1/accounts/{}/roles/helper", own["account_id"]);
    control.by(&control.operator, Method::PUT, &role, Some(serde_json::json!({ "permissions": [] }))).await.is(200);
    own.insert("role", "helper".into());
    let (webhook, parcel, notice) = told(control, &own["account_id"]).await;
    own.extend([("webhook_id", webhook), ("parcel_id", parcel), ("notice_id", notice)]);
    own
}

/// A webhook of an account, and a parcel on its way to it.
async fn told(control: &Control, account: &str) -> (String, String, String) {
    // Nothing listens there.
    let new = serde_json::json!({ "url": "http://127.0.0.1:9/", "kinds": ["key.exposed"] });
    let webhook = control.post(&format!("/v1/accounts/{account}/webhooks"), new).await.is(201).text_of("id");
    let secret = control.key(account, "Published").await.text_of("secret");
    control.post("/v1/leaks", serde_json::json!({ "reports": [{ "secret": secret }] })).await.is(200);
    let parcels = control.get(&format!("/v1/outbox?account_id={account}&channel=webhook")).await.is(200);
    let parcel = &parcels.body["items"][0];
    let id = |name: &str| parcel[name].as_str().unwrap().to_owned();
    (webhook, id("id"), id("notice_id"))
}

/// The objects with one of them replaced by nothing's id.
fn without(objects: &BTreeMap<&'static str, String>, parameter: &str, route: &str) -> BTreeMap<&'static str, String> {
    let mut objects = objects.clone();
    let id = objects.get_mut(parameter).unwrap();
    *id = id.split_once('_').map_or_else(|| format!("none-of-{route}"), |(prefix, _)| format!("{prefix}_{MISSING}"));
    objects
}

#[tokio::test]
async fn r16_r37_r43_r49_r96_every_route_answers_every_role_as_its_row_says() {
    let control = Control::start().await;
    let routes = routes(&control).await;
    let foreign = all_belongings(&control, "Foreign").await;
    for (role, words) in ROLES {
        let own = all_belongings(&control, role).await;
        let account = own["account_id"].clone();
        let key = control.key_that_may(Some(account.parse().unwrap()), Some(words)).await;
        for route in routes.iter().filter(|route| route.who != Public) {
            let named = format!("{role}: {}", route.name);
            let parameters = route.parameters();
            if !permits(route.who, words) {
                // Whoever may not is told so, whatever they name.
                let answers = [&own, &foreign].map(|objects| route.call(&control, &key, objects, &account));
                let [on_own, on_foreign] = futures_util::future::join_all(answers).await.try_into().unwrap();
                assert_eq!(on_own.status, 403, "{named}: {}", on_own.text);
                assert_eq!(seen(&on_foreign), seen(&on_own), "{named}");
                assert!(!on_own.text.contains("secret\":\""), "{named}: {}", on_own.text);
                continue;
            }
            for parameter in parameters {
                let missing = route.call(&control, &key, &without(&own, parameter, &route.name), &account).await;
                // A role is put where there was none.
                let is_made = route.name == "put_role" && parameter == "role";
                assert_eq!(missing.status, if is_made { 200 } else { 404 }, "{named}: {}", missing.text);
                let mut theirs = own.clone();
                theirs.insert(*foreign.get_key_value(parameter).unwrap().0, foreign[parameter].clone());
                if parameter != "role" {
                    let theirs = route.call(&control, &key, &theirs, &account).await;
                    assert_eq!(seen(&theirs), seen(&missing), "{named} {parameter}");
                }
            }
            // Some routes end what they are about: each has objects of its own.
            let fresh = all_belongings(&control, &named).await;
            let account = fresh["account_id"].clone();
            let key = control.key_that_may(Some(account.parse().unwrap()), Some(words)).await;
            let answer = route.call(&control, &key, &fresh, &account).await;
            let is_told = answer.status == 403 && is_judged_by_the_kind(route, words, &answer);
            // A notice is seen by whoever may see what it is about; this one is about a key.
            let is_unseen = answer.status == 404 && route.name == "get_notice" && !has(words, "keys.");
            // No request was made, so there is no row to be explained.
            let is_unseen = is_unseen || answer.status == 404 && route.name == "explain_recorded";
            assert!(
                is_unseen || is_told || !matches!(answer.status, 401 | 403 | 404),
                "{named}: {} {}",
                answer.status,
                answer.text
            );
        }
    }
    for (parameter, path) in [("key_id", "/v1/keys/"), ("account_id", "/v1/accounts/")] {
        control.get(&format!("{path}{}", foreign[parameter])).await.is(200);
    }
}

/// Whether these permissions are about an area.
fn has(words: &[&str], area: &str) -> bool {
    words.contains(&"*") || words.iter().any(|word| word.starts_with(area))
}

/// Where the route lets in whoever may do something to keys or to people, the operation looks at the key's kind.
fn is_judged_by_the_kind(route: &Route, words: &[&str], answer: &Answer) -> bool {
    let is_never_shown = route.name == "reveal_key";
    let may_keys = has(words, "keys.");
    // Whoever decides on a request may set policies, and besides make such a key themselves.
    let is_decided = matches!(&*route.name, "approve_key" | "decline_key");
    let is_about_keys = is_decided || matches!(route.who, May(any) if any.iter().any(|word| word.starts_with("keys.")));
    let code = answer.body["code"].as_str().unwrap_or_default();
    is_never_shown || (is_about_keys && !may_keys && code == "permission_denied")
}

#[tokio::test]
async fn routes_for_operators_and_people_refuse_management_keys_of_others() {
    let control = Control::start().await;
    let own = all_belongings(&control, "Own").await;
    let narrow = control.key_that_may(None, Some(&["keys.write", "people.write", "settings.write"])).await;
    for route in routes(&control).await.iter().filter(|route| matches!(route.who, Operator | Person)) {
        let by_narrow = route.call(&control, &narrow, &own, &own["account_id"]).await;
        assert_eq!(by_narrow.status, 403, "{}: {}", route.name, by_narrow.text);
        if route.who == Person {
            assert_eq!(route.call(&control, &control.operator, &own, "").await.status, 403, "{}", route.name);
        }
    }
}

#[tokio::test]
async fn public_routes_are_these_and_no_others() {
    let control = Control::start().await;
    let own = all_belongings(&control, "Own").await;
    let mut open = BTreeSet::new();
    for route in routes(&control).await {
        let body: Option<Value> = serde_json::from_str(route.body).ok();
        let build = |request: reqwest::RequestBuilder| match &body {
            Some(body) => request.json(body),
            None => request,
        };
        let answer = control.send(build, route.method.clone(), &route.path_to(&own)).await;
        let is_open = answer.body["code"] != "missing_credentials";
        assert_eq!(is_open, route.who == Public, "{}: {}", route.name, answer.text);
        if is_open {
            open.insert(route.name);
        }
    }
    assert!(!open.is_empty());
}
