//! As much of a mail server as the demo's own program needs to hand over a mail.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyward_server::clock::Clock;
use mail_parser::MessageParser;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::{Mail, Mails, keep};

/// Longest line, and largest mail.
const LINE_BYTES_MAX: u64 = 4_096;
const MAIL_BYTES_MAX: usize = 1 << 20;
/// Longest wait for a line.
const IDLE: Duration = Duration::from_mins(1);

/// Takes whatever it is given.
pub(super) async fn serve(listener: TcpListener, clock: Clock, mails: Arc<Mutex<Mails>>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let (clock, mails) = (clock.clone(), Arc::clone(&mails));
                tokio::spawn(async move {
                    if let Err(error) = talk(stream, &clock, &mails).await {
                        tracing::debug!(%error, "a mail was not handed over to the demo's inbox");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the demo's inbox can't accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

type Lines = BufReader<TcpStream>;

async fn talk(stream: TcpStream, clock: &Clock, mails: &Mutex<Mails>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream);
    let mut to = String::new();
    say(&mut lines, "220 keyward demo").await?;
    while let Some(line) = hear(&mut lines).await? {
        let line = line.trim_end();
        let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" | "HELO" | "NOOP" | "MAIL" => say(&mut lines, "250 yes").await?,
            "RSET" => {
                to.clear();
                say(&mut lines, "250 yes").await?;
            }
            "RCPT" => {
                to = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
                say(&mut lines, "250 yes").await?;
            }
            "DATA" => {
                say(&mut lines, "354 go on, and end with a dot").await?;
                let Some(bytes) = body(&mut lines).await? else { return say(&mut lines, "552 too large").await };
                keep(mails, read(&bytes, &to, clock));
                say(&mut lines, "250 taken").await?;
            }
            "QUIT" => return say(&mut lines, "221 bye").await,
            _ => say(&mut lines, "502 not here").await?,
        }
    }
    Ok(())
}

async fn say(lines: &mut Lines, text: &str) -> std::io::Result<()> {
    lines.get_mut().write_all(format!("{text}\r\n").as_bytes()).await
}

/// A line; `None` once there are no more.
async fn hear(lines: &mut Lines) -> std::io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let mut bounded = lines.take(LINE_BYTES_MAX);
    let read = tokio::time::timeout(IDLE, bounded.read_until(b'\n', &mut bytes)).await??;
    Ok((read > 0).then(|| String::from_utf8_lossy(&bytes).into_owned()))
}

/// A mail up to its dot; `None` where it is too large.
async fn body(lines: &mut Lines) -> std::io::Result<Option<Vec<u8>>> {
    let mut all = Vec::new();
    while let Some(line) = hear(lines).await? {
        if line.trim_end() == "." {
            return Ok(Some(all));
        }
        // A dot that begins a line was doubled on the way.
        all.extend_from_slice(line.strip_prefix('.').unwrap_or(&line).as_bytes());
        if all.len() > MAIL_BYTES_MAX {
            return Ok(None);
        }
    }
    Err(std::io::ErrorKind::UnexpectedEof.into())
}

fn read(bytes: &[u8], to: &str, clock: &Clock) -> Mail {
    let message = MessageParser::default().parse(bytes).unwrap_or_default();
    let text = |found: Option<std::borrow::Cow<'_, str>>| found.map(std::borrow::Cow::into_owned).unwrap_or_default();
    Mail {
        number: 0,
        at: clock.now(),
        to: to.to_owned(),
        subject: message.subject().unwrap_or_default().to_owned(),
        text: text(message.body_text(0)),
        html: text(message.body_html(0)),
    }
}
