use keyward_core::key::Environment;
use keyward_core::time::HOUR_MS;
use keyward_server::accounts::AccountView;
use keyward_server::keys::{LimitSpec, NewKey};

use super::{Gated, Reply, is, scoped, told};

const APIS: &str = "[apis.clickyid]\npreset = 'clickyid'\nupstream = 'LIVE'\ntest_upstream = 'TEST'\n";
const BOTH: &[&str] = &["validate:target-groups", "validate:offers"];

async fn team() -> (Gated, AccountView) {
    let gate = Gated::start(APIS).await;
    let account = gate.started.account("clickyid", "Team").await;
    (gate, account)
}

impl Gated {
    fn clicky(&self, line: &str, secret: &str, body: &str) -> Reply {
        self.send(line, &[&format!("Authorization: Bearer {secret}")], body)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r47_r54_a_bearer_key_on_every_request() {
    let (gate, account) = team().await;
    let secret = gate.secret(scoped(&account, "k", Environment::Live, BOTH)).await;
    assert_eq!(gate.clicky("GET /offers", &secret, "").status, 200);
    let ask = |headers: &[&str]| told(&gate.send("GET /offers", headers, ""));
    assert_eq!(ask(&[]), is(401, "missing_credentials"));
    assert_eq!(ask(&["Authorization: Basic eDp5"]), is(401, "unsupported_scheme"));
    assert_eq!(ask(&[&format!("Authorization: {secret}")]), is(401, "unsupported_scheme"));
    assert_eq!(ask(&["Authorization: Bearer nonsense"]), is(401, "invalid_credentials"));
    let in_url = gate.send(&format!("GET /offers?key={secret}"), &[], "");
    assert_eq!(told(&in_url), is(400, "credential_in_url"));
    assert!(!in_url.body.contains(&secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn r54_malformed_mistyped_unknown_and_foreign_keys_are_answered_alike() {
    let (gate, account) = team().await;
    let secret = gate.secret(scoped(&account, "k", Environment::Live, BOTH)).await;
    let mistyped = format!("{}{}", &secret[..secret.len() - 1], if secret.ends_with('0') { '1' } else { '0' });
    let format = &gate.started.app.config.api("clickyid").unwrap().api.kinds[0].format;
    let unknown = format.generate(Environment::Live, &mut |bytes| bytes.fill(7));
    let replies = ["x", &mistyped, unknown.expose(), ""].map(|sent| gate.clicky("GET /offers", sent, "").without_ids());
    assert_eq!(told(&replies[0]), is(401, "invalid_credentials"));
    assert_eq!(replies[0], replies[1]);
    assert_eq!(replies[0], replies[2]);
    assert_eq!(replies[0].header("x-ratelimit-limit"), None, "a 401 has no key (row r68)");
}

#[tokio::test(flavor = "multi_thread")]
async fn r57_r59_test_keys_have_their_own_upstream_limit_and_routes() {
    let (gate, account) = team().await;
    let live = gate.secret(scoped(&account, "live", Environment::Live, BOTH)).await;
    let test = gate.secret(scoped(&account, "test", Environment::Test, BOTH)).await;
    assert!(test.starts_with("ck_test_"));
    let limit = |secret: &str| gate.clicky("GET /offers", secret, "").header("x-ratelimit-limit");
    assert_eq!((limit(&live).as_deref(), limit(&test).as_deref()), (Some("1000"), Some("10000")));
    assert_eq!((gate.live.received().len(), gate.test.received().len()), (1, 1));
    let bulk = r#"{"emails":["a@b.c"],"offerIds":["1"]}"#;
    assert_eq!(told(&gate.clicky("POST /validate/bulk", &test, bulk)), is(403, "wrong_environment"));
    assert_eq!(gate.clicky("POST /validate/bulk", &live, bulk).status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn r60_r61_r62_scopes_open_their_endpoints_only() {
    let (gate, account) = team().await;
    let groups = gate.secret(scoped(&account, "g", Environment::Live, &BOTH[..1])).await;
    let offers = gate.secret(scoped(&account, "o", Environment::Live, &BOTH[1..])).await;
    for (line, of_groups) in [
        ("POST /validate/target-group", true),
        ("GET /target-groups", true),
        ("POST /validate/offer", false),
        ("GET /offers", false),
    ] {
        let (yes, no) = if of_groups { (&groups, &offers) } else { (&offers, &groups) };
        assert_eq!(gate.clicky(line, yes, "").status, 200, "{line}");
        let reply = gate.clicky(line, no, "");
        assert_eq!(told(&reply), is(403, "insufficient_scope"), "{line}");
        let needed = if of_groups { BOTH[0] } else { BOTH[1] };
        assert!(reply.header("www-authenticate").unwrap().ends_with(&format!("scope=\"{needed}\"")));
    }
    assert_eq!(told(&gate.clicky("GET /elsewhere", &groups, "")), is(404, "no_route"));
    assert_eq!(told(&gate.clicky("DELETE /offers", &offers, "")), is(404, "no_route"));
}

#[tokio::test(flavor = "multi_thread")]
async fn r63_bulk_needs_the_scopes_of_what_it_validates() {
    let (gate, account) = team().await;
    let groups = gate.secret(scoped(&account, "g", Environment::Live, &BOTH[..1])).await;
    let both = gate.secret(scoped(&account, "b", Environment::Live, BOTH)).await;
    let bulk = |secret: &str, ids: &str| {
        told(&gate.clicky("POST /validate/bulk", secret, &format!(r#"{{"emails":["a@b.c"],"mode":"any"{ids}}}"#)))
    };
    assert_eq!(bulk(&groups, r#","targetGroupIds":["1"]"#), is(200, ""));
    assert_eq!(bulk(&groups, r#","offerIds":["1"]"#), is(403, "insufficient_scope"));
    assert_eq!(bulk(&groups, r#","targetGroupIds":["1"],"offerIds":["1"]"#), is(403, "insufficient_scope"));
    assert_eq!(bulk(&both, r#","targetGroupIds":["1"],"offerIds":["1"]"#), is(200, ""));
    assert_eq!(bulk(&both, ""), is(422, "invalid_body"));
    assert_eq!(bulk(&both, r#","targetGroupIds":[]"#), is(422, "invalid_body"));
    assert_eq!(bulk(&both, r#","offerIds":["1"],"offerIds":[]"#), is(400, "invalid_body"));
    assert_eq!(bulk(&both, "oops"), is(400, "invalid_body"));
}

#[tokio::test(flavor = "multi_thread")]
async fn r64_r70_the_sixth_of_five_is_refused() {
    let (gate, account) = team().await;
    let five = LimitSpec { name: "default".into(), limit: 5, window_s: None, algorithm: None, per: None };
    let new = NewKey { limits: vec![five], ..scoped(&account, "k", Environment::Live, BOTH) };
    let secret = gate.secret(new).await;
    let left: Vec<_> =
        (0..5).map(|_| gate.clicky("GET /offers", &secret, "").header("x-ratelimit-remaining").unwrap()).collect();
    assert_eq!(left, ["4", "3", "2", "1", "0"]);
    let reply = gate.clicky("GET /offers", &secret, "");
    assert_eq!(told(&reply), is(429, "rate_limited"));
    let header = |name| reply.header(name).unwrap();
    // The clock stands at a quarter past: windows end with the hour (row r67).
    assert_eq!((header("x-ratelimit-remaining"), header("retry-after")), ("0".into(), "2700".into()));
    let body: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!((&body["code"], &body["limit"]), (&"rate_limited".into(), &"default".into()));
    assert_eq!(gate.live.received().len(), 5);
    gate.started.clock.advance(45 * 60_000);
    assert_eq!(gate.clicky("GET /offers", &secret, "").header("x-ratelimit-remaining").as_deref(), Some("4"));
}

#[tokio::test(flavor = "multi_thread")]
async fn r65_r69_a_thousand_an_hour_for_each_key() {
    let (gate, account) = team().await;
    let secret = gate.secret(scoped(&account, "a", Environment::Live, BOTH)).await;
    let other = gate.secret(scoped(&account, "b", Environment::Live, BOTH)).await;
    let mut client = gate.connect();
    let head = format!("GET /offers HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {secret}");
    let first = client.send(&head, "");
    let shown = |name| first.header(name).unwrap();
    let reset = (crate::support::START.0 / HOUR_MS + 1) * 3_600;
    assert_eq!(shown("x-ratelimit-limit"), "1000");
    assert_eq!(shown("x-ratelimit-remaining"), "999");
    assert_eq!(shown("x-ratelimit-reset"), reset.to_string());
    assert_eq!(shown("ratelimit-policy"), "\"default\";q=1000;w=3600");
    assert_eq!(shown("ratelimit"), "\"default\";r=999;t=2700");
    for _ in 1..1_000 {
        assert_eq!(client.send(&head, "").status, 200);
    }
    assert_eq!(client.send(&head, "").status, 429);
    assert_eq!(gate.clicky("GET /offers", &other, "").status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn r66_a_hundred_emails_pass_and_one_more_counts_for_nothing() {
    let (gate, account) = team().await;
    let secret = gate.secret(scoped(&account, "k", Environment::Live, BOTH)).await;
    let bulk = |count: usize| {
        let emails = vec!["\"a@b.c\""; count].join(",");
        gate.clicky("POST /validate/bulk", &secret, &format!("{{\"emails\":[{emails}],\"offerIds\":[1]}}"))
    };
    let reply = bulk(100);
    assert_eq!((reply.status, reply.header("x-ratelimit-remaining").as_deref()), (200, Some("999")));
    let reply = bulk(101);
    assert_eq!(told(&reply), is(422, "too_many_items"));
    assert!(reply.body.contains("100"), "{}", reply.body);
    assert_eq!((reply.header("x-ratelimit-remaining").as_deref(), gate.live.received().len()), (Some("999"), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn r68_every_answer_to_a_key_carries_its_limits() {
    let (gate, account) = team().await;
    let secret = gate.secret(scoped(&account, "k", Environment::Live, &BOTH[..1])).await;
    let large = format!("{{\"emails\":[\"{}\"]}}", "x".repeat(1 << 20));
    for (line, body, status) in [
        ("GET /target-groups", "", 200),
        ("GET /offers", "", 403),
        ("GET /nowhere", "", 404),
        ("POST /validate/bulk", large.as_str(), 413),
        ("POST /validate/bulk", "{}", 422),
    ] {
        let reply = gate.clicky(line, &secret, body);
        assert_eq!(reply.status, status, "{line}");
        for name in ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"] {
            assert!(reply.header(name).is_some_and(|value| value.parse::<u64>().is_ok()), "{line} {name}");
        }
    }
}
