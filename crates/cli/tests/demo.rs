//! The demo, from outside: the built program over real sockets.

mod common;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use common::{Answer, Demo, Underway, files, text, with_input};
use rustix::process::Signal;
use serde_json::Value;

const APIS: [&str; 4] = ["demo", "clevertap", "clickyid", "codat"];

#[test]
fn every_printed_request_works_when_pasted() {
    let demo = Demo::start();
    for api in APIS {
        let answer = demo.paste(api);
        assert_eq!(answer.status, 200, "{api}: {}", answer.body);
        assert!(demo.fact(&format!("/presets/{api}/curl")).contains(demo.fact(&format!("/presets/{api}/base_url"))));
        assert!(!demo.fact(&format!("/presets/{api}/account_id")).is_empty());
    }
}

#[test]
fn the_demo_s_operator_and_admins_sign_in() {
    let demo = Demo::start();
    let sign_in = |email: &str, password: &str| {
        let body = serde_json::json!({ "email": email, "password": password });
        let url = format!("{}/v1/session", demo.fact("/control"));
        Answer::to(&format!("curl {url} -H 'Content-Type: application/json' -d '{body}'"))
    };
    let operator = demo.fact("/operator/email");
    let right = sign_in(operator, demo.fact("/operator/password"));
    assert_eq!(right.status, 200, "{}", right.body);
    assert!(right.headers["set-cookie"].starts_with("__Host-keyward=kws_"));
    assert_eq!(sign_in(operator, "not the password at all").status, 401);
    for (place, api) in APIS.into_iter().enumerate() {
        let who = |what| demo.fact(&format!("/people/{place}/{what}")).to_owned();
        assert_eq!((who("api").as_str(), sign_in(&who("email"), &who("password")).status), (api, 200));
    }
}

#[test]
fn r69_a_fresh_demo_has_used_nothing_of_any_limit() {
    let demo = Demo::start();
    let answer = demo.paste("clickyid");
    assert_eq!(answer.headers["x-ratelimit-limit"], "1000");
    assert_eq!(answer.headers["x-ratelimit-remaining"], "999");
}

#[test]
fn r34_a_revoke_by_command_is_seen_by_the_very_next_request() {
    let demo = Demo::start();
    for api in ["demo", "clevertap", "clickyid"] {
        let key = demo.key_of(api);
        assert_eq!(demo.paste(api).status, 200, "{api}");
        assert_eq!(demo.json(&["keys", "revoke", &key])["standing"], "revoked");
        let answer = demo.paste(api);
        assert_eq!((answer.status, answer.headers["x-keyward-error"].as_str()), (401, "key_revoked"), "{api}");
    }
}

#[test]
fn r14_r15_passcodes_are_valid_side_by_side_and_deleting_one_leaves_the_others() {
    let demo = Demo::start();
    let account = &demo.json(&["accounts", "list", "--api", "clevertap"])["items"][0]["id"];
    let make = |name: &str| demo.json(&["keys", "create", name, "--account", account.as_str().expect("an id")]);
    let made = [make("Partner A"), make("Partner B")];
    let status = |key: &Value| {
        let secret = key["secret"].as_str().expect("a secret");
        let known = demo.fact("/presets/clevertap/secret");
        Answer::to(&demo.fact("/presets/clevertap/curl").replace(known, secret)).status
    };
    assert_ne!(made[0]["secret"], made[1]["secret"]);
    assert_eq!(made.each_ref().map(status), [200, 200]);
    demo.json(&["keys", "delete", made[0]["id"].as_str().expect("an id")]);
    assert_eq!(made.each_ref().map(status), [401, 200]);
    assert_eq!(demo.paste("clevertap").status, 200);
}

#[test]
fn r84_the_raw_key_encoded_and_the_stored_header_are_the_same() {
    let demo = Demo::start();
    let encoded = STANDARD.encode(demo.fact("/presets/codat/secret"));
    assert!(demo.fact("/presets/codat/curl").ends_with(&format!("-H 'Authorization: Basic {encoded}'")));
    assert_eq!(demo.paste("codat").status, 200);
}

#[test]
fn r101_the_demo_s_codat_key_is_the_only_one_and_stays() {
    let demo = Demo::start();
    let key = demo.key_of("codat");
    let listed = demo.json(&["keys", "list", "--api", "codat"]);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    let refused = demo.client(&["keys", "delete", &key]).output().expect("the program runs");
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(demo.paste("codat").status, 200);
}

#[test]
fn r13_the_host_chooses_the_region() {
    let demo = Demo::start();
    let command = demo.fact("/presets/clevertap/curl").replace("127.0.0.1", "localhost");
    let answer = Answer::to(&command);
    assert_eq!((answer.status, answer.headers["x-keyward-error"].as_str()), (401, "wrong_region"));
}

#[test]
fn keys_find_reads_the_secret_from_standard_input() {
    let demo = Demo::start();
    let found = with_input(demo.client(&["keys", "find"]), demo.fact("/presets/clickyid/secret"));
    let told = text(&found.stdout);
    assert!(found.status.success(), "{}", text(&found.stderr));
    assert!(told.contains("the secret in force") && told.contains("clickyid") && told.contains("Demo"), "{told}");
    assert!(!told.contains(demo.fact("/presets/clickyid/secret")), "{told}");

    let unknown = with_input(demo.client(&["keys", "find"]), "ck_live_0000000000000000000000000000000000000000\n");
    assert_eq!(unknown.status.code(), Some(1));
}

#[test]
fn explain_shows_the_checks_and_spends_nothing() {
    let demo = Demo::start();
    let secret = demo.fact("/presets/clickyid/secret");
    let ask = |arguments: &[&str]| {
        let output = with_input(demo.client(arguments), secret);
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, told, errors) = ask(&["explain", "clickyid", "--method", "GET", "--path", "/offers"]);
    assert_eq!(code, Some(0), "{told}{errors}");
    assert!(told.starts_with("allowed") && told.contains('✓') && !told.contains('✗'), "{told}");

    let (code, told, _) = ask(&["explain", "clickyid", "--method", "GET", "--path", "/nowhere"]);
    assert_eq!(code, Some(3));
    assert!(told.starts_with("refused no_route") && told.contains('✗'), "{told}");

    let (code, told, _) = ask(&["verify", "clickyid", "--json"]);
    let decision: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!((code, &decision["limits"][0]["remaining"]), (Some(0), &Value::from(999)));
}

#[test]
fn r99_a_secret_put_into_the_environment_at_release_time_is_enough() {
    let demo = Demo::start();
    let secret = demo.fact("/presets/codat/secret");
    let output = demo.client(&["verify", "codat"]).env("KEYWARD_SECRET", secret).output().expect("the program runs");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).starts_with("allowed") && !text(&output.stdout).contains(secret));
}

#[test]
fn verify_refuses_a_wrong_secret_with_exit_code_3() {
    let demo = Demo::start();
    let output = with_input(demo.client(&["verify", "clickyid"]), "ck_live_wrong");
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stdout).starts_with("refused invalid_credentials (status 401)"));
}

#[test]
fn keys_and_accounts_are_made_changed_and_listed() {
    let demo = Demo::start();
    let account = demo.json(&["accounts", "create", "Example Bakery", "--api", "clickyid", "--tag", "trial"]);
    let account = account["id"].as_str().expect("an id");
    let made = demo.json(&[
        "keys",
        "create",
        "Till",
        "--account",
        account,
        "--scope",
        "validate:offers",
        "--limit",
        "5",
        "--days",
        "12",
    ]);
    let (key, secret) = (made["id"].as_str().expect("an id"), made["secret"].as_str().expect("a secret"));
    assert_eq!(made["limits"][0]["limit"], 5);

    let listed = demo.client(&["keys", "list", "--account", account]).output().expect("the program runs");
    let table = text(&listed.stdout);
    assert!(table.contains("in 12 days") && table.contains("expiring soon") && table.contains("Till"), "{table}");
    assert!(!table.contains(secret) && !table.contains('\u{1b}'), "{table}");

    let edited = demo.json(&["keys", "edit", key, "--name", "Counter", "--forever", "--clear", "limits"]);
    assert_eq!((&edited["name"], &edited["expires_at"]), (&Value::from("Counter"), &Value::Null));

    let rotated = demo.json(&["keys", "rotate", key, "--overlap", "1h"]);
    assert_eq!(rotated["secrets"].as_array().map(Vec::len), Some(2));
    assert_eq!(demo.json(&["keys", "complete-rotation", key])["secrets"].as_array().map(Vec::len), Some(1));

    let refused = demo.client(&["keys", "create", "--account", account]).output().expect("the program runs");
    let errors = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1));
    assert!(errors.contains("/name") && errors.contains("/scopes"), "{errors}");

    assert_eq!(demo.json(&["accounts", "suspend", account])["suspended"], true);
    let kept = demo.client(&["accounts", "delete", account]).output().expect("the program runs");
    assert_eq!(kept.status.code(), Some(1), "nobody was asked");
    demo.json(&["accounts", "delete", account, "--yes"]);
}

#[test]
fn people_hold_personal_keys_that_only_the_local_program_reveals() {
    let data = tempfile::tempdir().expect("a temporary folder");
    let demo = Demo::start_with(&["--data", data.path().to_str().expect("UTF-8")]);
    let accounts = demo.json(&["accounts", "list", "--api", "clevertap"]);
    let account = accounts["items"][0]["id"].as_str().expect("an id");
    let people = demo.json(&["people", "list", "--account", account]);
    assert_eq!(people["items"].as_array().map(Vec::len), Some(2));
    // The other one has one already.
    let admin = people["items"].as_array().and_then(|all| all.iter().find(|person| person["role"] == "admin"));
    let person = admin.and_then(|person| person["id"].as_str()).expect("an id");
    let made =
        demo.json(&["keys", "create", "--account", account, "--kind", "personal", "--person", person, "--days", "30"]);
    let key = made["id"].as_str().expect("an id");

    let refused = demo.client(&["keys", "reveal", key]).output().expect("the program runs");
    assert_eq!(refused.status.code(), Some(1), "r42: nobody but its owner");

    let config = data.path().join("local.toml");
    let apis = "[apis.demo]\nupstream = \"http://127.0.0.1:9\"\nprefixes = [\"/demo\"]\n[apis.clevertap]\npreset = \"clevertap\"\n\
                upstream = \"http://127.0.0.1:9\"\n[apis.clickyid]\npreset = \"clickyid\"\nupstream = \"http://127.0.0.1:9\"\n\
                test_upstream = \"same\"\nprefixes = [\"/clickyid\"]\n[apis.codat]\npreset = \"codat\"\n\
                upstream = \"http://127.0.0.1:9\"\nprefixes = [\"/codat\"]\n";
    std::fs::write(&config, format!("data_dir = \".\"\n{apis}")).expect("a file");
    let config = config.to_str().expect("UTF-8");
    let revealed = demo.json(&["keys", "reveal", key, "--local", "--config", config]);
    assert_eq!(revealed["secret"], made["secret"]);
}

#[test]
fn sigterm_ends_it_with_code_0_and_leaves_nothing_behind() {
    let mut demo = Demo::start();
    assert_eq!(demo.paste("demo").status, 200);
    demo.signal(Signal::TERM);
    assert_eq!(demo.ended().code(), Some(0), "{}", text(&demo.stderr()));
    let left: Vec<_> = files(demo.folder()).into_iter().filter(|file| !file.ends_with("stderr")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn p9_what_is_under_way_is_finished_before_it_ends() {
    let mut demo = Demo::start();
    let header = format!("Authorization: Bearer {}", demo.fact("/presets/demo/secret"));
    let url = format!("{}/stream", demo.fact("/presets/demo/base_url"));
    let streaming = Underway::begin(&url, &[header]);
    demo.signal(Signal::TERM);
    let answer = streaming.finish();
    assert!(answer.status == 200 && answer.body.contains("line 10 of 10"), "{}", answer.body);
    assert_eq!(demo.ended().code(), Some(0));
}

#[test]
fn a_second_start_on_the_same_data_finds_everything_again() {
    let data = tempfile::tempdir().expect("a temporary folder");
    let data = data.path().to_str().expect("UTF-8");
    let mut first = Demo::start_with(&["--data", data]);
    let revoked = first.key_of("demo");
    first.json(&["keys", "revoke", &revoked]);
    let count = |demo: &Demo, api: &str| demo.json(&["keys", "list", "--api", api])["items"].as_array().map(Vec::len);
    let counts = APIS.map(|api| count(&first, api));
    first.signal(Signal::INT);
    assert_eq!(first.ended().code(), Some(0));

    for _ in 0..2 {
        let mut again = Demo::start_with(&["--data", data]);
        for (api, before) in APIS.into_iter().zip(counts) {
            assert_eq!(again.paste(api).status, 200, "{api}");
            let path = format!("/presets/{api}/account_id");
            assert_eq!(again.fact(&path), first.fact(&path), "{api}");
            // In place of the one that was revoked there is another.
            let more = usize::from(api == "demo");
            assert_eq!(count(&again, api), before.map(|before| before + more), "{api}");
        }
        assert_eq!(again.fact("/presets/codat/secret"), first.fact("/presets/codat/secret"));
        again.signal(Signal::TERM);
        assert_eq!(again.ended().code(), Some(0));
    }
}

#[test]
fn the_audit_is_listed_exported_and_verified_beside_the_program() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().to_str().expect("UTF-8");
    let demo = Demo::start_with(&["--data", data]);
    let config = folder.path().join("keyward.toml");
    std::fs::write(&config, "data_dir = '.'\n").expect("a configuration");
    let audit = |arguments: &[&str]| {
        let mut command = demo.client(&["audit"]);
        let output = command.args(arguments).arg("--config").arg(&config).output().expect("the program runs");
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    };
    let first = demo.json(&["audit", "list", "--all"])["items"].as_array().and_then(|all| all.last().cloned());
    assert_eq!(first.map(|event| event["action"].clone()), Some(Value::from("config.loaded")));
    let (code, export) = audit(&["export"]);
    assert_eq!(
        (code, export.lines().count()),
        (Some(0), demo.json(&["audit", "list", "--all"])["items"].as_array().map_or(0, Vec::len))
    );
    assert!(audit(&["export", "--format", "csv"]).1.starts_with("seq,id,at,"));

    let heads = folder.path().join("heads");
    std::fs::write(&heads, audit(&["head"]).1).expect("a file of heads");
    let heads = heads.to_str().expect("UTF-8");
    let (code, told) = audit(&["verify", "--heads", heads]);
    assert!(code == Some(0) && told.contains("compared with 1 signed heads"), "{told}");
    assert_eq!(demo.json(&["audit", "verify", "--config", config.to_str().expect("UTF-8")])["whole"], true);
    let forged = std::fs::read_to_string(heads).expect("the heads").replace("\"seq\":", "\"seq\":1");
    std::fs::write(heads, forged).expect("a file of heads");
    let (code, told) = audit(&["verify", "--heads", heads]);
    assert!(code == Some(1) && told.contains("line 1 of the heads is no head signed"), "{told}");
    assert!(audit(&["key"]).1.starts_with("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA"));
}

#[test]
fn p7_r24_a_secret_that_is_shown_once_is_nowhere_else() {
    let data = tempfile::tempdir().expect("a temporary folder");
    let mut demo = Demo::start_with(&["--data", data.path().to_str().expect("UTF-8")]);
    let mut secrets: Vec<String> = ["/presets/demo/secret", "/presets/clevertap/secret", "/presets/clickyid/secret"]
        .into_iter()
        .chain(["/management_key"])
        .map(|path| demo.fact(path).to_owned())
        .collect();
    let key = demo.key_of("clickyid");
    let rotated = demo.json(&["keys", "rotate", &key, "--overlap", "1h"]);
    secrets.push(rotated["secret"].as_str().expect("a secret").to_owned());
    for api in APIS {
        demo.paste(api);
    }
    let in_url = format!("{}/offers?api_key={}", demo.fact("/presets/clickyid/base_url"), secrets[2]);
    assert_eq!(Answer::get(&in_url, &[]).status, 400);
    demo.signal(Signal::TERM);
    demo.ended();

    let mut places = vec![("standard error".to_owned(), demo.stderr())];
    for file in files(data.path()) {
        let bytes = std::fs::read(&file).expect("a file");
        places.push((file.display().to_string(), bytes));
    }
    assert!(places.iter().any(|(name, _)| name.contains("keyward.db")), "the store is among them");
    for secret in &secrets {
        for form in forms(secret) {
            for (name, bytes) in &places {
                let found = bytes.windows(form.len()).any(|window| window == form.as_bytes());
                assert!(!found, "a secret is in {name}");
            }
        }
    }
}

/// A secret in clear, base64 at each of its three alignments, hexadecimal, and as a URL writes it.
fn forms(secret: &str) -> Vec<String> {
    let hex = secret.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let url = secret.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
    let mut forms = vec![secret.to_owned(), hex.to_uppercase(), hex, url, STANDARD.encode(secret)];
    for skipped in 0..3 {
        let whole = (secret.len() - skipped) / 3 * 3;
        let inner = &secret[skipped..skipped + whole];
        forms.push(STANDARD_NO_PAD.encode(inner));
        forms.push(URL_SAFE_NO_PAD.encode(inner));
    }
    forms
}

#[test]
fn for_people_it_prints_commands_to_paste() {
    use std::io::{BufRead as _, BufReader};
    let mut command = common::keyward(&["demo"]);
    command.args(["--gateway", "127.0.0.1:0", "--auth", "127.0.0.1:0", "--control", "127.0.0.1:0"]);
    let mut child = command.spawn().expect("the demo starts");
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines().map_while(Result::ok);
    let mut told = Vec::new();
    for line in lines {
        let last = line.contains("Ctrl-C");
        told.push(line);
        if last {
            break;
        }
    }
    let curls: Vec<&str> = told.iter().map(|line| line.trim()).filter(|line| line.starts_with("curl ")).collect();
    let statuses: Vec<u16> = curls.iter().take(4).map(|line| Answer::to(line).status).collect();
    let text = told.join("\n");
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, Signal::TERM).expect("the demo is there");
    child.wait().expect("it ends");
    assert_eq!(statuses, [200; 4], "{text}");
    assert!(text.contains("export KEYWARD_URL=") && text.contains("keys revoke key_"), "{text}");
    assert!(!text.contains('\u{1b}'), "no colours in a pipe");
}
