//! Webhooks at the command line, told to a program on loopback.

mod common;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use common::{Demo, text, with_input};

/// Answers 204 to whatever it is sent; gives its URL and the heads and bodies it hears.
fn receiver() -> (String, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/hook", listener.local_addr().expect("its address"));
    let (told, heard) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut stream = BufReader::new(stream);
            let (mut head, mut line) = (String::new(), String::new());
            while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
                head.push_str(&line.to_lowercase());
                line.clear();
            }
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            let mut body = vec![0; length.unwrap_or(0)];
            stream.read_exact(&mut body).expect("a body");
            stream.get_mut().write_all(b"HTTP/1.1 204 No Content\r\n\r\n").expect("it takes the answer");
            if told.send((head, String::from_utf8(body).expect("text"))).is_err() {
                return;
            }
        }
    });
    (url, heard)
}

#[test]
fn a_webhook_is_added_tested_moved_and_removed() {
    let (demo, (url, heard)) = (Demo::start(), receiver());
    let account = demo.json(&["accounts", "list"])["items"][0]["id"].as_str().expect("an account").to_owned();
    let with = |arguments: &[&str]| demo.json(&[arguments, &["--account", &account]].concat());
    let made = with(&["webhooks", "add", &url, "--kind", "person.*"]);
    let (id, secret) = (made["id"].as_str().expect("an id"), made["secret"].as_str().expect("a secret"));
    assert!(secret.starts_with("whsec_") && made["kinds"][0] == "person.*");
    assert_eq!(with(&["webhooks", "test", id])["status"], 204);
    let (head, body) = heard.recv().expect("a test");
    assert!(head.starts_with("post /hook ") && head.contains("webhook-signature: v1,"), "{head}");
    assert!(body.contains("webhook.test") && !body.contains(secret), "{body}");
    let log = with(&["webhooks", "deliveries", id]);
    assert_eq!((log["items"].as_array().map(Vec::len), &log["items"][0]["type"]), (Some(1), &"webhook.test".into()));

    let elsewhere = format!("{url}/elsewhere");
    let moved = |typed: &str| {
        with_input(demo.client(&["webhooks", "edit", id, "--to", &elsewhere, "--account", &account]), typed)
    };
    let refused = moved("whsec_AAAA");
    assert!(!refused.status.success() && text(&refused.stderr).contains("/secret"), "{}", text(&refused.stderr));
    let done = moved(secret);
    assert!(done.status.success() && text(&done.stdout).contains(&elsewhere), "{}", text(&done.stderr));
    let off = with(&["webhooks", "edit", id, "--disable"]);
    assert_eq!(off["enabled"], false);
    let rotated = with(&["webhooks", "rotate-secret", id]);
    assert_ne!(rotated["secret"], secret);
    with(&["webhooks", "remove", id]);
    assert_eq!(with(&["webhooks", "list"])["items"].as_array().map(Vec::len), Some(0));
}
