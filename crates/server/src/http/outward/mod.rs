//! Requests to addresses that somebody else chose (threat T14): webhooks, and keys fetched by URL.
//!
//! A name is resolved once; when any of its addresses is not public, none is used; the connection goes to an address
//! that was checked, while TLS and the Host header keep the name. Redirects are not followed. Time, sizes and the
//! number of lookups are bounded.

mod exchange;
mod names;
mod ranges;
mod target;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};

use crate::config::OutwardSettings;
use crate::gateway::upstream::connector_with;
use exchange::exchange;
pub use names::Names;
use target::{Host, Target};

/// Most addresses of a name that are tried.
const TRIES_MAX: usize = 3;

/// What goes out.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Where to.
    pub url: String,
    /// `None`: a GET.
    pub body: Option<Vec<u8>>,
    /// Headers beside Host, Content-Type and User-Agent.
    pub headers: Vec<(&'static str, String)>,
    /// Most bytes of the answer's body that are read; what is beyond is dropped. 0: the status is all that counts.
    pub read_max: usize,
}

/// What came back, with at most as much of its body as was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Its status.
    pub status: u16,
    /// The beginning of its body.
    pub body: Vec<u8>,
    /// Whether there was more.
    pub cut: bool,
}

/// Why nothing came back. Says nothing of what a name resolved to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// The URL is not one that we follow.
    #[error("the URL is refused: {0}")]
    Url(&'static str),
    /// An address of the host is not public.
    #[error("the URL is refused: its host has an address that is not public")]
    NotPublic,
    /// The name has no address.
    #[error("the host was not found")]
    NotFound,
    /// No connection.
    #[error("no connection")]
    Unreached,
    /// No encryption: usually the certificate.
    #[error("TLS failed")]
    Tls,
    /// Not in time.
    #[error("no answer in time")]
    TimedOut,
    /// The connection broke, or what came was no HTTP.
    #[error("the answer broke off")]
    Broken,
}

/// Sends requests to addresses that others chose.
pub struct Outward {
    settings: OutwardSettings,
    names: Names,
    tls: TlsConnector,
}

impl std::fmt::Debug for Outward {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outward").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Outward {
    /// With the system's resolver.
    pub fn new(settings: &OutwardSettings) -> Self {
        Self::with_names(settings, Names::system())
    }

    /// With names of one's own choice, for tests.
    pub fn with_names(settings: &OutwardSettings, names: Names) -> Self {
        let authorities = settings.authorities.iter().map(|der| CertificateDer::from(der.clone()));
        Self { settings: settings.clone(), names, tls: connector_with(authorities) }
    }

    /// Whether a URL may be asked for at all; names are resolved only when something is sent.
    pub fn check(&self, url: &str) -> Result<(), Unanswered> {
        self.target(url).map(drop)
    }

    /// The longest that [`Outward::send`] takes.
    pub fn timeout(&self) -> Duration {
        self.settings.timeout
    }

    /// Sends one request and reads the beginning of its answer.
    pub async fn send(&self, outgoing: Outgoing) -> Result<Answered, Unanswered> {
        let target = self.target(&outgoing.url)?;
        timeout(self.settings.timeout, self.send_to(&target, outgoing)).await.unwrap_or(Err(Unanswered::TimedOut))
    }

    async fn send_to(&self, target: &Target, outgoing: Outgoing) -> Result<Answered, Unanswered> {
        let addresses = self.addresses(target).await?;
        let stream = self.connect(&addresses, target.port).await?;
        if !target.https {
            return exchange(stream, &target.authority(), &target.path, outgoing).await;
        }
        let name = match &target.host {
            Host::Name(name) => ServerName::try_from(name.clone()).map_err(|_| Unanswered::Tls)?,
            Host::Address(address) => ServerName::from(*address),
        };
        let stream = self.tls.connect(name, stream).await.map_err(|_| Unanswered::Tls)?;
        exchange(stream, &target.authority(), &target.path, outgoing).await
    }

    fn target(&self, url: &str) -> Result<Target, Unanswered> {
        let target = Target::parse(url).map_err(Unanswered::Url)?;
        let (settings, is_here) = (&self.settings, is_loopback(&target.host));
        if is_here && settings.loopback {
            return Ok(target);
        }
        if !target.https {
            return Err(Unanswered::Url("a URL that begins with https://"));
        }
        if !settings.ports.contains(&target.port) {
            return Err(Unanswered::Url("its port is not one of webhooks.ports"));
        }
        match target.host {
            Host::Address(address) if !self.may_reach(address) => Err(Unanswered::NotPublic),
            Host::Name(_) if is_here => Err(Unanswered::NotPublic),
            Host::Address(_) | Host::Name(_) => Ok(target),
        }
    }

    fn may_reach(&self, address: IpAddr) -> bool {
        let is_here = self.settings.loopback && address.is_loopback();
        ranges::is_public(address) || is_here || self.settings.allow.iter().any(|range| range.contains(&address))
    }

    /// The host's addresses, all of them such as may be reached.
    async fn addresses(&self, target: &Target) -> Result<Vec<IpAddr>, Unanswered> {
        let name = match &target.host {
            Host::Address(address) => return Ok(vec![*address]),
            Host::Name(name) => name,
        };
        let addresses = self.names.resolve(name).await.ok_or(Unanswered::NotFound)?;
        // Without TLS only this machine itself is told anything, whatever its name resolves to.
        let fits = |address: &IpAddr| self.may_reach(*address) && (target.https || address.is_loopback());
        match addresses.iter().all(fits) {
            _ if addresses.is_empty() => Err(Unanswered::NotFound),
            true => Ok(addresses),
            false => Err(Unanswered::NotPublic),
        }
    }

    async fn connect(&self, addresses: &[IpAddr], port: u16) -> Result<TcpStream, Unanswered> {
        for address in addresses.iter().take(TRIES_MAX) {
            let connecting = TcpStream::connect(SocketAddr::new(*address, port));
            if let Ok(Ok(stream)) = timeout(self.settings.connect_timeout, connecting).await {
                return Ok(stream);
            }
        }
        Err(Unanswered::Unreached)
    }
}

fn is_loopback(host: &Host) -> bool {
    match host {
        Host::Address(address) => address.is_loopback(),
        Host::Name(name) => name == "localhost" || name.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests;
