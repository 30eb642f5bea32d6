//! `/v1/session`, `/v1/me/sessions`, `/v1/me/password`, `/v1/password-reset`.

use keyward_core::secret::Secret;
use keyward_server::changes::Actor;
use keyward_server::sessions::operators;
use serde_json::json;

use super::{Browser, EMAIL, OTHER, PASSWORD, Site};

async fn sign_in(browser: &Browser, email: &str, password: &str) -> super::Answer {
    browser.post("/v1/session", json!({ "email": email, "password": password })).await
}

#[tokio::test]
async fn the_cookie_is_out_of_reach_of_scripts_and_other_sites_and_is_new_each_time() {
    let site = Site::with_ada().await;
    let browser = site.browser();
    let answer = sign_in(&browser, EMAIL, PASSWORD).await.is(200);
    assert_eq!(answer.body["email"], EMAIL);
    assert_eq!((&answer.body["operator"], &answer.body["has_totp"]), (&json!(true), &json!(false)));
    let first = browser.session();
    let expected = format!("__Host-keyward={first}; Path=/; Secure; HttpOnly; SameSite=Lax");
    assert_eq!(answer.cookies(), [expected]);
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert!(!answer.text.contains(&first), "the body does not repeat it");

    sign_in(&browser, EMAIL, PASSWORD).await.is(200);
    assert_ne!(browser.session(), first);
    let thief = site.browser();
    thief.put("__Host-keyward", &first);
    assert_eq!(thief.get("/v1/me/sessions").await.is(401).code(), "session_ended");
    browser.get("/v1/me/sessions").await.is(200);
}

#[tokio::test]
async fn whatever_is_wrong_is_refused_with_the_same_bytes() {
    let site = Site::with_ada().await;
    let wrong = sign_in(&site.browser(), EMAIL, OTHER).await.is(401);
    let unknown = sign_in(&site.browser(), "nobody@example.com", PASSWORD).await.is(401);
    let no_address = sign_in(&site.browser(), "", "").await.is(401);
    assert_eq!(wrong.code(), "invalid_credentials");
    assert_eq!((&wrong.text, &wrong.text), (&unknown.text, &no_address.text));
    assert!(wrong.cookies().is_empty());
    let names = |answer: &super::Answer| {
        let mut names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        names.sort();
        names
    };
    assert_eq!(names(&wrong), names(&unknown));
}

#[tokio::test]
async fn too_many_attempts_are_told_when_to_come_back() {
    let site = Site::with_ada().await;
    for _ in 0..5 {
        sign_in(&site.browser(), EMAIL, OTHER).await.is(401);
    }
    let answer = sign_in(&site.browser(), EMAIL, PASSWORD).await.is(429);
    assert_eq!((answer.code(), answer.headers["retry-after"].to_str().unwrap()), ("too_many_attempts", "60"));
    site.started.clock.advance(60_000);
    sign_in(&site.browser(), EMAIL, PASSWORD).await.is(200);
}

#[tokio::test]
async fn people_see_their_sign_ins_and_end_them() {
    let site = Site::with_ada().await;
    let here = site.ada().await;
    site.started.clock.advance(1);
    let there = site.ada().await;
    let listed = here.get("/v1/me/sessions").await.is(200).body;
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!((&items[0]["current"], &items[1]["current"]), (&json!(false), &json!(true)), "newest first");
    assert_eq!((&items[0]["origin"], &items[0]["agent"]), (&json!("127.0.0.1"), &json!("a browser")));
    let other = items[0]["id"].as_str().unwrap();
    here.delete(&format!("/v1/me/sessions/{other}")).await.is(204);
    there.get("/v1/me/sessions").await.is(401);
    here.delete(&format!("/v1/me/sessions/{other}")).await.is(404);
    here.delete("/v1/me/sessions/ses_x").await.is(404);

    let there = site.ada().await;
    here.delete("/v1/me/sessions?keep_current=true").await.is(204);
    there.get("/v1/me/sessions").await.is(401);
    here.get("/v1/me/sessions").await.is(200);
    let there = site.ada().await;
    here.delete("/v1/me/sessions").await.is(204);
    there.get("/v1/me/sessions").await.is(401);
    assert_eq!(here.session(), "", "the browser was told to forget it");

    let here = site.ada().await;
    let cookie = here.session();
    here.delete("/v1/session").await.is(204);
    assert_eq!(here.session(), "");
    here.put("__Host-keyward", &cookie);
    here.get("/v1/me/sessions").await.is(401);
}

#[tokio::test]
async fn another_s_sign_in_answers_as_a_missing_one() {
    let site = Site::with_ada().await;
    site.operator("bob@example.com").await;
    let (ada, bob) = (site.ada().await, site.browser());
    let signed = sign_in(&bob, "bob@example.com", PASSWORD).await.is(200);
    let foreign = ada.delete(&format!("/v1/me/sessions/{}", signed.body["session_id"].as_str().unwrap())).await.is(404);
    let missing = ada.delete("/v1/me/sessions/ses_00000000000000000000000000000000").await.is(404);
    assert_eq!(foreign.text, missing.text);
    bob.get("/v1/me/sessions").await.is(200);
}

#[tokio::test]
async fn a_new_password_renews_the_cookie_and_ends_the_others() {
    let site = Site::with_ada().await;
    let (here, there) = (site.ada().await, site.ada().await);
    let before = here.session();
    let change = |current: &str, new: &str| json!({ "current_password": current, "new_password": new });
    let refused = here.post("/v1/me/password", change(OTHER, OTHER)).await.is(401);
    assert_eq!(refused.code(), "invalid_credentials");
    assert_eq!(here.post("/v1/me/password", change(PASSWORD, "short")).await.is(422).pointer(), "/new_password");
    here.post("/v1/me/password", change(PASSWORD, OTHER)).await.is(204);
    assert_ne!(here.session(), before);
    here.get("/v1/me/sessions").await.is(200);
    there.get("/v1/me/sessions").await.is(401);
    let thief = site.browser();
    thief.put("__Host-keyward", &before);
    thief.get("/v1/me/sessions").await.is(401);
}

#[tokio::test]
async fn asking_for_a_reset_tells_nothing_and_a_link_sets_a_password_once() {
    let site = Site::with_ada().await;
    let ask = async |email: &str| site.browser().post("/v1/password-reset", json!({ "email": email })).await.is(202);
    let (known, unknown) = (ask(EMAIL).await, ask("nobody@example.com").await);
    assert_eq!((known.text.as_str(), known.headers.len()), (unknown.text.as_str(), unknown.headers.len()));

    let link = operators::reset(&site.started.app, Actor::cli(), EMAIL).await.unwrap();
    let complete = async |link: &Secret, new: &str| {
        let body = json!({ "token": link.expose(), "new_password": new });
        site.browser().post("/v1/password-reset/complete", body).await
    };
    assert_eq!(complete(&link, "short").await.is(422).pointer(), "/new_password");
    complete(&link, OTHER).await.is(204);
    let used = complete(&link, OTHER).await.is(410);
    let unknown = complete(&Secret::new("kwl_x".into()), OTHER).await.is(410);
    assert_eq!((used.code(), &used.text), ("link_not_valid", &unknown.text));
    sign_in(&site.browser(), EMAIL, PASSWORD).await.is(401);
    sign_in(&site.browser(), EMAIL, OTHER).await.is(200);
}

#[tokio::test]
async fn links_cannot_be_guessed_without_end() {
    let site = Site::start("").await;
    let body = json!({ "token": "kwl_0000000000000000000000000000000000000000", "new_password": OTHER });
    for _ in 0..30 {
        site.browser().post("/v1/password-reset/complete", body.clone()).await.is(410);
    }
    site.browser().post("/v1/password-reset/complete", body).await.is(429);
}
