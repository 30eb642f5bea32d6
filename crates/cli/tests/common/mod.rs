//! Runs the built program as a stranger would.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

/// How long anything here may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// The program, with nothing of this machine's environment that could change what it does.
pub(crate) fn keyward(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyward"));
    for (name, _) in std::env::vars() {
        if name.starts_with("KEYWARD_") || name.to_ascii_lowercase().ends_with("_proxy") {
            command.env_remove(name);
        }
    }
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs it to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    keyward(arguments).output().expect("the program runs")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// Gives it something to read and runs it to its end.
pub(crate) fn with_input(mut command: Command, input: &str) -> Output {
    let mut child = command.stdin(Stdio::piped()).spawn().expect("the program starts");
    child.stdin.take().expect("its input").write_all(input.as_bytes()).expect("its input is open");
    child.wait_with_output().expect("the program ends")
}

/// A demo at work; ended when dropped.
pub(crate) struct Demo {
    child: Child,
    stdout: BufReader<ChildStdout>,
    folder: tempfile::TempDir,
    /// What it printed.
    pub(crate) facts: Value,
}

impl Demo {
    /// Starts one on free ports, with data that are thrown away.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts one with more arguments.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let stderr = std::fs::File::create(folder.path().join("stderr")).expect("a file");
        let mut command = keyward(&["demo", "--json"]);
        for listener in ["--gateway", "--auth", "--control"] {
            command.args([listener, "127.0.0.1:0"]);
        }
        command.args(arguments).stderr(stderr).env("KEYWARD_LOG", "trace").env("TMPDIR", folder.path());
        let mut child = command.spawn().expect("the demo starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("its output"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a first line");
        let facts = serde_json::from_str(&line).unwrap_or_else(|_| {
            let stderr = std::fs::read_to_string(folder.path().join("stderr")).expect("its errors");
            panic!("the first line is no JSON: {line:?}\n{stderr}")
        });
        Self { child, stdout, folder, facts }
    }

    /// The folder in which it makes its temporary data, and where its standard error goes.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn stderr(&self) -> Vec<u8> {
        std::fs::read(self.folder().join("stderr")).expect("its errors")
    }

    pub(crate) fn fact(&self, path: &str) -> &str {
        self.facts.pointer(path).and_then(Value::as_str).unwrap_or_else(|| panic!("no {path} in {}", self.facts))
    }

    /// The program as a client of this demo.
    pub(crate) fn client(&self, arguments: &[&str]) -> Command {
        let mut command = keyward(arguments);
        command.env("KEYWARD_URL", self.fact("/control"));
        command.env("KEYWARD_AUTH_URL", self.fact("/auth"));
        command.env("KEYWARD_KEY", self.fact("/management_key"));
        command
    }

    /// Runs the program as a client that prints JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let output = self.client(arguments).arg("--json").output().expect("the program runs");
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// Sends what a printed command would send.
    pub(crate) fn paste(&self, api: &str) -> Answer {
        Answer::to(self.fact(&format!("/presets/{api}/curl")))
    }

    /// The id of the key that was printed for an API.
    pub(crate) fn key_of(&self, api: &str) -> String {
        let output = with_input(self.client(&["keys", "find", "--json"]), self.fact(&format!("/presets/{api}/secret")));
        let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        found["key"]["id"].as_str().expect("a key's id").to_owned()
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).expect("the demo is there");
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("its output ends");
        self.child.wait().expect("it ends")
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer over a real socket.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

impl Answer {
    /// Sends what a `curl` command would send.
    pub(crate) fn to(command: &str) -> Self {
        let words = words(command);
        let mut words = words.iter();
        assert_eq!(words.next().map(String::as_str), Some("curl"), "{command}");
        let (mut url, mut headers, mut body) = (None, Vec::new(), None);
        while let Some(word) = words.next() {
            match word.as_str() {
                "-H" => headers.push(words.next().expect("a header").clone()),
                "-d" => body = Some(words.next().expect("a body").clone()),
                other => url = Some(other.to_owned()),
            }
        }
        let url = url.expect("a URL");
        match body {
            None => Self::get(&url, &headers),
            Some(body) => Underway::send("POST", &url, &headers, &body).finish(),
        }
    }

    pub(crate) fn get(url: &str, headers: &[String]) -> Self {
        Underway::begin(url, headers).finish()
    }
}

/// A request whose answer has begun.
pub(crate) struct Underway {
    stream: TcpStream,
    seen: Vec<u8>,
}

impl Underway {
    /// Sends a request and waits for the first bytes of its answer.
    pub(crate) fn begin(url: &str, headers: &[String]) -> Self {
        Self::send("GET", url, headers, "")
    }

    /// Sends a request with a body and waits for the first bytes of its answer.
    pub(crate) fn send(method: &str, url: &str, headers: &[String], body: &str) -> Self {
        let rest = url.strip_prefix("http://").expect("an http URL");
        let (host, path) = rest.split_once('/').expect("a path");
        let mut request = format!("{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAccept: */*\r\n");
        for header in headers {
            request.push_str(header);
            request.push_str("\r\n");
        }
        if !body.is_empty() {
            request.extend(["Content-Length: ", body.len().to_string().as_str(), "\r\n"]);
        }
        request.push_str("\r\n");
        request.push_str(body);
        let mut stream = TcpStream::connect(host).expect("something listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut seen = vec![0; 1_024];
        let count = stream.read(&mut seen).expect("it answers");
        seen.truncate(count);
        Self { stream, seen }
    }

    /// Reads on until this was seen; what came by then.
    pub(crate) fn until(&mut self, text: &str) -> String {
        let mut piece = vec![0; 4_096];
        loop {
            let seen = String::from_utf8_lossy(&self.seen).into_owned();
            if seen.contains(text) {
                return seen;
            }
            let count = self.stream.read(&mut piece).expect("it goes on");
            assert!(count > 0, "it ended before {text:?}: {seen}");
            self.seen.extend_from_slice(&piece[..count]);
        }
    }

    /// Waits for the rest.
    pub(crate) fn finish(mut self) -> Answer {
        self.stream.read_to_end(&mut self.seen).expect("it ends its answer");
        let answer = String::from_utf8_lossy(&self.seen).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        Answer { status: status.expect("a status"), headers: lines.filter_map(header).collect(), body: body.to_owned() }
    }
}

/// The words of a command, as a shell would split them: spaces, and single quotes.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut quoted) = (vec![String::new()], false);
    for letter in command.chars() {
        match (letter, quoted) {
            ('\'', _) => quoted = !quoted,
            (' ', false) => words.push(String::new()),
            (other, _) => words.last_mut().expect("a word").push(other),
        }
    }
    words
}

/// All files below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}
