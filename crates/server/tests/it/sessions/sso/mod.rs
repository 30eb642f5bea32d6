//! `/v1/session/sso`: single sign-on with a real provider in a process of its own, and with one that lies.

mod forger;
mod real;

use keyward_server::audit::{self, AuditFilter};
use keyward_server::changes::Reach;
use keyward_server::operation::Page;
use serde_json::json;

use super::{Answer, Browser, EMAIL, PASSWORD, Site};
use forger::{Forger, Signed};
use real::Real;

fn config(base: &str, issuer: &str, more: &str) -> String {
    format!(
        "[control]\nurl = '{base}'\n[sign_in.sso.company]\nissuer = '{issuer}'\ntitle = 'Example <Inc.>'\n\
         client_id = 'keyward'\nclient_secret = 'what-the-provider-gave'\n{more}\n"
    )
}

/// A site on a port that the provider can be told beforehand, and the provider.
async fn with_real(more: &str) -> (Site, Real) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let callback = format!("{base}/v1/session/sso/company/callback");
    let real = tokio::task::spawn_blocking(move || Real::start(&callback)).await.unwrap();
    let site = Site::on(listener, &config(&base, &real.issuer, more)).await;
    site.operator(EMAIL).await;
    (site, real)
}

async fn with_forger() -> (Site, Forger) {
    let forger = Forger::start().await;
    let site = Site::start(&config("http://127.0.0.1:9", &forger.issuer, "")).await;
    site.operator(EMAIL).await;
    (site, forger)
}

async fn begin(browser: &Browser) -> String {
    browser.get("/v1/session/sso/company").await.is(303).location()
}

fn parameter(url: &str, name: &str) -> String {
    let (_, query) = url.split_once('?').unwrap();
    let found = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(own, _)| *own == name);
    found.map(|(_, value)| value.to_owned()).unwrap_or_default()
}

/// What has been audited, newest first.
async fn actions(site: &Site) -> Vec<String> {
    let page = audit::list(&site.started.app, Reach::All, AuditFilter::default(), Page::default()).await.unwrap();
    page.items.into_iter().map(|event| event.action).collect()
}

#[tokio::test]
async fn a_real_provider_vouches_for_somebody_who_is_here() {
    let (site, real) = with_real("").await;
    let browser = site.browser();
    let offered = browser.get("/v1/session/sso").await.is(200).body;
    let expected = json!([{ "name": "company", "title": "Example <Inc.>", "url": "/v1/session/sso/company" }]);
    assert_eq!(offered["items"], expected);

    let url = begin(&browser).await;
    assert_eq!(parameter(&url, "code_challenge_method"), "S256");
    assert!(!parameter(&url, "nonce").is_empty() && !parameter(&url, "state").is_empty());
    let back = real.vouch(&url, "ada").await;
    let answer = browser.get(&back).await.is(303);
    assert_eq!(answer.location(), "/");
    assert_eq!(browser.cookie("__Host-keyward-sso"), None, "the attempt is over");
    let sessions = browser.get("/v1/me/sessions").await.is(200).body;
    assert_eq!(sessions["items"][0]["method"], "sso:company");
    assert_eq!(actions(&site).await[..2], ["person.signed_in", "person.identity_linked"]);

    // The second time the provider's own name for her is known.
    let before = browser.session();
    let back = real.vouch(&begin(&browser).await, "ada").await;
    browser.get(&back).await.is(303);
    assert_ne!(browser.session(), before);
    let thief = site.browser();
    thief.put("__Host-keyward", &before);
    thief.get("/v1/me/sessions").await.is(401);
    assert_eq!(actions(&site).await[..2], ["person.signed_in", "person.signed_in"]);

    let url = browser.get("/v1/session/sso/company?fresh=true").await.is(303).location();
    assert_eq!((parameter(&url, "prompt").as_str(), parameter(&url, "max_age").as_str()), ("login", "0"));
    let back = real.vouch(&url, "ada").await;
    browser.get(&back).await.is(303);
    browser.post("/v1/me/totp", json!({})).await.is(201);
}

#[tokio::test]
async fn an_answer_counts_once_and_in_the_browser_that_asked() {
    let (site, real) = with_real("").await;
    let (own, other) = (site.browser(), site.browser());
    let back = real.vouch(&begin(&own).await, "ada").await;
    assert_eq!(other.get(&back).await.is(401).code(), "sso_state", "nobody is signed in by a link");
    begin(&other).await;
    assert_eq!(other.get(&back).await.is(401).code(), "sso_state", "nor with an attempt of their own");
    assert_eq!(other.session(), "");

    let kept = own.cookie("__Host-keyward-sso").unwrap();
    own.get(&back).await.is(303);
    assert_eq!(own.get(&back).await.is(401).code(), "sso_state");
    own.put("__Host-keyward-sso", &kept);
    assert_eq!(own.get(&back).await.is(401).code(), "sso_refused", "the provider gave the code away once");

    let late = site.browser();
    let back = real.vouch(&begin(&late).await, "ada").await;
    site.started.clock.advance(600_000);
    assert_eq!(late.get(&back).await.is(401).code(), "sso_state", "ten minutes are enough");
}

#[tokio::test]
async fn nobody_is_made_and_an_address_must_be_verified() {
    let (site, real) = with_real("").await;
    for who in ["zoe", "mallory"] {
        let browser = site.browser();
        let back = real.vouch(&begin(&browser).await, who).await;
        assert_eq!(browser.get(&back).await.is(403).code(), "sso_unknown", "{who}");
        assert_eq!(browser.session(), "");
    }
    let (site, real) = with_real("domains = ['elsewhere.example']").await;
    let browser = site.browser();
    let back = real.vouch(&begin(&browser).await, "ada").await;
    assert_eq!(browser.get(&back).await.is(403).code(), "sso_domain");
}

/// A whole attempt at the forger, which answers with these claims.
async fn attempt(site: &Site, forger: &Forger, signed: Signed, change: impl FnOnce(&mut serde_json::Value)) -> Answer {
    let browser = site.browser();
    let url = begin(&browser).await;
    let mut claims = forger.claims(&parameter(&url, "nonce"));
    change(&mut claims);
    forger.say(&claims, signed);
    let answer =
        browser.get(&format!("/v1/session/sso/company/callback?code=c&state={}", parameter(&url, "state"))).await;
    assert_eq!(answer.status == 303, !browser.session().is_empty());
    answer
}

#[tokio::test]
async fn what_is_forged_is_refused() {
    let (site, forger) = with_forger().await;
    attempt(&site, &forger, Signed::Key(1), |_| {}).await.is(303);
    for signed in [Signed::Not, Signed::Shared, Signed::Key(2)] {
        let answer = attempt(&site, &forger, signed, |_| {}).await.is(401);
        assert_eq!(answer.code(), "sso_refused", "{signed:?}");
    }
    let forged = [
        ("nonce", json!("another")),
        ("aud", json!("somebody else")),
        ("aud", json!(["keyward", "somebody else"])),
        ("iss", json!("http://127.0.0.1:9")),
        ("exp", json!(1_772_360_099)),
    ];
    for (claim, value) in forged {
        let answer = attempt(&site, &forger, Signed::Key(1), |claims| claims[claim] = value).await.is(401);
        assert_eq!(answer.code(), "sso_refused", "{claim}");
    }
    let another = |claims: &mut serde_json::Value| {
        claims["sub"] = json!("mallory");
        claims["email_verified"] = json!(false);
    };
    assert_eq!(attempt(&site, &forger, Signed::Key(1), another).await.is(403).code(), "sso_unknown");

    let browser = site.browser();
    let state = parameter(&begin(&browser).await, "state");
    let denied = format!("/v1/session/sso/company/callback?error=access_denied&state={state}");
    assert_eq!(browser.get(&denied).await.is(401).code(), "sso_refused");
    let state = parameter(&begin(&browser).await, "state");
    let mixed_up = format!("/v1/session/sso/company/callback?code=c&state={state}&iss=http%3A%2F%2F127.0.0.1%3A9");
    assert_eq!(browser.get(&mixed_up).await.is(401).code(), "sso_refused");
}

#[tokio::test]
async fn a_provider_may_change_its_keys() {
    let (site, forger) = with_forger().await;
    attempt(&site, &forger, Signed::Key(1), |_| {}).await.is(303);
    forger.publish(2);
    site.started.clock.advance(10_000);
    attempt(&site, &forger, Signed::Key(2), |_| {}).await.is(303);
    attempt(&site, &forger, Signed::Key(1), |_| {}).await.is(401);
}

#[tokio::test]
async fn without_its_provider_people_are_told_and_passwords_work() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let site = Site::start(&config("http://127.0.0.1:9", &nobody, "")).await;
    site.operator(EMAIL).await;
    let browser = site.browser();
    assert_eq!(browser.get("/v1/session/sso/company").await.is(502).code(), "sso_unavailable");
    let page = reqwest::Client::new().get(format!("{}/v1/session/sso/company", site.base));
    let page = page.header("accept", "text/html").send().await.unwrap();
    assert_eq!(page.status(), 502);
    assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    let text = page.text().await.unwrap();
    assert!(text.contains("Example &lt;Inc.&gt; could not be asked"), "{text}");
    browser.get("/v1/session/sso/nobody").await.is(404);
    browser.post("/v1/session", json!({ "email": EMAIL, "password": PASSWORD })).await.is(200);
}
