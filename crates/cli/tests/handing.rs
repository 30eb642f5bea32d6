//! Policies, approvals, links and dry runs at the command line.

mod common;

use common::{Demo, text};
use serde_json::Value;

fn told<'a>(answer: &'a Value, member: &str) -> &'a str {
    answer[member].as_str().unwrap_or_else(|| panic!("no {member} in {answer}"))
}

#[test]
fn a_key_is_sent_for_pickup_and_rehearsed_and_approved() {
    let demo = Demo::start();
    let account = demo.json(&["accounts", "create", "Example Bakery", "--api", "clickyid"]);
    let account = told(&account, "id");
    let create = |name: &str, scope: &str, more: &[&str]| {
        let base = ["keys", "create", name, "--account", account, "--scope", scope];
        demo.json(&base.into_iter().chain(more.iter().copied()).collect::<Vec<_>>())
    };
    let sent = create("Till", "validate:offers", &["--pickup", "--recipient", "Jo"]);
    assert_eq!((told(&sent, "standing"), &sent["secret"]), ("awaiting_pickup", &Value::Null));
    let link = |answer: &Value| told(&answer["pickup"], "link").to_owned();
    let id = told(&sent, "id");
    let again = demo.json(&["keys", "pickup", id]);
    assert!(link(&again).contains("/pick-up#kwu_") && link(&again) != link(&sent));
    assert_eq!(again["pickup"]["recipient"], "Jo");
    assert_eq!(demo.json(&["keys", "pickup", id, "--withdraw"])["standing"], "awaiting_pickup");
    let shown = demo.client(&["keys", "pickup", id]).output().expect("the program runs");
    assert!(text(&shown.stdout).contains("/pick-up#kwu_"), "{}", text(&shown.stderr));

    let policy = ["accounts", "policy", "set", account, "--approval", "validate:target-groups", "--expiry-required"];
    let rehearsed = demo.json(&policy.iter().chain(&["--dry-run"]).copied().collect::<Vec<_>>());
    assert_eq!((&rehearsed["dry_run"], &rehearsed["keys"][0]["key_id"]), (&Value::Bool(true), &sent["id"]));
    assert_eq!(demo.json(&["accounts", "policy", "get", account])["version"], 0);
    assert_eq!(demo.json(&policy)["version"], 1);
    let asked = create("Scale", "validate:target-groups", &["--days", "9"]);
    assert_eq!(told(&asked, "standing"), "pending");
    let own = demo.client(&["keys", "approve", told(&asked, "id")]).output().expect("the program runs");
    assert_eq!(own.status.code(), Some(1));
    assert!(text(&own.stderr).contains("own_request"), "{}", text(&own.stderr));
    let declined = demo.json(&["keys", "decline", told(&asked, "id"), "--reason", "not needed"]);
    assert_eq!(told(&declined, "standing"), "revoked");

    for end in ["revoke", "delete", "disable"] {
        let key = demo.key_of("clickyid");
        assert_eq!(demo.json(&["keys", end, &key, "--dry-run"])["keys"][0]["key_id"], key.as_str());
    }
    assert_eq!(demo.paste("clickyid").status, 200, "nothing was ended");
    let plain = demo.client(&["accounts", "suspend", account, "--dry-run"]).output().expect("the program runs");
    let plain = (text(&plain.stdout), text(&plain.stderr));
    assert!(plain.0.contains("Till") && plain.1.contains("Nothing was changed"), "{plain:?}");
    assert_eq!(demo.json(&["accounts", "get", account])["suspended"], false);
}
