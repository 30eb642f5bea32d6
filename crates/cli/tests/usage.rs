//! Usage at the command line: what a demo was asked, as it is told there.

mod common;

use common::{Demo, text};
use serde_json::Value;

/// Calls the demo and waits until what it was asked is counted: it becomes durable within a second.
fn called(demo: &Demo, times: usize) -> Value {
    for _ in 0..times {
        assert_eq!(demo.paste("clickyid").status, 200);
    }
    loop {
        let usage = demo.json(&["usage", "--api", "clickyid", "--step", "1h"]);
        if usage["total"]["requests"].as_u64() >= Some(times as u64) {
            return usage;
        }
    }
}

#[test]
fn r76_r77_what_was_asked_is_told_by_key_and_caller() {
    let demo = Demo::start();
    let key = demo.key_of("clickyid");
    let usage = called(&demo, 4);
    let total = &usage["total"];
    assert_eq!((&total["requests"], &total["ok"], &total["success_rate"]), (&4.into(), &4.into(), &1.0.into()));
    assert!(total["p50_ms"].as_f64() > Some(0.0) && total["p99_ms"].as_f64() >= total["p50_ms"].as_f64(), "{total}");
    assert_eq!((&usage["complete"], &usage["lost"]), (&true.into(), &Value::Array(vec![])));
    let of_key = demo.json(&["usage", "--key-id", &key]);
    assert_eq!(of_key["total"]["outcomes"]["ok"], 4);
    let top = demo.json(&["usage", "top", "--by", "key", "--api", "clickyid"]);
    assert_eq!((&top["items"][0]["name"], &top["items"][0]["requests"]), (&key.clone().into(), &4.into()));
    let callers = demo.json(&["usage", "callers", &key]);
    assert_eq!(callers["addresses"]["items"][0]["name"], "127.0.0.1");

    let secret = &demo.json(&["keys", "get", &key])["secrets"][0];
    let [first, last] = ["first_used_at", "last_used_at"].map(|name| secret[name].as_str().expect("an instant"));
    assert!(first <= last, "{secret}");

    let shown = demo.client(&["usage", "--api", "clickyid"]).output().expect("it runs");
    let shown = text(&shown.stdout);
    assert!(shown.contains("█") && shown.contains("100.0 %") && shown.contains("P95"), "{shown}");
    let shown = demo.client(&["usage", "callers", &key]).output().expect("it runs");
    assert!(text(&shown.stdout).contains("127.0.0.1"));
}

#[test]
fn r73_scopes_that_were_never_used_are_found_and_taken() {
    let demo = Demo::start();
    let key = demo.key_of("clickyid");
    called(&demo, 1);
    let accounts = demo.json(&["accounts", "list", "--api", "clickyid"]);
    let account = accounts["items"][0]["id"].as_str().expect("an account");
    let hygiene = demo.json(&["usage", "hygiene", "--account", account]);
    let found = hygiene["keys"].as_array().expect("a list").iter().find(|found| found["key_id"] == *key);
    let unused = found.expect("the demo's key")["unused_scopes"].clone();
    assert_eq!(unused.as_array().map(Vec::len), Some(1), "{hygiene}");
    let would = demo.json(&["usage", "shrink", &key, "--dry-run"]);
    assert!(would["keys"][0]["why"].as_str().is_some_and(|why| why.contains(unused[0].as_str().expect("a scope"))));
    let smaller = demo.json(&["usage", "shrink", &key]);
    assert_eq!(smaller["scopes"].as_array().map(Vec::len), Some(1));
    assert_eq!(demo.paste("clickyid").status, 200, "what was used is still there");
}

#[test]
fn a_step_that_can_t_be_told_is_refused_in_words() {
    let demo = Demo::start();
    let refused = demo.client(&["usage", "--last", "10d", "--step", "5m"]).output().expect("it runs");
    assert!(!refused.status.success() && text(&refused.stderr).contains("kept in hours"), "{}", text(&refused.stderr));
    let wrong = demo.client(&["usage", "--last", "soon"]).output().expect("it runs");
    assert!(text(&wrong.stderr).contains("such as 15m"));
}
