//! The demo's inbox and its clock.

mod common;

use std::collections::BTreeSet;

use common::{Answer, Demo, Underway};
use serde_json::Value;

fn mails(demo: &Demo) -> Value {
    let answer = Answer::get(&format!("{}/mails", demo.fact("/inbox")), &[]);
    serde_json::from_str(&answer.body).expect("JSON")
}

/// Moves the clock, and gives the mails there are then.
fn pass(demo: &Demo, days: u32) -> Value {
    let url = format!("{}/clock?days={days}", demo.fact("/inbox"));
    let accept = ["Accept: application/json".to_owned(), "Content-Length: 0".to_owned()];
    serde_json::from_str(&Underway::send("POST", &url, &accept, "").finish().body).expect("JSON")
}

fn subjects(mails: &Value) -> Vec<String> {
    let all = mails["mails"].as_array().expect("mails");
    all.iter().map(|mail| mail["subject"].as_str().expect("a subject").to_owned()).collect()
}

#[test]
fn r27_r28_a_visitor_sees_a_passcode_near_its_end_and_end() {
    let demo = Demo::start();
    let keys = demo.json(&["keys", "list", "--all"]);
    let standings: BTreeSet<_> =
        keys["items"].as_array().expect("keys").iter().map(|key| key["standing"].to_string()).collect();
    let all = ["active", "expiring_soon", "expired", "disabled", "revoked", "pending", "awaiting_pickup"];
    assert_eq!(standings.len(), all.len(), "a key in every state: {standings:?}");

    let account = demo.json(&["accounts", "list", "--api", "clevertap"])["items"][0]["id"].clone();
    let account = account.as_str().expect("an id");
    demo.json(&["keys", "create", "Ten seconds", "--account", account, "--days", "2", "--contact", "you@example.org"]);
    let told = |mails: &Value| subjects(mails).into_iter().filter(|subject| subject.contains("Ten seconds")).count();
    let before = told(&pass(&demo, 1));
    let after = pass(&demo, 1);
    assert_eq!(told(&after) - before, 2, "its admin and its contact: {:?}", subjects(&after));
    assert!(subjects(&after)[0].contains("has expired"), "{:?}", subjects(&after));
    let later = pass(&demo, 30);
    assert!(subjects(&later).iter().any(|subject| subject.contains("“Data warehouse” of Example Games has expired")));
    assert_eq!(told(&later), told(&after), "and no more of it");
    assert_eq!(mails(&demo)["now"].as_str().map(|now| &now[..10]), later["now"].as_str().map(|now| &now[..10]));
    let listed = demo.json(&["notices", "list", "--kind", "key.expired"]);
    assert!(listed["items"].as_array().is_some_and(|items| items.len() >= 3), "{listed}");
}

#[test]
fn the_inbox_answers_its_own_page_alone() {
    let demo = Demo::start();
    let inbox = demo.fact("/inbox").to_owned();
    let status = |headers: &[&str], method: &str, path: &str| {
        let headers: Vec<String> = headers.iter().map(|header| (*header).to_owned()).collect();
        Underway::send(method, &format!("{inbox}{path}"), &headers, "").finish().status
    };
    assert_eq!(status(&["Origin: http://evil.example", "Content-Length: 0"], "POST", "/clock?days=1"), 403);
    assert_eq!(status(&["Content-Length: 0"], "POST", "/clock?days=0"), 422);
    assert_eq!(status(&["Content-Length: 0"], "POST", "/clock?days=1000"), 422);
    assert_eq!(status(&["Content-Length: 0"], "POST", "/clock?days=1"), 303);
    assert_eq!(
        (status(&[], "GET", "/999999/html"), status(&[], "GET", "/1/html"), status(&[], "GET", "/")),
        (404, 200, 200)
    );
    // Fetched under another name, as a page that rebinds its own would: refused before anything is read.
    let address = inbox.trim_start_matches("http://").to_owned();
    let mut stream = std::net::TcpStream::connect(address).expect("the inbox listens");
    std::io::Write::write_all(&mut stream, b"GET /mails HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        .expect("it reads");
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
}
