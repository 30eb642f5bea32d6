//! What the configuration means: every value checked, every pattern compiled, ready for the data plane.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use ipnet::IpNet;
use keyward_core::api::Api;
use keyward_core::role::Permissions;
use keyward_core::route::Access;
use keyward_core::secret::Secret;

use crate::gateway::dialect::Dialect;
use crate::mail::MailSettings;
use crate::signals::Thresholds;

mod logs;
mod told;
mod usage;

pub use logs::LogSettings;
pub use told::{LeakSettings, OutwardSettings};
pub use usage::UsageSettings;

/// The whole configuration, checked.
#[derive(Debug)]
pub struct Config {
    /// Where the embedded store, pepper, key-encryption key, audit key and counters live.
    pub data_dir: PathBuf,
    /// The listeners' addresses.
    pub listen: Listen,
    /// `sqlite:FILE` (relative to `data_dir`) or `postgres://…`.
    pub store_url: String,
    /// Settings of the data plane.
    pub gateway: GatewaySettings,
    /// Settings of the auth listener.
    pub auth: AuthSettings,
    /// Settings of the audit.
    pub audit: AuditSettings,
    /// Settings of the request log.
    pub logs: LogSettings,
    /// Where people reach the control listener: what links begin with, without a slash at the end. `None`: unsaid.
    pub control_url: Option<String>,
    /// How people sign in.
    pub sign_in: SignInSettings,
    /// How mail goes out; `None`: there is none, and notices are listed only.
    pub mail: Option<MailSettings>,
    /// Which refusals somebody is told of.
    pub thresholds: Thresholds,
    /// Whom webhooks may tell.
    pub webhooks: OutwardSettings,
    /// Whose reports of leaks are believed.
    pub leaks: LeakSettings,
    /// How long counts are kept.
    pub usage: UsageSettings,
    /// Every API, in the order of its name.
    pub apis: Vec<Arc<ApiSetup>>,
    /// SHA-256 of the effective configuration, hexadecimal.
    pub digest: String,
    /// The effective configuration as TOML, without secrets.
    pub effective: String,
}

impl Config {
    /// What links begin with.
    pub fn control_url(&self) -> String {
        self.control_url.clone().unwrap_or_else(|| format!("http://{}", self.listen.control))
    }

    /// The API of this name.
    pub fn api(&self, name: &str) -> Option<&Arc<ApiSetup>> {
        self.apis.iter().find(|setup| setup.api.name == name)
    }
}

/// The listeners' addresses; port 0 takes a free one.
#[derive(Debug, Clone)]
pub struct Listen {
    /// The operator's API.
    pub gateway: SocketAddr,
    /// Decisions for other programs.
    pub auth: SocketAddr,
    /// Management API and dashboard.
    pub control: SocketAddr,
}

/// How people sign in.
#[derive(Debug)]
pub struct SignInSettings {
    /// A sign-in that is not used for so long ends.
    pub idle_ms: i64,
    /// Every sign-in ends after so long.
    pub lifetime_ms: i64,
    /// Who else may vouch for people, in the order of their names.
    pub sso: Vec<Provider>,
}

/// Somebody else who vouches for people (OpenID Connect).
pub struct Provider {
    /// What it is called in URLs.
    pub name: String,
    /// What people are shown.
    pub title: String,
    /// Its issuer URL.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// Proves that we are it.
    pub client_secret: Secret,
    /// Addresses of these domains only, in lower case; empty: of any.
    pub domains: Vec<String>,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Provider({})", self.name)
    }
}

/// Settings of the data plane; each bound has a name here.
#[derive(Debug, Clone)]
pub struct GatewaySettings {
    /// Threads that serve; one per core unless said otherwise.
    pub workers: usize,
    /// Most connections open at once on one listener.
    pub connections_max: usize,
    /// A client's time for a whole request head.
    pub head_timeout: Duration,
    /// How long a body may pause, either way.
    pub body_idle_timeout: Duration,
    /// How long a connection may wait for its next request.
    pub idle_timeout: Duration,
    /// Largest request head in bytes.
    pub head_bytes_max: usize,
    /// Most headers of a request.
    pub headers_max: usize,
    /// Longest request target in bytes.
    pub uri_bytes_max: usize,
    /// How long to finish what is under way when told to stop.
    pub drain_timeout: Duration,
    /// Proxies whose `X-Forwarded-*` is believed; empty means nobody's (threat T7).
    pub trusted_proxies: Vec<IpNet>,
}

/// Settings of the auth listener.
#[derive(Clone)]
pub struct AuthSettings {
    /// What callers must send as `Authorization: Bearer …`; `None` leaves it open.
    pub service_key: Option<Secret>,
}

impl std::fmt::Debug for AuthSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthSettings").field("service_key", &self.service_key.is_some()).finish()
    }
}

/// Settings of the audit.
#[derive(Clone, Default)]
pub struct AuditSettings {
    /// The key that chains it, 64 hexadecimal digits; `None`: the file `audit-key` in the data directory.
    pub key: Option<Secret>,
    /// For how many days events are kept; `None`: for ever.
    pub keep_days: Option<u32>,
    /// How often the end of the chain is signed.
    pub heads_every: Duration,
    /// The file that signed heads are appended to.
    pub heads_file: Option<PathBuf>,
    /// Where signed heads are logged.
    pub heads_syslog: Option<SyslogAddress>,
    /// Where signed heads are posted to.
    pub heads_url: Option<SinkUrl>,
}

impl std::fmt::Debug for AuditSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuditSettings").field("keep_days", &self.keep_days).finish_non_exhaustive()
    }
}

/// A log of the system's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyslogAddress {
    /// A datagram socket, such as `/dev/log`.
    Local(PathBuf),
    /// A host and its UDP port.
    Remote(String),
}

/// An `https` URL, or an `http` one of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkUrl {
    /// Whether it is encrypted.
    pub https: bool,
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Path and query.
    pub path: String,
}

/// Everything one API's configuration says.
#[derive(Debug)]
pub struct ApiSetup {
    /// Its place in [`Config::apis`].
    pub index: u16,
    /// What decisions depend on.
    pub api: Api,
    /// The preset it began from.
    pub preset: Option<String>,
    /// Hosts it answers to, lower case, `*.example.com` among them; empty means any. Regions' hosts are included.
    pub hosts: Vec<String>,
    /// Path prefixes it answers to, `/` for all; never empty, without a trailing slash but for `/` itself.
    pub prefixes: Vec<String>,
    /// Whether the prefix stays in the forwarded path.
    pub keep_prefix: bool,
    /// Whether the client's Host is forwarded.
    pub preserve_host: bool,
    /// Where requests go, by upstream name; `live` always exists, `test` where one is configured.
    pub upstreams: BTreeMap<String, Upstream>,
    /// Where a credential may stand.
    pub schemes: Vec<Scheme>,
    /// What becomes of CORS preflights.
    pub preflight: Preflight,
    /// Whether Authorization schemes this API does not declare pass through untouched.
    pub other_auth_passes: bool,
    /// Whose rate headers the client sees.
    pub rate_headers: RateHeaders,
    /// Whether the credential is forwarded too.
    pub forward_credential: bool,
    /// What the upstream is told of the caller, in order.
    pub identity_headers: Vec<(HeaderName, IdentityField)>,
    /// How errors are worded on the wire.
    pub dialect: Dialect,
    /// Where a refused caller finds help.
    pub help_url: Option<String>,
    /// Where its customers reach it, where that was said.
    pub url: Option<String>,
    /// The path of a GET request that shows whether a key works.
    pub example: String,
    /// Where the holder's own door stands, by default `/.well-known/keyward/key`; `None` is off.
    pub holder_door: Option<String>,
    /// Where keys manage their account's keys, such as Codat's `/apiKeys`; `None` is off.
    pub keys_door: Option<String>,
    /// Access of requests to an API without declared routes.
    pub access: Access,
    /// The shape of its accounts' public ids, such as `XXX-XXX-XXXX` (each `X` a capital or digit); `None`: the bare id.
    pub public_id_pattern: Option<String>,
    /// The region of new accounts that name none, where the API has regions.
    pub default_region: Option<String>,
    /// Whether any identity header needs members that the keyring keeps only on demand.
    pub identity_needs_metadata: bool,
    /// What the dashboard calls things, by the key of `[words]`.
    pub words: BTreeMap<String, String>,
    /// The roles that people of its accounts can have; the first one that permits everything is the admin's.
    pub roles: Vec<Role>,
}

/// A role that people of an account can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// What it permits.
    pub permissions: Permissions,
}

impl ApiSetup {
    /// The region whose host this is (lower case, without port).
    pub fn region_of_host(&self, host: &str) -> Option<&str> {
        let regions = self.api.regions.iter();
        regions.filter(|(_, hosts)| hosts.iter().any(|own| own == host)).map(|(name, _)| name.as_str()).next()
    }
}

/// A set of equal addresses that serve the same.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// Each `http://host:port` or `https://host[:port]`, tried in turn.
    pub addresses: Vec<UpstreamAddress>,
    /// A path put before the forwarded one; empty or beginning with `/`, without a trailing slash.
    pub base_path: String,
    /// Time to connect.
    pub connect_timeout: Duration,
    /// Time until the response's head.
    pub response_timeout: Duration,
}

/// One address of an upstream.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UpstreamAddress {
    /// Whether to speak TLS.
    pub https: bool,
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// One place where an API's credential may stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    /// `Authorization: Bearer <secret>`
    Bearer,
    /// `Authorization: Basic base64(<secret>)`, also of `<secret>:` and `:<secret>`.
    Basic,
    /// The secret alone in a header.
    Header(HeaderName),
    /// The account's public id in one header, the secret in another.
    Pair {
        /// Holds the public id.
        account: HeaderName,
        /// Holds the secret.
        secret: HeaderName,
    },
}

/// What becomes of a CORS preflight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preflight {
    /// Answered here: 204, granting the origins listed here and nobody else (row r48).
    Answer {
        /// Allowed origins; `*` for any. Empty grants nothing.
        origins: Vec<String>,
    },
    /// Forwarded without a key.
    Forward,
    /// Needs a key like any request.
    Check,
}

/// Whose rate headers the client sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateHeaders {
    /// Ours; the upstream's are removed.
    Ours,
    /// The upstream's; ours are not sent.
    Upstream,
    /// Ours are not sent and the upstream's are removed.
    Off,
}

/// One thing the upstream can be told of the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityField {
    /// `account.id`
    AccountId,
    /// `account.public_id`
    AccountPublicId,
    /// `account.name`
    AccountName,
    /// `account.external_id`
    AccountExternalId,
    /// `account.metadata.NAME`
    AccountMetadata(String),
    /// `key.id`
    KeyId,
    /// `key.kind`
    KeyKind,
    /// `person.id`
    PersonId,
    /// `key.scopes`
    Scopes,
    /// `key.environment`
    Environment,
    /// `account.region`
    Region,
}
