//! Mail and the outbox at the command line.

mod common;

use common::{Demo, text};
use serde_json::Value;

#[test]
fn the_outbox_is_listed_and_mail_is_tried_out() {
    let demo = Demo::start();
    let page = demo.json(&["outbox", "list", "--state", "dead", "--channel", "mail"]);
    assert_eq!((&page["items"], &page["next_cursor"]), (&Value::Array(vec![]), &Value::Null));
    let missing = ["outbox", "resend", "pcl_0190000000007000800000000000abcd"];
    let missing = demo.client(&missing).output().expect("the program runs");
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stderr).contains("not_found"), "{}", text(&missing.stderr));
    let tried = demo.json(&["notices", "test", "ada@example.com"]);
    assert_eq!(tried["accepted"], true, "{tried}");
    let refused = demo.client(&["notices", "test", "nobody"]).output().expect("the program runs");
    assert_eq!(refused.status.code(), Some(1));
    let account = demo.json(&["accounts", "list", "--api", "clevertap"])["items"][0]["id"].clone();
    let account = account.as_str().expect("an id");
    let set = demo.json(&["notices", "set", account, "--mail", "key.created=off", "--expiry-days", "60,3"]);
    assert_eq!((&set["mail"]["key.created"], &set["expiry_days"]), (&false.into(), &serde_json::json!([60, 3])));
    let set = demo.json(&["notices", "set", account, "--time-zone", "Europe/Berlin"]);
    assert_eq!(
        (&set["mail"]["key.created"], &set["time_zone"]),
        (&false.into(), &"Europe/Berlin".into()),
        "the rest stays"
    );

    let dir = tempfile::tempdir().expect("a directory");
    let config = dir.path().join("keyward.toml");
    let api = "[apis.shop]\npreset = 'clevertap'\nupstream = 'http://127.0.0.1:9'\n";
    std::fs::write(&config, api).expect("it is written");
    let (config, out) = (config.display().to_string(), dir.path().join("out").display().to_string());
    let preview = ["--config", &config, "notices", "preview", &out, "--api", "shop", "--time-zone", "Europe/Berlin"];
    let preview = demo.client(&preview).output().expect("the program runs");
    assert!(preview.status.success(), "{}", text(&preview.stderr));
    let expiring = std::fs::read_to_string(dir.path().join("out/key.expiring.txt")).expect("it is there");
    assert!(expiring.starts_with("Subject: Passcode “Order import” of Acme Corp expires on Sunday, 8 March 2026\n"));
    assert!(expiring.contains("11:15 CET"), "{expiring}");
}
