//! The first operator, and one who is locked out, from outside: the built program, its console and real sockets.

mod common;

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};

use common::{Answer, Underway, keyward, text};
use serde_json::{Value, json};

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery staple";
const OTHER: &str = "four yellow umbrellas";

/// `keyward serve` at work on free ports; ended when dropped.
struct Server {
    child: Child,
    control: String,
}

impl Server {
    fn start(folder: &std::path::Path) -> Self {
        let file = folder.join("keyward.toml");
        let ports = "gateway = '127.0.0.1:0'\nauth = '127.0.0.1:0'\ncontrol = '127.0.0.1:0'\n";
        std::fs::write(&file, format!("[listen]\n{ports}")).expect("a file");
        let mut command = keyward(&["serve", "--json", "--config", file.to_str().expect("UTF-8")]);
        let mut child = command.env("KEYWARD_LOG", "info").stderr(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a first line");
        let facts: Value = serde_json::from_str(&line).expect("JSON");
        Self { child, control: facts["control"].as_str().expect("an address").to_owned() }
    }

    /// The link on the console.
    fn setup_link(&mut self) -> String {
        for line in BufReader::new(self.child.stderr.take().expect("its console")).lines() {
            let line = line.expect("UTF-8");
            if let Some((base, token)) = line.trim().split_once("/setup#") {
                assert_eq!(base, self.control);
                return token.to_owned();
            }
        }
        panic!("no set-up link on the console")
    }

    /// Everything the console said, after it was told to stop.
    fn stopped(mut self) -> String {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it is there");
        let mut console = String::new();
        self.child.stderr.take().expect("its console").read_to_string(&mut console).expect("UTF-8");
        console
    }

    fn post(&self, path: &str, body: &Value) -> Answer {
        let kind = "Content-Type: application/json".to_owned();
        Underway::send("POST", &format!("{}{path}", self.control), &[kind], &body.to_string()).finish()
    }

    fn sign_in(&self, email: &str, password: &str) -> u16 {
        self.post("/v1/session", &json!({ "email": email, "password": password })).status
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The link that a command at the machine printed.
fn link(folder: &std::path::Path, arguments: &[&str], page: &str) -> String {
    let config = folder.join("keyward.toml");
    let output = keyward(arguments).args(["--json", "--config"]).arg(config).output().expect("the program runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let (_, token) = said["link"].as_str().expect("a link").split_once(page).expect("its page");
    token.to_owned()
}

#[test]
fn the_console_makes_the_first_operator_and_the_command_line_lets_one_back_in() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut server = Server::start(folder.path());
    let token = server.setup_link();
    let setup = json!({ "token": token, "name": "Ada", "email": EMAIL, "password": PASSWORD });
    assert_eq!(server.post("/v1/setup", &setup).status, 201);
    assert_eq!(server.post("/v1/setup", &setup).status, 410);
    assert_eq!(server.sign_in(EMAIL, PASSWORD), 200);

    // Beside the server, on the same store.
    let token = link(folder.path(), &["operators", "reset", EMAIL], "/reset#");
    let reset = json!({ "token": token, "new_password": OTHER });
    assert_eq!(server.post("/v1/password-reset/complete", &reset).status, 204);
    assert_eq!([PASSWORD, OTHER].map(|password| server.sign_in(EMAIL, password)), [401, 200]);

    let token = link(folder.path(), &["operators", "add", "grace@example.com", "--name", "Grace"], "/invitation#");
    let accepted = json!({ "token": token, "password": PASSWORD });
    assert_eq!(server.post("/v1/invitations/accept", &accepted).status, 200);
    assert_eq!(server.sign_in("grace@example.com", PASSWORD), 200);

    let mut unknown = keyward(&["operators", "reset", "nobody@example.com", "--config"]);
    unknown.arg(folder.path().join("keyward.toml"));
    assert_eq!(unknown.output().expect("the program runs").status.code(), Some(1));
    drop(server);
    let again = Server::start(folder.path()).stopped();
    assert!(!again.contains("kwl_"), "there is an operator: {again}");
}
