//! One thread's connections to upstreams: kept open, the last used one first.
//!
//! Addresses of an upstream are taken in turn; one that could not be reached is tried last for a few seconds.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::Failure;
use super::link::{Link, Stream};
use crate::config::{Config, Upstream, UpstreamAddress};
use crate::gateway::ticker::{Ticker, within};

/// Most idle connections per thread and address.
const IDLE_MAX: usize = 256;
/// How long a connection is kept for a next request. Upstreams that close earlier are noticed.
const IDLE_MS_MAX: u64 = 30_000;
/// How long an address that could not be reached is tried last.
const SHUNNED_MS: u64 = 5_000;
/// How often idle connections are looked through.
const SWEEP: Duration = Duration::from_secs(5);

/// One thread's connections.
#[derive(Debug)]
pub struct Pool {
    ticker: Rc<Ticker>,
    /// By the API's index, then by name.
    targets: Vec<Vec<(String, Rc<Target>)>>,
}

/// One upstream.
#[derive(Debug)]
pub struct Target {
    /// A path put before the forwarded one.
    pub base_path: String,
    /// Time until the response's head.
    pub response_timeout: Duration,
    connect_timeout: Duration,
    addresses: Vec<Address>,
    turn: Cell<usize>,
    ticker: Rc<Ticker>,
    tls: Option<Tls>,
}

#[derive(Clone)]
struct Tls(TlsConnector);

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

#[derive(Debug)]
struct Address {
    at: UpstreamAddress,
    /// What its Host header says.
    authority: String,
    idle: RefCell<Vec<Link>>,
    shunned_until_ms: Cell<u64>,
}

impl Pool {
    /// No connections yet, to all upstreams of a configuration.
    pub fn new(config: &Config, ticker: &Rc<Ticker>) -> Self {
        let https = |upstream: &Upstream| upstream.addresses.iter().any(|address| address.https);
        let needed = config.apis.iter().flat_map(|setup| setup.upstreams.values()).any(https);
        let tls = needed.then(|| Tls(connector()));
        let target = |upstream: &Upstream| Rc::new(Target::new(upstream, ticker, tls.clone()));
        let targets = config
            .apis
            .iter()
            .map(|setup| setup.upstreams.iter().map(|(name, upstream)| (name.clone(), target(upstream))).collect());
        Self { ticker: Rc::clone(ticker), targets: targets.collect() }
    }

    /// An API's upstream by name; `live` where there is none of that name.
    pub fn target(&self, api: u16, name: &str) -> Option<&Rc<Target>> {
        let targets = self.targets.get(usize::from(api))?;
        let named = |name: &str| targets.iter().find(|(own, _)| own == name).map(|(_, target)| target);
        named(name).or_else(|| named("live"))
    }

    /// Closes what was idle for too long, for ever.
    pub async fn sweep(self: Rc<Self>) {
        loop {
            tokio::time::sleep(SWEEP).await;
            let now_ms = self.ticker.now_ms();
            for (_, target) in self.targets.iter().flatten() {
                for address in &target.addresses {
                    address.idle.borrow_mut().retain(|link| now_ms.saturating_sub(link.idle_since_ms) < IDLE_MS_MAX);
                }
            }
        }
    }
}

/// What encrypts connections to others: their certificates are those of the public authorities.
pub(crate) fn connector() -> TlsConnector {
    connector_with([])
}

/// Like [`connector`], believing these authorities too; one that can't be read is left out.
pub(crate) fn connector_with(authorities: impl IntoIterator<Item = CertificateDer<'static>>) -> TlsConnector {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add_parsable_certificates(authorities);
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring speaks the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

impl Target {
    fn new(upstream: &Upstream, ticker: &Rc<Ticker>, tls: Option<Tls>) -> Self {
        let address = |at: &UpstreamAddress| {
            let usual = if at.https { 443 } else { 80 };
            let host =
                if at.host.contains(':') { format!("[{}]", at.host.trim_matches(['[', ']'])) } else { at.host.clone() };
            let authority = if at.port == usual { host } else { format!("{host}:{}", at.port) };
            Address { at: at.clone(), authority, idle: RefCell::default(), shunned_until_ms: Cell::new(0) }
        };
        Self {
            base_path: upstream.base_path.clone(),
            response_timeout: upstream.response_timeout,
            connect_timeout: upstream.connect_timeout,
            addresses: upstream.addresses.iter().map(address).collect(),
            turn: Cell::new(0),
            ticker: Rc::clone(ticker),
            tls,
        }
    }

    /// What the Host header of an address says.
    pub fn authority(&self, address: usize) -> &str {
        self.addresses.get(address).map_or("", |address| &address.authority)
    }

    /// A connection, and to which address: an idle one unless `fresh`, else the first that can be made.
    pub(super) async fn take(&self, fresh: bool) -> Result<(usize, Link), Failure> {
        let (count, turn) = (self.addresses.len(), self.turn.get());
        self.turn.set(turn.wrapping_add(1));
        let now_ms = self.ticker.now_ms();
        let in_turn = (0..count).map(|step| (turn.wrapping_add(step)) % count);
        let is_shunned = |at: &usize| self.addresses[*at].shunned_until_ms.get() > now_ms;
        let good = in_turn.clone().filter(|at| !is_shunned(at));
        for at in good.chain(in_turn.filter(is_shunned)) {
            let address = &self.addresses[at];
            if !fresh && let Some(link) = address.reuse().await {
                return Ok((at, link));
            }
            match within(&self.ticker, self.connect_timeout, self.connect(address)).await {
                Ok(Ok(link)) => {
                    address.shunned_until_ms.set(0);
                    return Ok((at, link));
                }
                Ok(Err(error)) => tracing::debug!(upstream = address.authority, %error, "an upstream is unreachable"),
                Err(_) => tracing::debug!(upstream = address.authority, "an upstream is unreachable in time"),
            }
            address.shunned_until_ms.set(now_ms + SHUNNED_MS);
        }
        Err(Failure::Unavailable)
    }

    /// Keeps a connection for a next request.
    pub(super) fn put(&self, address: usize, mut link: Link) {
        link.reused = true;
        link.idle_since_ms = self.ticker.now_ms();
        if let Some(address) = self.addresses.get(address) {
            let mut idle = address.idle.borrow_mut();
            if idle.len() < IDLE_MAX {
                idle.push(link);
            }
        }
    }

    pub(super) fn ticker(&self) -> &Rc<Ticker> {
        &self.ticker
    }

    async fn connect(&self, address: &Address) -> io::Result<Link> {
        let stream = TcpStream::connect((address.at.host.trim_matches(['[', ']']), address.at.port)).await?;
        stream.set_nodelay(true)?;
        let stream = match &self.tls {
            Some(Tls(tls)) if address.at.https => {
                let name = ServerName::try_from(address.at.host.clone()).map_err(io::Error::other)?;
                Stream::Tls(Box::new(tls.connect(name, stream).await?))
            }
            Some(_) | None => Stream::Plain(stream),
        };
        Ok(Link::new(stream))
    }
}

impl Address {
    async fn reuse(&self) -> Option<Link> {
        poll_fn(|cx| {
            while let Some(mut link) = self.idle.borrow_mut().pop() {
                if !link.is_stale(cx) {
                    return Poll::Ready(Some(link));
                }
            }
            Poll::Ready(None)
        })
        .await
    }
}
