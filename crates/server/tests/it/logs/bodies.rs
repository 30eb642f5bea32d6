//! Bodies in the log: only where a route has them kept, bounded, and without a secret in them.

use keyward_core::key::Environment;
use keyward_server::logs::{Bodies, Record};

use super::{bytes_below, everything};
use crate::gateway::{Gated, scoped};

/// Two routes that keep 64 bytes of each body, one of which looks into bodies, and one that keeps none.
const KEPT: &str = "
[apis.shop]
upstream = 'LIVE'
scopes = { use = '' }
[[apis.shop.routes]]
path = '/kept'
scopes = ['use']
log_bodies = 64
[[apis.shop.routes]]
path = '/judged'
scopes = ['use']
log_bodies = 64
body = { require = 'has(body.a)' }
[[apis.shop.routes]]
path = '/other'
scopes = ['use']
";

fn of<'a>(records: &'a [Record], path: &str) -> Option<&'a Bodies> {
    records.iter().find(|record| record.path() == path).expect("there is a row").bodies.as_deref()
}

#[tokio::test(flavor = "multi_thread")]
async fn r79_bodies_are_kept_on_the_routes_that_say_so_alone() {
    let gated = Gated::start(KEPT).await;
    let app = &gated.started.app;
    let account = gated.started.account("shop", "Acme").await;
    let secret = gated.secret(scoped(&account, "server", Environment::Live, &["use"])).await;
    let bearer = format!("Authorization: Bearer {secret}");
    let send = |line: &str, body: &str| gated.send(line, &[&bearer], body).status;
    let chunks = "7\r\n{\"a\":1,\r\n6\r\n\"b\":2}\r\n0\r\n\r\n";
    let head = "POST /kept HTTP/1.1\r\nHost: api.example.com\r\nTransfer-Encoding: chunked";
    assert_eq!(gated.connect().send(&format!("{head}\r\n{bearer}"), chunks).status, 200);
    assert_eq!(send("POST /other", r#"{"a":1}"#), 200);
    assert_eq!(send("POST /judged", r#"{"b":1}"#), 422);
    let records = everything(app).await;
    let kept = of(&records, "/kept").expect("its route keeps bodies");
    assert_eq!((kept.request.text(), kept.request.cut), (r#"{"a":1,"b":2}"#, false));
    assert_eq!((kept.answer.text(), kept.answer.cut), ("ok", false));
    assert_eq!(of(&records, "/other"), None);
    let judged = of(&records, "/judged").expect("its route keeps bodies");
    assert_eq!(judged.request.text(), r#"{"b":1}"#, "what was sent and refused is there");
    assert!(judged.answer.text().contains("invalid_body") || judged.answer.cut);

    // The same from a segment.
    app.logs.seal_now().await.unwrap();
    let records = everything(app).await;
    assert_eq!(of(&records, "/kept"), Some(&kept_bodies(r#"{"a":1,"b":2}"#, false, "ok", false)));
}

fn kept_bodies(request: &str, request_cut: bool, answer: &str, answer_cut: bool) -> Bodies {
    let mut bodies = Bodies::default();
    (bodies.request.bytes, bodies.request.cut) = (request.as_bytes().to_vec(), request_cut);
    (bodies.answer.bytes, bodies.answer.cut) = (answer.as_bytes().to_vec(), answer_cut);
    bodies
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_cut_and_hold_no_secret() {
    let gated = Gated::start(KEPT).await;
    let app = &gated.started.app;
    let account = gated.started.account("shop", "Acme").await;
    let secret = gated.secret(scoped(&account, "server", Environment::Live, &["use"])).await;
    let bearer = format!("Authorization: Bearer {secret}");
    let send = |body: &str, more: &[&str]| gated.send("POST /kept", &[&[bearer.as_str()], more].concat(), body);
    let long = "é".repeat(40);
    send(&long, &[]);
    send(&format!("{{\"k\":\"{secret}\"}}"), &[]);
    // Of what is compressed nothing can be said, and so nothing is kept.
    send("looks like gzip", &["Content-Encoding: gzip"]);
    let records = everything(app).await;
    let requests: Vec<_> = records.iter().rev().map(|record| &record.bodies.as_ref().unwrap().request).collect();
    assert_eq!((requests[0].text(), requests[0].cut), ("é".repeat(32).as_str(), true));
    assert_eq!(requests[1].text(), r#"{"k":"[redacted]"}"#);
    assert_eq!((requests[2].text(), requests[2].cut), ("", true), "it does not look like an empty one");
    let files = bytes_below(&app.config.logs.folder);
    let holds = |text: &str| files.windows(text.len()).any(|own| own == text.as_bytes());
    assert!(!holds(&secret) && holds("[redacted]"));
}
