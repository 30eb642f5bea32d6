//! A mail server of the tests' own, which misbehaves on demand (`tests/smtp/sink.py`). It ends when the test does.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/smtp/sink.py");
/// Far beyond what anything takes.
const PATIENCE: Duration = Duration::from_mins(1);

/// A mail as the server has it.
#[derive(Debug, Clone, Deserialize)]
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
    pub headers: Vec<(String, String)>,
    pub text: String,
    pub html: String,
}

impl Mail {
    /// The one header of this name.
    pub fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
        let (Some((_, value)), None) = (found.next(), found.next()) else { panic!("{name}: {:?}", self.headers) };
        value
    }
}

/// The server.
pub struct Sink {
    pub port: u16,
    child: Child,
    stdin: ChildStdin,
    said: UnboundedReceiver<Value>,
}

impl Sink {
    /// On a free port, without TLS.
    pub async fn start() -> Self {
        Self::with(&["plain"]).await
    }

    /// With these arguments.
    pub async fn with(arguments: &[&str]) -> Self {
        let mut child = Command::new(python())
            .arg(SCRIPT)
            .args(arguments)
            .env("SINK_PASSWORD", PASSWORD)
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (send, said) = unbounded_channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(stdout).lines().map_while(Result::ok);
            lines.map(|line| serde_json::from_str(&line).unwrap()).try_for_each(|line| send.send(line))
        });
        let mut sink = Self { port: 0, child, stdin, said };
        sink.port = sink.hears("port").await.as_u64().unwrap() as u16;
        sink
    }

    /// What it does from now on.
    pub async fn mode(&mut self, mode: &str) {
        writeln!(self.stdin, "{mode}").unwrap();
        assert_eq!(self.hears("mode").await, mode);
    }

    /// The next mail it has read.
    pub async fn mail(&mut self) -> Mail {
        serde_json::from_value(self.hears("mail").await).unwrap()
    }

    /// That it has ended a connection in the middle of a mail.
    pub async fn cut(&mut self) {
        self.hears("cut").await;
    }

    /// The mails it has read and that nobody has asked for yet.
    pub async fn mails(&mut self) -> Vec<Mail> {
        // Whatever it said before this answer has been said.
        writeln!(self.stdin, "accept").unwrap();
        let mut mails = Vec::new();
        loop {
            let mut said = self.next().await;
            if said.get("mode").is_some() {
                return mails;
            }
            mails.push(serde_json::from_value(said["mail"].take()).unwrap());
        }
    }

    async fn hears(&mut self, name: &str) -> Value {
        let mut said = self.next().await;
        assert!(said.get(name).is_some(), "{name} was expected: {said}");
        said[name].take()
    }

    async fn next(&mut self) -> Value {
        let said = tokio::time::timeout(PATIENCE, self.said.recv()).await;
        said.expect("the mail server says something").expect("the mail server runs")
    }

    /// The configuration that sends to it.
    pub fn toml(&self) -> String {
        format!(
            "[mail]\nhost = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\ntimeout = \"1s\"\n\
             from = \"Keyward <keyward@example.com>\"\n",
            self.port
        )
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The password that a server with `--auth` wants.
pub const PASSWORD: &str = "a password of the mail server";

/// A Python that has aiosmtpd.
fn python() -> &'static str {
    let has = |python: &&str| {
        let found = Command::new(python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status();
        found.is_ok_and(|status| status.success())
    };
    let found = ["python3", "/usr/bin/python3"].into_iter().find(has);
    found.expect("aiosmtpd is installed (scripts/install-test-tools.sh)")
}

/// A certificate authority and a server certificate of it for this name, as `ca.pem`, `cert.pem` and `key.pem`.
pub fn certificates(dir: &Path, name: &str) {
    let openssl = |arguments: &str| {
        let made = Command::new("openssl").args(arguments.split_whitespace()).current_dir(dir).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    };
    std::fs::write(dir.join("names"), format!("subjectAltName={name}\nbasicConstraints=CA:FALSE\n")).unwrap();
    let curve = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(&format!("req -x509 {curve} -days 30 -subj /CN=tests -keyout ca.key -out ca.pem"));
    openssl(&format!("req {curve} -subj /CN=sink -keyout key.pem -out sink.csr"));
    openssl("x509 -req -in sink.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile names -out cert.pem");
}
