use std::collections::BTreeMap;

use super::support::{Harness, Origin, denials, upstream};
use crate::config::{ApiSetup, Preflight, Scheme};
use crate::gateway::fixtures::setup;

fn api(origin: &Origin) -> ApiSetup {
    let upstreams = BTreeMap::from([("live".to_owned(), upstream(&[origin.address]))]);
    ApiSetup { upstreams, help_url: Some("https://help.example.com".into()), ..setup("api").build() }
}

#[test]
fn every_denial_of_the_judge_reaches_the_client_with_its_headers() {
    let origin = Origin::plain();
    let gateway = Harness::start(vec![api(&origin)]);
    for denial in denials() {
        let code = denial.code();
        let reply = gateway.get("/", &format!("deny_{code}"));
        assert_eq!((reply.status, reply.code().as_str()), (denial.status(), code));
        assert_eq!(
            reply.header("www-authenticate").is_some(),
            matches!(reply.status, 401) || code == "insufficient_scope",
            "{code}"
        );
        assert_eq!(reply.header("retry-after").is_some(), reply.status == 429, "{code}");
        // A 401 has no key and carries no limits (row r68).
        assert_eq!(reply.header("x-ratelimit-limit").is_some(), reply.status != 401, "{code}");
        assert_eq!(reply.header("x-request-id").map_or(0, |id| id.len()), 32, "{code}");
        assert!(reply.body.contains("https://help.example.com"), "{code}: {}", reply.body);
        assert!(reply.body.contains(code), "{code}: {}", reply.body);
    }
    assert!(origin.received().is_empty(), "nothing that is refused is forwarded");
    let all = &gateway.gateway.stats().snapshot()[0];
    assert_eq!(all.denials.iter().map(|(_, count)| count).sum::<u64>(), denials().len() as u64);
}

#[test]
fn r60_a_missing_scope_is_named() {
    let origin = Origin::plain();
    let gateway = Harness::start(vec![api(&origin)]);
    let reply = gateway.get("/", "deny_insufficient_scope");
    let challenge = "Bearer realm=\"api\", error=\"insufficient_scope\", scope=\"a b\"";
    assert_eq!((reply.status, reply.header("www-authenticate").as_deref()), (403, Some(challenge)));
}

#[test]
fn r70_a_wait_is_told_in_whole_seconds() {
    let origin = Origin::plain();
    let gateway = Harness::start(vec![api(&origin)]);
    let reply = gateway.get("/", "deny_rate_limited");
    assert_eq!((reply.status, reply.header("retry-after").as_deref()), (429, Some("2")));
}

#[test]
fn r47_r54_without_a_good_credential_nothing_passes() {
    let origin = Origin::plain();
    let gateway = Harness::start(vec![api(&origin)]);
    let ask = |target: &str, more: &str| {
        let reply = gateway.send(&format!("GET {target} HTTP/1.1\r\nHost: h{more}"), "");
        (reply.status, reply.code())
    };
    let is = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(ask("/", ""), is(401, "missing_credentials"));
    assert_eq!(ask("/", "\r\nAuthorization: Basic YTpi"), is(401, "unsupported_scheme"));
    assert_eq!(ask("/", "\r\nAuthorization: Bearer a b"), is(401, "invalid_credentials"));
    assert_eq!(ask("/?api_key=x", ""), is(400, "credential_in_url"));
    assert_eq!(ask("/?api_key=x", "\r\nAuthorization: Bearer good"), is(400, "credential_in_url"));
    let twice = "\r\nAuthorization: Bearer good\r\nAuthorization: Bearer good";
    assert_eq!(ask("/", twice), is(400, "ambiguous_credentials"));
    assert!(origin.received().is_empty());
}

#[test]
fn r83_invalid_credentials_are_answered_alike_byte_for_byte() {
    let origin = Origin::plain();
    let both = ApiSetup { schemes: vec![Scheme::Bearer, Scheme::Basic], ..api(&origin) };
    let gateway = Harness::start(vec![both]);
    let replies = ["Bearer deny_invalid_credentials", "Bearer a b", "Basic raw_key", "Basic"].map(|value| {
        let head = format!("GET / HTTP/1.1\r\nHost: h\r\nAuthorization: {value}");
        gateway.send(&head, "").without_ids()
    });
    assert_eq!(replies[0].status, 401);
    assert!(replies.iter().all(|reply| *reply == replies[0]), "{replies:#?}");
}

#[test]
fn r48_no_origin_is_granted_unless_it_is_configured() {
    let origin = Origin::plain();
    let granting = Preflight::Answer { origins: vec!["https://ok.example".into()] };
    let apis = vec![
        ApiSetup { preflight: granting, ..setup("granting").prefixes(&["/granting"]).build() },
        ApiSetup { preflight: Preflight::Answer { origins: vec![] }, ..setup("none").prefixes(&["/none"]).build() },
        ApiSetup {
            preflight: Preflight::Forward,
            upstreams: BTreeMap::from([("live".to_owned(), upstream(&[origin.address]))]),
            ..setup("forward").prefixes(&["/forward"]).build()
        },
        ApiSetup { preflight: Preflight::Check, ..setup("check").prefixes(&["/check"]).build() },
    ];
    let gateway = Harness::start(apis);
    let ask = |path: &str, from: &str| {
        let more = format!("Origin: {from}\r\nAccess-Control-Request-Method: PUT");
        let reply = gateway.send(&format!("OPTIONS {path} HTTP/1.1\r\nHost: h\r\n{more}"), "");
        (reply.status, reply.header("access-control-allow-origin"), reply.header("access-control-allow-methods"))
    };
    let granted = Some("https://ok.example".to_owned());
    assert_eq!(ask("/granting", "https://ok.example"), (204, granted.clone(), Some("PUT".into())));
    assert_eq!(ask("/granting", "https://ok.example.evil"), (204, None, None));
    assert_eq!(ask("/none", "https://ok.example"), (204, None, None));
    assert_eq!(ask("/forward", "https://ok.example").0, 200);
    assert_eq!(ask("/check", "https://ok.example").0, 401);
    // What a granted script may ask, it may also read, refusals among it.
    let reply = gateway.send("GET /granting HTTP/1.1\r\nHost: h\r\nOrigin: https://ok.example", "");
    assert_eq!((reply.status, reply.header("access-control-allow-origin")), (401, granted));
}

#[test]
fn inspected_bodies_are_plain_json_within_bounds_and_forwarded_as_they_were_read() {
    let origin = Origin::plain();
    let gateway = Harness::start(vec![api(&origin)]);
    let post = |more: &str, body: &str| {
        let head = "POST / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer body";
        let reply = gateway.send(&format!("{head}\r\nContent-Length: {}{more}", body.len()), body);
        assert!(reply.header("x-ratelimit-limit").is_some(), "{reply:?}");
        (reply.status, reply.code())
    };
    let is = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(post("", "{ \"a\" : 1 }"), is(200, ""));
    assert!(origin.last().ends_with("content-length: 11\r\n\r\n{ \"a\" : 1 }"));
    assert_eq!(post("\r\nContent-Type: application/json", "{\"refuse\":1}"), is(404, "no_route"));
    assert_eq!(post("\r\nContent-Type: text/plain", "{}"), is(415, "unsupported_media"));
    assert_eq!(post("\r\nContent-Encoding: gzip", "{}"), is(415, "unsupported_media"));
    assert_eq!(post("", &"x".repeat(101)), is(413, "payload_too_large"));
    let chunked = "POST / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer body\r\nTransfer-Encoding: chunked";
    let reply = gateway.send(chunked, &format!("65\r\n{}\r\n0\r\n\r\n", "x".repeat(101)));
    assert_eq!((reply.status, reply.code()), is(413, "payload_too_large"));
    assert_eq!(gateway.send(chunked, "1\r\n{\r\n1\r\n}\r\n0\r\n\r\n").status, 200);
    assert!(origin.last().ends_with("content-length: 2\r\n\r\n{}"));
}
