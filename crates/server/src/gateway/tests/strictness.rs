use std::collections::BTreeMap;
use std::time::Duration;

use super::support::{Harness, Origin, upstream};
use crate::config::ApiSetup;
use crate::gateway::fixtures::setup;

fn api(origin: &Origin) -> ApiSetup {
    ApiSetup { upstreams: BTreeMap::from([("live".to_owned(), upstream(&[origin.address]))]), ..setup("api").build() }
}

const KEY: &str = "Authorization: Bearer good";

#[test]
fn smuggled_requests_are_refused_and_the_connection_closed() {
    let origin = Origin::plain();
    let gateway = Harness::start(vec![api(&origin)]);
    for head in [
        format!(
            "POST / HTTP/1.1\r\nHost: h\r\n{KEY}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        format!(
            "POST / HTTP/1.1\r\nHost: h\r\n{KEY}\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"
        ),
        format!("POST / HTTP/1.1\r\nHost: h\r\n{KEY}\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx"),
        format!("POST / HTTP/1.1\r\nHost: h\r\n{KEY}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy"),
        format!("POST / HTTP/1.1\r\nHost: h\r\n{KEY}\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        format!("POST / HTTP/1.0\r\nHost: h\r\n{KEY}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        format!("GET / HTTP/1.1\nHost: h\r\n{KEY}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: h\n{KEY}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n{KEY}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost : h\r\n{KEY}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\n{KEY}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n{KEY}\r\n\r\n"),
        format!("GET /#a HTTP/1.1\r\nHost: h\r\n{KEY}\r\n\r\n"),
        format!("GET http://other/ HTTP/1.1\r\nHost: h\r\n{KEY}\r\nConnection: close\r\n\r\n"),
    ] {
        let mut client = gateway.connect();
        client.write(&head);
        assert_eq!(client.read().status, 400, "{head:?}");
        assert!(client.is_closed(), "{head:?}");
    }
    assert!(origin.received().is_empty());
}

#[test]
fn a_good_request_before_a_smuggled_one_is_still_answered() {
    let origin = Origin::plain();
    let gateway = Harness::start(vec![api(&origin)]);
    let mut client = gateway.connect();
    client
        .write(&format!("GET / HTTP/1.1\r\nHost: h\r\n{KEY}\r\n\r\nGET / HTTP/1.1\r\nHost: h\nX: y\r\n{KEY}\r\n\r\n"));
    assert_eq!(client.read().status, 200);
    assert_eq!(client.read().status, 400);
    assert!(client.is_closed());
}

#[test]
fn odd_requests_have_their_own_answers() {
    let origin = Origin::plain();
    let gateway = Harness::start(vec![api(&origin)]);
    let ask = |line: &str, more: &str| {
        let reply = gateway.send(&format!("{line} HTTP/1.1\r\nHost: h\r\n{KEY}{more}"), "");
        (reply.status, reply.code())
    };
    let is = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(ask("TRACE /", ""), is(405, "method_not_allowed"));
    assert_eq!(ask("GET /", "\r\nExpect: 200-ok"), is(417, "expectation_failed"));
    assert_eq!(ask(&format!("GET /{}", "a".repeat(16_384)), ""), is(414, "uri_too_long"));
    for path in ["/a/../b", "/a%2fb", "/a//b", "/a\\b", "/%00", "/..;x/", "/%c0%af", "/a%5cb"] {
        assert_eq!(ask(&format!("GET {path}"), ""), is(400, "ambiguous_path"), "{path}");
    }
    assert_eq!(ask("OPTIONS *", ""), is(400, "ambiguous_path"));
    let many: String = (0..100).fold(String::new(), |all, n| all + &format!("\r\nX-{n}: 1"));
    assert_eq!(ask("GET /", &many).0, 431);
    assert_eq!(ask("GET /", &format!("\r\nX: {}", "x".repeat(40_000))).0, 431);
    assert_eq!(gateway.send(&format!("GET / HTTP/1.0\r\n{KEY}"), "").status, 200);
}

#[test]
fn slow_clients_are_let_go() {
    let origin = Origin::plain();
    let tight = Duration::from_millis(50);
    let gateway = Harness::configured(vec![api(&origin)], |config| {
        config.gateway.head_timeout = tight;
        config.gateway.idle_timeout = tight;
        config.gateway.body_idle_timeout = tight;
    });
    // Not a byte; half a head; half a body; and after an answer.
    assert!(gateway.connect().is_closed());
    let mut client = gateway.connect();
    client.write("GET / HTTP/1.1\r\nHost");
    assert!(client.is_closed());
    let mut client = gateway.connect();
    client.write(&format!("POST / HTTP/1.1\r\nHost: h\r\n{KEY}\r\nContent-Length: 5\r\n\r\nab"));
    assert!(matches!(client.read().status, 0 | 400));
    let mut client = gateway.connect();
    assert_eq!(client.send(&format!("GET / HTTP/1.1\r\nHost: h\r\n{KEY}"), "").status, 200);
    assert!(client.is_closed());
}

#[test]
fn connections_over_the_cap_are_closed() {
    let origin = Origin::plain();
    let gateway = Harness::configured(vec![api(&origin)], |config| config.gateway.connections_max = 1);
    let mut first = gateway.connect();
    assert_eq!(first.send(&format!("GET / HTTP/1.1\r\nHost: h\r\n{KEY}"), "").status, 200);
    assert!(gateway.connect().is_closed());
    assert_eq!(gateway.gateway.stats().connections(), 1);
}

#[test]
fn a_drain_finishes_what_is_under_way_and_says_what_it_cut() {
    let (tell, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let origin = Origin::start(move |request, _| {
        if request.contains("/held") {
            let _ = wait.lock().unwrap().recv();
        }
        Some("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".into())
    });
    let gateway = Harness::start(vec![api(&origin)]);
    let mut idle = gateway.connect();
    assert_eq!(idle.send(&format!("GET / HTTP/1.1\r\nHost: h\r\n{KEY}"), "").status, 200);
    let mut held = gateway.connect();
    held.write(&format!("GET /held HTTP/1.1\r\nHost: h\r\n{KEY}\r\n\r\n"));
    while origin.received().len() < 2 {
        std::thread::yield_now();
    }
    gateway.stop.send(true).unwrap();
    assert!(idle.is_closed());
    tell.send(()).unwrap();
    let reply = held.read();
    assert_eq!((reply.status, reply.body.as_str()), (200, "ok"));
    assert!(held.is_closed());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(gateway.serving.ended()), 0);
}
