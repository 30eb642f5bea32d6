//! The command line, where nothing needs to run.

mod common;

use std::net::TcpListener;

use common::{keyward, run, text};

const COMMANDS: &[&[&str]] = &[
    &[],
    &["demo"],
    &["serve"],
    &["init"],
    &["migrate"],
    &["accounts"],
    &["accounts", "list"],
    &["accounts", "get"],
    &["accounts", "create"],
    &["accounts", "edit"],
    &["accounts", "delete"],
    &["accounts", "suspend"],
    &["accounts", "resume"],
    &["keys"],
    &["keys", "list"],
    &["keys", "get"],
    &["keys", "create"],
    &["keys", "edit"],
    &["keys", "disable"],
    &["keys", "enable"],
    &["keys", "rotate"],
    &["keys", "cancel-rotation"],
    &["keys", "complete-rotation"],
    &["keys", "revoke"],
    &["keys", "delete"],
    &["keys", "reveal"],
    &["keys", "reset"],
    &["keys", "find"],
    &["keys", "approve"],
    &["keys", "decline"],
    &["keys", "collect"],
    &["keys", "pickup"],
    &["accounts", "policy"],
    &["accounts", "policy", "get"],
    &["accounts", "policy", "set"],
    &["people"],
    &["people", "add"],
    &["people", "list"],
    &["people", "remove"],
    &["management-keys"],
    &["management-keys", "list"],
    &["management-keys", "create"],
    &["management-keys", "revoke"],
    &["audit"],
    &["audit", "list"],
    &["audit", "export"],
    &["audit", "verify"],
    &["audit", "head"],
    &["audit", "key"],
    &["whoami"],
    &["verify"],
    &["explain"],
    &["config"],
    &["config", "check"],
    &["config", "show"],
    &["config", "reference"],
    &["openapi"],
    &["completions"],
];

#[test]
fn every_command_explains_itself() {
    for command in COMMANDS {
        let output = keyward(command).arg("--help").output().expect("the program runs");
        let told = text(&output.stdout);
        assert!(output.status.success(), "{command:?}");
        assert!(told.contains("Usage: keyward"), "{command:?}: {told}");
        assert!(!told.contains('\u{1b}'), "{command:?}: no colours in a pipe");
    }
}

#[test]
fn completions_are_there_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(&["completions", shell]);
        assert!(output.status.success());
        assert!(text(&output.stdout).contains("management-keys"), "{shell}");
    }
}

#[test]
fn a_wrong_call_is_exit_code_2() {
    let open_to_all = &["demo", "--control", "0.0.0.0:0"][..];
    for arguments in [&["nonsense"][..], &["keys", "get"], &["keys", "list", "--limit", "x"], &["whoami"], open_to_all]
    {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn without_a_management_key_it_says_where_to_get_one() {
    let told = text(&run(&["keys", "list"]).stderr);
    assert!(told.contains("KEYWARD_KEY") && told.contains("keyward demo"), "{told}");
}

#[test]
fn where_nothing_answers_it_asks_what_runs_there() {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port");
    let url = format!("http://{free}");
    let output = keyward(&["whoami", "--url", &url]).env("KEYWARD_KEY", "kwm_x").output().expect("the program runs");
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains(&format!("nothing answers at {url}")) && told.contains("keyward serve"), "{told}");
    assert!(!told.contains('\u{1b}'), "no colours in a pipe");

    let mut verify = keyward(&["verify", "shop", "--auth-url", &url]);
    let told = text(&verify.env("KEYWARD_SECRET", "x").output().expect("the program runs").stderr);
    assert!(told.contains("nothing answers") && told.contains("KEYWARD_AUTH_URL"), "{told}");
}

#[test]
fn every_fault_of_a_configuration_is_reported_with_its_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("keyward.toml");
    let faulty = "data_dir = \"data\"\n\n[listen]\ngatewy = \"127.0.0.1:0\"\ncontrol = \"nowhere\"\n\n[apis.shop]\npreset = \"no-such\"\n";
    std::fs::write(&file, faulty).expect("a file");
    let file = file.to_str().expect("UTF-8");
    for arguments in [&["config", "check", file][..], &["serve", "--config", file], &["init", "--config", file]] {
        let output = run(arguments);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
        for line in [4, 5, 8] {
            assert!(told.contains(&format!("keyward.toml:{line}:")), "{arguments:?}: {told}");
        }
    }
    assert!(!folder.path().join("data").exists(), "nothing was started");

    let output = run(&["config", "check", file, "--json"]);
    let faults: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(faults["faults"].as_array().is_some_and(|faults| faults.len() >= 3), "{faults}");
}

#[test]
fn init_makes_one_management_key_and_then_refuses() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("keyward.toml");
    std::fs::write(&file, "[apis.shop]\nupstream = \"http://127.0.0.1:9\"\n").expect("a file");
    let file = file.to_str().expect("UTF-8");
    let first = run(&["init", "--config", file]);
    assert!(first.status.success(), "{}", text(&first.stderr));
    assert!(text(&first.stdout).starts_with("export KEYWARD_KEY=kwm_"));

    let second = run(&["init", "--config", file]);
    assert_eq!(second.status.code(), Some(1));
    assert!(text(&second.stderr).contains("--another") && second.stdout.is_empty());

    let another = run(&["init", "--config", file, "--another", "--json"]);
    let made: serde_json::Value = serde_json::from_slice(&another.stdout).expect("JSON");
    assert!(made["secret"].as_str().is_some_and(|secret| secret.starts_with("kwm_")));
    assert!(run(&["migrate", "--config", file]).status.success());
}

#[test]
fn the_openapi_document_is_printed_without_a_server() {
    let output = run(&["openapi"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert!(document["paths"]["/v1/keys"].is_object());
}

#[test]
fn colours_are_there_when_somebody_insists() {
    let output = run(&["keys", "list", "--color", "always"]);
    assert!(text(&output.stderr).contains('\u{1b}'));
}
