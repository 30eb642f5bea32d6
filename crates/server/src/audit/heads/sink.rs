//! Where signed heads go: a file, a log of the system's, a URL.

use std::fs::OpenOptions;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::{UdpSocket, UnixDatagram, lookup_host};

use super::SignedHead;
use crate::config::{AuditSettings, SinkUrl, SyslogAddress};
use crate::http::post_json;

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(10);
/// Facility 13 (log audit), severity 6 (informational).
const PRIORITY: u8 = 13 * 8 + 6;

/// One place.
#[derive(Debug)]
pub(super) enum Sink {
    File(PathBuf),
    Syslog(SyslogAddress),
    Url(SinkUrl),
}

impl Sink {
    /// What metrics call them.
    pub(super) const NAMES: [&'static str; 3] = ["file", "syslog", "url"];

    /// All that are configured.
    pub(super) fn all(settings: &AuditSettings) -> Vec<Self> {
        let AuditSettings { heads_file, heads_syslog, heads_url, .. } = settings;
        let file = heads_file.clone().map(Self::File);
        let syslog = heads_syslog.clone().map(Self::Syslog);
        file.into_iter().chain(syslog).chain(heads_url.clone().map(Self::Url)).collect()
    }

    pub(super) const fn place(&self) -> usize {
        match self {
            Self::File(_) => 0,
            Self::Syslog(_) => 1,
            Self::Url(_) => 2,
        }
    }

    pub(super) const fn name(&self) -> &'static str {
        Self::NAMES[self.place()]
    }

    /// Sends one head, or says why it could not.
    pub(super) async fn send(&self, head: &SignedHead) -> io::Result<()> {
        let json = serde_json::to_string(head)?;
        let sending = async {
            match self {
                Self::File(file) => {
                    let file = file.clone();
                    tokio::task::spawn_blocking(move || append(&file, &json)).await.map_err(io::Error::other)?
                }
                Self::Syslog(address) => log(address, &head.at, &json).await,
                Self::Url(url) => post_json(url, json).await,
            }
        };
        tokio::time::timeout(ATTEMPT, sending).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }
}

/// Appends a line, on the disk before it counts as sent. A line that an earlier crash left unfinished stays one of
/// its own.
fn append(file: &Path, json: &str) -> io::Result<()> {
    let mut open = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(file)?;
    let mut last = [b'\n'];
    if open.metadata()?.len() > 0 {
        open.seek(SeekFrom::End(-1))?;
        open.read_exact(&mut last)?;
    }
    let torn = if last == [b'\n'] { "" } else { "\n" };
    open.write_all(format!("{torn}{json}\n").as_bytes())?;
    open.sync_data()
}

/// RFC 5424 in one datagram.
async fn log(address: &SyslogAddress, at: &str, json: &str) -> io::Result<()> {
    let line = format!("<{PRIORITY}>1 {at} - keyward {} audit-head - {json}", std::process::id());
    match address {
        SyslogAddress::Local(path) => UnixDatagram::unbound()?.send_to(line.as_bytes(), path).await.map(drop),
        SyslogAddress::Remote(host) => {
            let to = lookup_host(host).await?.next().ok_or_else(|| io::Error::other("the host has no address"))?;
            let from = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
            UdpSocket::bind(from).await?.send_to(line.as_bytes(), to).await.map(drop)
        }
    }
}
