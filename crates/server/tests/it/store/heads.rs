//! Signed heads are sent where the configuration says, by the hour of a clock that only the test moves.

use std::path::Path;

use keyward_server::audit::{self, Heads, Keeper, SignedHead};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UnixDatagram};

use crate::support::{Started, new_key, start};

const HOUR_MS: i64 = 3_600_000;
const SHOP: &str = "[apis.shop]\nupstream = 'http://127.0.0.1:9'\n";

fn lines(file: &Path) -> Vec<SignedHead> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn counts(started: &Started, sink: &str) -> [u64; 3] {
    started.app.heads.sinks().find(|(name, _)| *name == sink).unwrap().1
}

#[tokio::test]
async fn a_head_is_signed_at_start_every_hour_and_at_the_end() {
    let started = start(SHOP).await;
    let file = started.app.config.data_dir.join("audit-heads.ndjson");
    let mut keeper = Keeper::new(&started.app);
    keeper.turn().await;
    assert_eq!(lines(&file).len(), 1);
    let account = started.account("shop", "Acme").await;
    started.clock.advance(HOUR_MS - 1);
    keeper.turn().await;
    assert_eq!(lines(&file).len(), 1);
    started.clock.advance(1);
    keeper.turn().await;
    assert_eq!(lines(&file).len(), 2);
    started.key(new_key(&account, "a")).await;
    keeper.last_turn().await;
    let heads = lines(&file);
    assert_eq!(heads.iter().map(|head| head.seq).collect::<Vec<_>>(), [0, 1, 2]);
    let kept = Heads::read(std::fs::read(&file).unwrap().as_slice()).unwrap();
    let report = audit::verify(&started.app.db, &started.app.vault, kept).await.unwrap();
    assert_eq!((report.findings.len(), report.heads), (0, 3));
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_line_that_a_crash_left_unfinished_spoils_no_other() {
    let started = start(SHOP).await;
    let file = started.app.config.data_dir.join("audit-heads.ndjson");
    std::fs::write(&file, "{\"at\":\"2026-").unwrap();
    Keeper::new(&started.app).turn().await;
    let text = std::fs::read_to_string(&file).unwrap();
    let whole: SignedHead = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    assert_eq!((text.lines().count(), whole.seq), (2, 0));
}

#[tokio::test]
async fn a_sink_that_fails_is_tried_again_later_and_later_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("not there yet/heads");
    let started = start(&format!("[audit]\nheads_file = {:?}\n{SHOP}", file.display().to_string())).await;
    let mut keeper = Keeper::new(&started.app);
    for (after_ms, attempts) in [(0, 1), (999, 1), (1, 2), (1_999, 2), (1, 3), (HOUR_MS, 4)] {
        started.clock.advance(after_ms);
        keeper.turn().await;
        assert_eq!(counts(&started, "file")[1], attempts, "after {after_ms} ms");
    }
    // A change never waited for any of this.
    started.account("shop", "Acme").await;
    std::fs::create_dir(file.parent().unwrap()).unwrap();
    started.clock.advance(600_000);
    keeper.turn().await;
    assert_eq!(lines(&file).iter().map(|head| head.seq).collect::<Vec<_>>(), [0, 0]);
    assert_eq!(counts(&started, "file"), [2, 4, 0]);
}

#[tokio::test]
async fn heads_are_logged_and_posted() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("log");
    let log = UnixDatagram::bind(&socket).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/witness", listener.local_addr().unwrap());
    let settings = format!("heads_file = ''\nheads_syslog = {:?}\nheads_url = {url:?}", socket.display().to_string());
    let started = start(&format!("[audit]\n{settings}\n{SHOP}")).await;
    let witness = tokio::spawn(async move {
        let mut posted = Vec::new();
        for answer in ["503 Service Unavailable", "204 No Content"] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut text = Vec::new();
            while !text.ends_with(b"}") {
                stream.read_buf(&mut text).await.unwrap();
            }
            stream.write_all(format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n").as_bytes()).await.unwrap();
            posted.push(String::from_utf8(text).unwrap());
        }
        posted
    });
    let mut keeper = Keeper::new(&started.app);
    keeper.turn().await;
    assert_eq!((counts(&started, "syslog"), counts(&started, "url")), ([1, 0, 0], [0, 1, 1]));
    started.clock.advance(1_000);
    keeper.turn().await;
    assert_eq!(counts(&started, "url"), [1, 1, 0]);
    let posted = witness.await.unwrap();
    assert!(posted[1].starts_with("POST /witness HTTP/1.1\r\n"), "{}", posted[1]);
    let mut bytes = [0; 4_096];
    let length = log.recv(&mut bytes).await.unwrap();
    let logged = String::from_utf8(bytes[..length].to_vec()).unwrap();
    assert!(logged.starts_with("<110>1 2026-03-01T10:15:00Z - keyward "), "{logged}");
    // Both are lines that a look compares with, as they came.
    let body = posted[1].split("\r\n\r\n").nth(1).unwrap();
    let kept = Heads::read(format!("{logged}\n{body}\n").as_bytes()).unwrap();
    let report = audit::verify(&started.app.db, &started.app.vault, kept).await.unwrap();
    assert_eq!((report.findings.len(), report.heads), (0, 2));
}

#[tokio::test]
async fn a_served_program_signs_when_it_starts_and_when_it_stops() {
    let served = crate::support::served::serve(SHOP).await;
    let file = served.started.app.config.data_dir.join("audit-heads.ndjson");
    served.started.account("shop", "Acme").await;
    served.running.stop().await;
    let heads = lines(&file);
    assert_eq!((heads.len() >= 2, heads.last().map(|head| head.seq)), (true, Some(1)));
}
