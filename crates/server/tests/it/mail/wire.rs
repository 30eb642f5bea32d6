//! What is on the wire: encrypted where that is asked for, to the right server only, in well-formed headers.

use std::path::Path;
use std::sync::{Arc, Mutex};

use keyward_server::changes::Reach;
use keyward_server::clock::Clock;
use keyward_server::operation::Page;
use keyward_server::outbox::{self, ParcelFilter, ParcelView};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::smtp::{PASSWORD, Sink, certificates};
use crate::support::store::put_mail;
use crate::support::{START, restart};

/// Everything that passed in either direction.
type Bytes = Arc<Mutex<Vec<u8>>>;

/// A relay to a port that keeps what passes.
async fn relay(to: u16) -> (u16, Bytes) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, seen) = (listener.local_addr().unwrap().port(), Bytes::default());
    let kept = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
            let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
            tokio::spawn(copy(from_client, to_server, Arc::clone(&kept)));
            tokio::spawn(copy(from_server, to_client, Arc::clone(&kept)));
        }
    });
    (port, seen)
}

async fn copy(mut from: tokio::net::tcp::OwnedReadHalf, mut to: tokio::net::tcp::OwnedWriteHalf, kept: Bytes) {
    let mut buffer = [0; 4_096];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        kept.lock().unwrap().extend_from_slice(&buffer[..count]);
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

fn holds(seen: &Bytes, text: &[u8]) -> bool {
    seen.lock().unwrap().windows(text.len()).any(|window| window == text)
}

/// Sends one mail with this `[mail]`; how its parcel stands then.
async fn send(mail: &str, dir: &Path) -> ParcelView {
    let at = tempfile::tempdir_in(dir).unwrap();
    std::fs::copy(dir.join("ca.pem"), at.path().join("ca.pem")).unwrap();
    let from = "from = \"Keyward <keyward@example.com>\"";
    let app = restart(&format!("[mail]\n{from}\n{mail}\n"), at.path(), &Clock::manual(START)).await;
    let facts = json!({ "account": "Acme Confidential" });
    put_mail(&app.db, "key.created", None, &facts, "ada@example.com", START.0).await;
    outbox::work_once(&app).await.unwrap();
    let page = outbox::list(&app, Reach::All, ParcelFilter::default(), Page::default()).await.unwrap();
    page.items.into_iter().next().unwrap()
}

struct Tls {
    dir: tempfile::TempDir,
    sink: Sink,
    port: u16,
    seen: Bytes,
}

impl Tls {
    /// A server with a certificate for this name, behind a relay.
    async fn start(security: &str, name: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        certificates(dir.path(), name);
        let file = |name: &str| dir.path().join(name).display().to_string();
        let sink = Sink::with(&[security, &file("cert.pem"), &file("key.pem"), "--auth"]).await;
        let (port, seen) = relay(sink.port).await;
        Self { dir, sink, port, seen }
    }

    async fn send(&self, security: &str, password: &str, more: &str) -> ParcelView {
        let Self { port, .. } = self;
        let mail = format!(
            "host = \"localhost\"\nport = {port}\nsecurity = {security:?}\nusername = \"keyward\"\n\
             password = {password:?}\ntimeout = \"10s\"\n{more}"
        );
        send(&mail, self.dir.path()).await
    }
}

const CA: &str = "ca_file = \"ca.pem\"";

#[tokio::test]
async fn over_tls_nothing_can_be_read_on_the_way_and_the_mail_arrives() {
    for security in ["starttls", "tls"] {
        let mut tls = Tls::start(security, "DNS:localhost").await;
        let parcel = tls.send(security, PASSWORD, CA).await;
        assert_eq!((parcel.state, parcel.last_error), (outbox::State::Sent, None), "{security}");
        assert!(tls.sink.mail().await.text.contains("Acme Confidential"));
        for secret in ["ada@example.com", "Confidential", "MAIL FROM", "AUTH PLAIN", PASSWORD] {
            assert!(!holds(&tls.seen, secret.as_bytes()), "{security}: {secret} could be read");
        }
        assert!(holds(&tls.seen, &[0x16, 0x03]), "a TLS handshake passed");
    }
}

#[tokio::test]
async fn a_server_that_cannot_prove_its_name_gets_nothing() {
    for (security, name, more) in
        [("starttls", "DNS:localhost", ""), ("tls", "DNS:localhost", ""), ("tls", "DNS:other.example.com", CA)]
    {
        let mut tls = Tls::start(security, name).await;
        let parcel = tls.send(security, PASSWORD, more).await;
        assert_eq!((parcel.state, parcel.attempts), (outbox::State::Waiting, 0), "{security} {name}");
        let why = parcel.last_error.unwrap();
        assert!(why.contains("certificate"), "{why}");
        assert!(tls.sink.mails().await.is_empty() && !holds(&tls.seen, b"ada@example.com"));
    }
}

#[tokio::test]
async fn where_starttls_is_taken_out_nothing_is_said_in_the_clear() {
    let mut sink = Sink::with(&["plain"]).await;
    let (port, seen) = relay(sink.port).await;
    let dir = tempfile::tempdir().unwrap();
    certificates(dir.path(), "DNS:localhost");
    let mail = format!("host = \"localhost\"\nport = {port}\nsecurity = \"starttls\"\n{CA}");
    let parcel = send(&mail, dir.path()).await;
    assert!(parcel.last_error.unwrap().contains("STARTTLS"));
    assert!(sink.mails().await.is_empty() && !holds(&seen, b"MAIL FROM"));
}

#[tokio::test]
async fn a_wrong_password_costs_no_mail_and_is_told_to_nobody() {
    let mut tls = Tls::start("tls", "DNS:localhost").await;
    let parcel = tls.send("tls", "another password", CA).await;
    assert_eq!((parcel.state, parcel.attempts), (outbox::State::Waiting, 0));
    let why = parcel.last_error.unwrap();
    assert!(why.contains("535") && !why.contains("another password"), "{why}");
    assert!(parcel.due_at.0 - START.0 >= 60_000, "a sign-in that fails is not tried every other second");
    assert!(tls.sink.mails().await.is_empty());
}

#[tokio::test]
async fn no_fact_begins_a_header_or_adds_a_recipient() {
    let mut sink = Sink::start().await;
    let dir = tempfile::tempdir().unwrap();
    let app = restart(&sink.toml(), dir.path(), &Clock::manual(START)).await;
    for wicked in
        ["A\r\nBcc: eve@example.com", "A\nX: y\n\nbody", "A\r\n.\r\nMAIL FROM:<eve@example.com>", "A\u{2028}\u{202e}B"]
    {
        let facts = json!({ "account": wicked, "by": wicked, "key": { "name": wicked } });
        put_mail(&app.db, "key.created", None, &facts, "ada@example.com", START.0).await;
        assert_eq!(outbox::work_once(&app).await.unwrap(), 1);
        let mail = sink.mail().await;
        assert_eq!(mail.to, ["ada@example.com"]);
        let mut names: Vec<_> = mail.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let wanted = ["Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To"];
        assert_eq!(names, wanted, "{wicked:?}");
        assert!(!mail.header("Subject").contains(['\r', '\n', '\u{2028}', '\u{202e}']));
        assert!(!mail.html.contains("\u{202e}") && !mail.text.contains("\u{202e}"));
    }
    assert!(sink.mails().await.is_empty());
}
