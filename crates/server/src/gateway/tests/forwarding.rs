use std::collections::BTreeMap;
use std::time::Duration;

use http::HeaderName;

use super::support::{Harness, Origin, upstream};
use crate::config::{ApiSetup, IdentityField, RateHeaders};
use crate::gateway::fixtures::setup;

fn identity() -> Vec<(HeaderName, IdentityField)> {
    let name = HeaderName::from_static;
    vec![
        (name("x-keyward-account-id"), IdentityField::AccountId),
        (name("x-keyward-account-name"), IdentityField::AccountName),
        (name("x-keyward-key-id"), IdentityField::KeyId),
        (name("x-keyward-person-id"), IdentityField::PersonId),
        (name("x-keyward-scopes"), IdentityField::Scopes),
        (name("x-customer"), IdentityField::AccountExternalId),
        (name("x-tier"), IdentityField::AccountMetadata("tier".into())),
    ]
}

fn api(origin: &Origin) -> ApiSetup {
    let upstreams = BTreeMap::from([("live".to_owned(), upstream(&[origin.address]))]);
    ApiSetup { upstreams, identity_headers: identity(), ..setup("api").build() }
}

/// The lines of a request that the upstream received, without the body.
fn lines(request: &str) -> Vec<&str> {
    request.split("\r\n\r\n").next().unwrap_or_default().split("\r\n").collect()
}

#[test]
fn a_request_is_rebuilt_with_the_identity_and_without_the_credential() {
    let origin = Origin::plain();
    let gateway = Harness::start(vec![api(&origin)]);
    let head = "GET /a/%7Eb?q=%2e HTTP/1.1\r\nHost: API.example.com:8080\r\nAuthorization: Bearer good\r\n\
        X-Keyward-Account-Id: acct_forged\r\nx_keyward_account.id: forged\r\nX-Customer: forged\r\nX.Tier: forged\r\n\
        X-Keyward-Other: forged\r\nX-Forwarded-For: 6.6.6.6\r\nX_Forwarded_For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n\
        X-Real-IP: 6.6.6.6\r\nX-Request-Id: forged\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\n\
        Upgrade: websocket\r\nKeep-Alive: 5\r\nAccept: */*\r\nCookie: a=b\r\nCookie: c=d";
    let reply = gateway.send(head, "");
    assert_eq!((reply.status, reply.body.as_str(), reply.header("x-up").as_deref()), (200, "ok", Some("1")));
    let received = origin.last();
    let id = reply.header("x-request-id").unwrap();
    assert_eq!(
        lines(&received),
        [
            "GET /a/~b?q=%2e HTTP/1.1",
            &format!("host: {}", origin.address),
            "accept: */*",
            "cookie: a=b",
            "cookie: c=d",
            "x-keyward-account-id: acct_00000000000000000000000000000005",
            "x-keyward-account-name: Gr%C3%B6%C3%9Fe%2C%20%22Ltd%22%0D%0A",
            "x-keyward-key-id: key_00000000000000000000000000000007",
            "x-keyward-person-id: ",
            "x-keyward-scopes: ",
            "x-customer: ",
            "x-tier: gold",
            &format!("x-request-id: {id}"),
            "x-forwarded-for: 127.0.0.1",
            "x-forwarded-proto: http",
            "x-forwarded-host: API.example.com:8080",
        ]
    );
}

#[test]
fn connection_cannot_name_our_headers_away() {
    let origin = Origin::plain();
    let gateway = Harness::start(vec![api(&origin)]);
    let head = "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer good\r\n\
        Connection: close, X-Keyward-Account-Id, X-Tier, Host, X-Forwarded-For";
    assert_eq!(gateway.send(head, "").status, 200);
    let received = origin.last();
    for kept in ["host: ", "x-keyward-account-id: acct_", "x-tier: gold", "x-forwarded-for: 127.0.0.1"] {
        assert!(received.contains(&format!("\r\n{kept}")), "{kept} in {received}");
    }
    assert!(!received.contains("connection:"));
}

#[test]
fn prefixes_hosts_and_base_paths() {
    let origin = Origin::plain();
    let under = |base: &str| crate::config::Upstream { base_path: base.into(), ..upstream(&[origin.address]) };
    let with = |name: &str, prefix: &str, base: &str| ApiSetup {
        upstreams: BTreeMap::from([("live".to_owned(), under(base))]),
        ..setup(name).prefixes(&[prefix]).build()
    };
    let kept = ApiSetup { keep_prefix: true, preserve_host: true, ..with("kept", "/kept", "") };
    let gateway = Harness::start(vec![with("stripped", "/one", "/base"), kept]);
    assert_eq!(gateway.get("/one/a?b", "good").status, 200);
    let received = origin.last();
    assert_eq!(lines(&received)[..2], ["GET /base/a?b HTTP/1.1", &format!("host: {}", origin.address)]);
    assert!(received.contains("\r\nx-forwarded-prefix: /one\r\n"));
    assert_eq!(gateway.get("/one", "good").status, 200);
    assert_eq!(lines(&origin.last())[0], "GET /base/ HTTP/1.1");
    assert_eq!(gateway.get("/kept/a", "good").status, 200);
    assert_eq!(lines(&origin.last())[..2], ["GET /kept/a HTTP/1.1", "host: h"]);
    assert_eq!(gateway.get("/onea", "good").code(), "no_api");
}

#[test]
fn r57_r59_live_and_test_keys_go_to_their_own_upstreams() {
    let (live, test) = (Origin::plain(), Origin::plain());
    let upstreams = BTreeMap::from([
        ("live".to_owned(), upstream(&[live.address])),
        ("test".to_owned(), upstream(&[test.address])),
    ]);
    let gateway = Harness::start(vec![ApiSetup { upstreams, ..setup("api").build() }]);
    gateway.get("/", "good");
    gateway.get("/", "test");
    assert_eq!((live.received().len(), test.received().len()), (1, 1));
}

#[test]
fn bodies_pass_both_ways_whatever_their_framing() {
    let origin = Origin::start(|request, _| {
        Some(if request.contains("/chunked") {
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: v\r\n\r\n".into()
        } else if request.contains("/close") {
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end".into()
        } else {
            format!("HTTP/1.1 201 Created\r\nContent-Length: {}\r\n\r\n{}", 200_000, "x".repeat(200_000))
        })
    });
    let gateway = Harness::start(vec![api(&origin)]);
    let head = |path: &str, more: &str| format!("POST {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer good{more}");
    let body = "b".repeat(300_000);
    let reply = gateway.send(&head("/", "\r\nContent-Length: 300000"), &body);
    assert_eq!((reply.status, reply.body.len()), (201, 200_000));
    assert!(origin.last().ends_with(&format!("content-length: 300000\r\n\r\n{body}")));
    let reply = gateway.send(&head("/chunked", "\r\nTransfer-Encoding: chunked"), "4\r\nwxyz\r\n0\r\n\r\n");
    assert_eq!((reply.status, reply.body.as_str()), (200, "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"));
    assert!(origin.last().ends_with("transfer-encoding: chunked\r\n\r\n4\r\nwxyz\r\n0\r\n\r\n"));
    let reply = gateway.send(&head("/close", "\r\nContent-Length: 0"), "");
    assert!(reply.body.contains("until the end"), "{reply:?}");
    assert!(origin.last().ends_with("content-length: 0\r\n\r\n"));
}

#[test]
fn expectations_are_met_by_the_gateway() {
    let origin = Origin::plain();
    let gateway = Harness::start(vec![api(&origin)]);
    let mut client = gateway.connect();
    let head = "POST / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer body\r\nExpect: 100-continue\r\nContent-Length: 2";
    assert_eq!(client.send(head, "").status, 100);
    client.write("{}");
    assert_eq!(client.read().status, 200);
    assert!(origin.last().ends_with("\r\n\r\n{}") && !origin.last().contains("expect"));
}

#[test]
fn connections_are_kept_and_pipelined_requests_answered_in_order() {
    let origin = Origin::start(|request, _| {
        let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
        Some(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{path}", path.len()))
    });
    let gateway = Harness::start(vec![api(&origin)]);
    let mut client = gateway.connect();
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer good\r\n\r\n");
    client.write(&[get("/1"), get("/2"), get("/3")].concat());
    assert_eq!([client.read().body, client.read().body, client.read().body], ["/1", "/2", "/3"]);
    assert_eq!(client.send(get("/4").trim_end(), "").body, "/4");
    assert_eq!(origin.connections(), 1);
}

#[test]
fn a_reused_connection_that_closes_is_replaced_once_where_that_is_harmless() {
    // Each connection answers one request and closes at the second without a word.
    let reply = |_: &str, before| (before == 0).then(|| "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_owned());
    let origin = Origin::start(reply);
    let gateway = Harness::start(vec![api(&origin)]);
    let statuses = [1, 2].map(|_| gateway.get("/", "good").status);
    assert_eq!((statuses, origin.connections()), ([200, 200], 2));
    // The third finds a connection that answered the second's repetition, and a POST is not sent twice.
    let post = "POST / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer good\r\nContent-Length: 0";
    assert_eq!(gateway.send(post, "").code(), "upstream_unavailable");
}

#[test]
fn an_address_that_is_down_is_passed_over() {
    let origin = Origin::plain();
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let upstreams = BTreeMap::from([("live".to_owned(), upstream(&[dead, origin.address]))]);
    let gateway = Harness::start(vec![ApiSetup { upstreams, ..setup("api").build() }]);
    assert_eq!([1, 2, 3, 4].map(|_| gateway.get("/", "good").status), [200; 4]);
}

#[test]
fn an_upstream_that_is_down_slow_or_no_http_is_told_apart() {
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let garbage =
        Origin::start(|_, _| Some("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n".into()));
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let slow = crate::config::Upstream {
        response_timeout: Duration::from_millis(50),
        ..upstream(&[mute.local_addr().unwrap()])
    };
    let named = |name: &str, upstream| ApiSetup {
        upstreams: BTreeMap::from([("live".to_owned(), upstream)]),
        ..setup(name).prefixes(&[&format!("/{name}")]).build()
    };
    let all =
        vec![named("dead", upstream(&[dead])), named("garbage", upstream(&[garbage.address])), named("slow", slow)];
    let gateway = Harness::start(all);
    let told = |path: &str| {
        let reply = gateway.get(path, "good");
        (reply.status, reply.code(), reply.header("x-ratelimit-remaining"))
    };
    let limits = Some("999".to_owned());
    assert_eq!(told("/dead"), (502, "upstream_unavailable".into(), limits.clone()));
    assert_eq!(told("/garbage"), (502, "upstream_unavailable".into(), limits.clone()));
    assert_eq!(told("/slow"), (504, "upstream_timeout".into(), limits));
}

#[test]
fn r68_r69_answers_carry_both_families_of_rate_headers() {
    let answer = "HTTP/1.1 404 No\r\nContent-Length: 0\r\nX-RateLimit-Limit: 5\r\nRateLimit: x\r\nX-Keyward-Error: forged\r\n\
        Connection: X-Gone\r\nX-Gone: 1\r\nKeep-Alive: 7\r\nX-Request-Id: theirs\r\n\r\n";
    let origin = Origin::start(move |_, _| Some(answer.into()));
    let named = |name: &str, rate_headers| ApiSetup {
        rate_headers,
        upstreams: BTreeMap::from([("live".to_owned(), upstream(&[origin.address]))]),
        ..setup(name).prefixes(&[&format!("/{name}")]).build()
    };
    let all = [("ours", RateHeaders::Ours), ("theirs", RateHeaders::Upstream), ("none", RateHeaders::Off)];
    let gateway = Harness::start(all.map(|(name, whose)| named(name, whose)).into());
    let reply = gateway.get("/ours", "good");
    let shown = |name: &str| reply.header(name).unwrap_or_default();
    assert_eq!(
        ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "ratelimit-policy", "ratelimit"].map(shown),
        ["1000", "999", "1772359320", "\"default\";q=1000;w=3600", "\"default\";r=999;t=120"]
    );
    assert_eq!(
        (reply.status, reply.code(), reply.header("x-gone"), reply.header("keep-alive")),
        (404, String::new(), None, None)
    );
    assert_eq!(shown("x-request-id").len(), 32);
    assert_eq!(gateway.get("/theirs", "good").header("x-ratelimit-limit").as_deref(), Some("5"));
    assert_eq!(gateway.get("/none", "good").header("x-ratelimit-limit"), None);
}

#[test]
fn a_key_that_ends_soon_is_told_when() {
    let origin = Origin::plain();
    let gateway = Harness::start(vec![api(&origin)]);
    let told = |secret| gateway.get("/", secret).header("x-keyward-key-expires");
    assert_eq!(told("good"), None);
    assert_eq!(told("ending").as_deref(), Some("2026-03-31T10:00:00Z"));
    assert_eq!(told("old").as_deref(), Some("2026-03-02T10:00:00Z"));
}

#[test]
fn head_and_bodiless_answers_keep_their_headers() {
    let origin = Origin::start(|request, _| {
        Some(if request.starts_with("HEAD") {
            "HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n".into()
        } else {
            "HTTP/1.1 204 No Content\r\n\r\n".into()
        })
    });
    let gateway = Harness::start(vec![api(&origin)]);
    let mut client = gateway.connect();
    let reply = client.send("HEAD / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer good", "");
    assert_eq!((reply.status, reply.header("content-length").as_deref()), (200, Some("77")));
    let reply = client.send("DELETE / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer good", "");
    assert_eq!((reply.status, reply.header("content-length"), reply.header("content-type")), (204, None, None));
}
