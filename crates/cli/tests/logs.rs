//! The request log from outside: as tables, files and streams, and after a stop in the middle of its work.

mod common;

use std::collections::{BTreeSet, HashSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{TryRecvError, channel};

use common::{Answer, Demo, Underway, keyward, text};
use serde_json::Value;

const WRONG: &str = "ck_live_0000000000000000000000000000000000000000";

/// Two requests of ClickyID, one of them with a key that is none, and one of Codat; waits until they are written, which
/// is within a second.
fn called(demo: &Demo) {
    assert_eq!(demo.paste("clickyid").status, 200);
    let curl = demo.fact("/presets/clickyid/curl").replace(demo.fact("/presets/clickyid/secret"), WRONG);
    assert_eq!(Answer::to(&curl).status, 401);
    assert_eq!(demo.paste("codat").status, 200);
    while rows(demo, &[]).len() < 3 {}
}

fn rows(demo: &Demo, arguments: &[&str]) -> Vec<Value> {
    let page = demo.json(&[&["logs"], arguments].concat());
    page["items"].as_array().expect("a list").clone()
}

fn stdout(command: &mut Command) -> Vec<u8> {
    let output = command.output().expect("the program runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
    output.stdout
}

#[test]
fn r79_requests_are_told_as_a_table_and_as_files() {
    let demo = Demo::start();
    called(&demo);
    let table = text(&stdout(&mut demo.client(&["logs"])));
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 4, "{table}");
    for heading in ["AT", "STATUS", "CODE", "MS", "METHOD", "PATH", "KEY", "ACCOUNT", "FROM"] {
        assert!(lines[0].contains(heading), "{table}");
    }
    let line = |status: &str| lines.iter().filter(|line| line.contains(status)).count();
    assert_eq!((line(" 200 "), line(" 401 ")), (2, 1), "{table}");
    assert!(table.contains("checksum") && table.contains("127.0.0.1"), "the reason stands for the code: {table}");
    assert!(!table.contains(WRONG) && !table.contains(demo.fact("/presets/clickyid/secret")), "{table}");

    let csv = text(&stdout(&mut demo.client(&["logs", "--csv"])));
    assert_eq!((csv.lines().count(), csv.lines().next().map(|line| line.starts_with("at,"))), (4, Some(true)), "{csv}");
    let ndjson = text(&stdout(&mut demo.client(&["logs", "--ndjson", "--status", "2xx"])));
    let listed: Vec<Value> = ndjson.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(listed, rows(&demo, &["--status", "2xx"]), "newest first, as in the list");
    let parquet = stdout(&mut demo.client(&["logs", "--parquet", "--since", "1h"]));
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"), "{} bytes", parquet.len());
}

#[test]
fn r79_whatever_is_known_of_a_request_can_be_asked_for() {
    let demo = Demo::start();
    called(&demo);
    let key = demo.key_of("clickyid");
    let all = rows(&demo, &[]);
    let own = all.iter().find(|row| row["key_id"] == *key).expect("the key's row");
    let field = |name: &str| own[name].as_str().expect("a text").to_owned();
    let (account, path, id) = (field("account_id"), field("path"), field("request_id"));
    for (arguments, found) in [
        (&["--status", "4xx"][..], 1),
        (&["--status", "200"], 2),
        (&["--outcome", "refused"], 1),
        (&["--reason", "checksum"], 1),
        (&["--code", "invalid_credentials"], 1),
        (&["--api", "codat"], 1),
        (&["--api", "clickyid", "--outcome", "success"], 1),
        (&["--key-id", &key], 1),
        (&["--account", &account], 1),
        (&["--path", &path, "--status", "200"], 1),
        (&["--path", "/nowhere*"], 0),
        (&["--request-id", &id], 1),
        (&["--source", "gateway", "--environment", "live", "--kind", "account", "--key-id", &key], 1),
        (&["--source", "auth"], 0),
        (&["--address", "127.0.0.0/8"], 3),
        (&["--slower-than", "600000"], 0),
        (&["--since", "1h"], 3),
        (&["--until", "1h"], 0),
        (&["--page", "2"], 2),
        (&["--page", "1", "--all"], 3),
    ] {
        assert_eq!(rows(&demo, arguments).len(), found, "{arguments:?}");
    }
    let first = demo.json(&["logs", "--page", "2"]);
    let cursor = first["next_cursor"].as_str().expect("a cursor");
    assert_eq!(rows(&demo, &["--cursor", cursor]), all[2..]);
    let refused = demo.client(&["logs", "--status", "9xx"]).output().expect("the program runs");
    assert!(!refused.status.success() && text(&refused.stderr).contains("a class such as 4xx"));
    let refused = demo.client(&["logs", "--since", "soon"]).output().expect("the program runs");
    assert_eq!((refused.status.code(), refused.stdout.len()), (Some(2), 0));
}

#[test]
fn the_state_of_the_log_is_told() {
    let demo = Demo::start();
    called(&demo);
    let status = demo.json(&["logs", "status"]);
    let numbers = ["decided", "stored", "under_way", "records"].map(|name| status[name].as_u64().expect("a number"));
    assert_eq!(numbers, [3, 3, 0, 3], "{status}");
    let told = text(&stdout(&mut demo.client(&["logs", "status"])));
    let line = |name: &str| told.lines().find_map(|line| line.trim().strip_prefix(name)).map(str::trim);
    assert_eq!((line("state"), line("decided"), line("under way")), (Some("written"), Some("3"), Some("0")), "{told}");
}

/// A command that goes on until it is dropped.
struct Going(Child);

impl Drop for Going {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn r79_who_follows_sees_requests_as_they_come() {
    const CALLS_MAX: usize = 5_000;
    let demo = Demo::start();
    let arguments = ["logs", "--follow", "--api", "clickyid", "--outcome", "refused", "--json"];
    let mut following = Going(demo.client(&arguments).spawn().expect("it starts"));
    let (sender, receiver) = channel();
    let lines = BufReader::new(following.0.stdout.take().expect("its output"));
    std::thread::spawn(move || lines.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    let curl = demo.fact("/presets/clickyid/curl").replace(demo.fact("/presets/clickyid/secret"), WRONG);
    // Whenever it has begun to follow: what comes from then on is shown.
    let mut calls = 0;
    let first = loop {
        demo.paste("codat");
        assert_eq!(Answer::to(&curl).status, 401);
        calls += 1;
        match receiver.try_recv() {
            Ok(line) => break line,
            Err(TryRecvError::Empty) => assert!(calls < CALLS_MAX, "nothing was shown"),
            Err(TryRecvError::Disconnected) => panic!("it ended"),
        }
    };
    for line in std::iter::once(first).chain(receiver.try_iter()) {
        let row: Value = serde_json::from_str(&line).expect("a row as JSON on each line");
        assert_eq!((&row["api"], &row["reason"]), (&"clickyid".into(), &"checksum".into()));
    }
}

#[test]
fn r79_the_log_over_plain_sockets() {
    let demo = Demo::start();
    let by_operator = [format!("Authorization: Bearer {}", demo.fact("/management_key"))];
    let url = |path: &str| format!("{}{path}", demo.fact("/control"));
    // Whoever asked before is told of whatever comes after.
    let mut tail = Underway::begin(&url("/v1/logs/tail?api=clickyid"), &by_operator);
    called(&demo);
    tail.until("\"checksum\"");
    let seen = tail.until("\"status\":200");
    assert!(seen.contains("text/event-stream") && seen.matches("event: row").count() == 2, "{seen}");

    let list = Answer::get(&url("/v1/logs?limit=2"), &by_operator);
    let page: Value = serde_json::from_str(&list.body).expect("JSON");
    assert_eq!((list.status, page["items"].as_array().map(Vec::len)), (200, Some(2)));
    let path = page["items"][0]["path"].as_str().expect("a path");
    assert!(page["next_cursor"].is_string() && page["missing"] == serde_json::json!([]));
    for (format, kind, file) in [
        ("csv", "text/csv; charset=utf-8; header=present", "requests.csv"),
        ("ndjson", "application/x-ndjson", "requests.ndjson"),
        ("parquet", "application/vnd.apache.parquet", "requests.parquet"),
    ] {
        let answer = Answer::get(&url(&format!("/v1/logs/export?format={format}")), &by_operator);
        assert_eq!((answer.status, answer.headers["content-type"].as_str()), (200, kind));
        assert_eq!(answer.headers["content-disposition"], format!("attachment; filename=\"{file}\""));
        assert!(format == "parquet" || answer.body.contains(path), "{}", answer.body);
    }
    for path in ["/v1/logs", "/v1/logs/export", "/v1/logs/tail", "/v1/logs/status"] {
        assert_eq!(Answer::get(&url(path), &[]).status, 401, "{path}");
    }
}

/// `keyward serve` at work on free ports, with data that stay.
struct Server {
    child: Child,
    facts: Value,
    key: String,
}

impl Server {
    fn start(config: &str, key: &str) -> Self {
        let mut command = keyward(&["serve", "--json", "--config", config]);
        let mut child = command.stderr(std::process::Stdio::null()).spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a first line");
        Self { child, facts: serde_json::from_str(&line).expect("JSON"), key: key.to_owned() }
    }

    fn address(&self, of: &str) -> &str {
        self.facts[of].as_str().expect("an address")
    }

    fn client(&self, arguments: &[&str]) -> Command {
        let mut command = keyward(arguments);
        command.env("KEYWARD_URL", self.address("control")).env("KEYWARD_KEY", &self.key);
        command
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_slice(&stdout(self.client(arguments).arg("--json"))).expect("JSON")
    }

    /// Tells it to stop, as whoever runs a server does; waits for its end.
    fn terminate(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it is there");
        assert!(self.child.wait().expect("it ends").success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request on a connection that stays; the request's id once its answer is there, to its end.
fn exchange(stream: &mut TcpStream, request: &str) -> Option<String> {
    stream.write_all(request.as_bytes()).ok()?;
    let (mut seen, mut piece) = (Vec::new(), [0; 4_096]);
    loop {
        let count = stream.read(&mut piece).ok().filter(|count| *count > 0)?;
        seen.extend_from_slice(&piece[..count]);
        let answer = String::from_utf8_lossy(&seen);
        let Some((head, body)) = answer.split_once("\r\n\r\n") else { continue };
        let header = |name: &str| {
            let is_it = |(own, _): &(&str, &str)| own.eq_ignore_ascii_case(name);
            let of = |line: &str| line.split_once(": ").filter(is_it).map(|(_, value)| value.to_owned());
            head.lines().find_map(of)
        };
        let length: usize = header("content-length")?.parse().ok()?;
        if body.len() >= length {
            return header("x-request-id");
        }
    }
}

/// An upstream that answers everything alike.
fn upstream() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let (mut seen, mut piece) = (Vec::new(), [0; 4_096]);
                while let Ok(count @ 1..) = stream.read(&mut piece) {
                    seen.extend_from_slice(&piece[..count]);
                    if seen.ends_with(b"\r\n\r\n") {
                        seen.clear();
                        if stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
    format!("http://{address}")
}

/// What the process that ended had counted: decisions, and what was dropped.
fn counted(folder: &Path) -> (u64, u64) {
    let files = common::files(folder);
    let mut left = files.iter().filter(|file| file.extension().is_some_and(|kind| kind == "counts"));
    let bytes = std::fs::read(left.next().expect("its counts")).expect("a file");
    assert!(left.next().is_none(), "one process has run");
    let words: Vec<u64> = bytes.as_chunks::<8>().0.iter().map(|word| u64::from_ne_bytes(*word)).collect();
    // A line of eight words for each thread behind the file's own and the writer's.
    let lines: Vec<_> = words.chunks(8).collect();
    let of = |word: usize| lines[2..].iter().map(|line| line[word]).sum::<u64>();
    (of(0), of(1) + lines[1][0])
}

#[test]
fn told_to_stop_in_the_middle_of_its_work_it_loses_nothing() {
    const THREADS: usize = 4;
    const ANSWERS: usize = 600;
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("keyward.toml");
    let listen = "gateway = '127.0.0.1:0'\nauth = '127.0.0.1:0'\ncontrol = '127.0.0.1:0'\n";
    let apis = format!("data_dir = 'data'\n[listen]\n{listen}[apis.shop]\nupstream = '{}'\n", upstream());
    std::fs::write(&config, apis).expect("a file");
    let config = config.to_str().expect("UTF-8");
    let made: Value =
        serde_json::from_slice(&stdout(&mut keyward(&["init", "--json", "--config", config]))).expect("JSON");
    let operator = made["secret"].as_str().expect("a management key");
    let mut server = Server::start(config, operator);
    let account = server.json(&["accounts", "create", "Acme", "--api", "shop"]);
    let account = account["id"].as_str().expect("an account").to_owned();
    let key = server.json(&["keys", "create", "server", "--account", &account]);
    let secret = key["secret"].as_str().expect("a secret");

    let gateway = server.address("gateway").trim_start_matches("http://").to_owned();
    let request =
        |secret: &str| format!("GET /orders HTTP/1.1\r\nHost: {gateway}\r\nAuthorization: Bearer {secret}\r\n\r\n");
    let requests = [request(secret), request("kw_live_made_up")];
    let (answered, ids) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let mut own = Vec::new();
                // Until nobody listens any more.
                while let Ok(mut stream) = TcpStream::connect(&gateway) {
                    while let Some(id) = exchange(&mut stream, &requests[usize::from(own.len().is_multiple_of(3))]) {
                        own.push(id);
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                }
                ids.lock().expect("no thread panicked").extend(own);
            });
        }
        while answered.load(Ordering::Relaxed) < ANSWERS {
            std::thread::yield_now();
        }
        server.terminate();
    });
    let ids = ids.into_inner().expect("no thread panicked");
    let (decided, dropped) = counted(&folder.path().join("data"));
    assert_eq!(dropped, 0);
    assert!(decided >= ids.len() as u64 && ids.len() >= ANSWERS, "{decided} decided, {} answered", ids.len());

    let server = Server::start(config, operator);
    let ndjson = text(&stdout(&mut server.client(&["logs", "--ndjson"])));
    let rows: Vec<Value> = ndjson.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(rows.len() as u64, decided, "every decision is a row");
    let logged: HashSet<&str> = rows.iter().filter_map(|row| row["request_id"].as_str()).collect();
    assert_eq!(logged.len(), rows.len());
    let missing: BTreeSet<_> = ids.iter().filter(|id| !logged.contains(id.as_str())).collect();
    assert_eq!(missing, BTreeSet::new(), "whoever got an answer is in the log");
    let status = server.json(&["logs", "status"]);
    assert_eq!((&status["missing"], &status["records"]), (&serde_json::json!([]), &decided.into()));
    let usage = server.json(&["usage"]);
    assert_eq!(
        (&usage["total"]["requests"], &usage["complete"]),
        (&decided.into(), &true.into()),
        "usage equals the log"
    );
    let outcome = |name: &str| usage["total"]["outcomes"][name].as_u64().unwrap_or_default();
    let of = |status: u16| rows.iter().filter(|row| row["status"] == status).count() as u64;
    assert_eq!((outcome("ok"), outcome("invalid_credentials.malformed")), (of(200), of(401)));
}
