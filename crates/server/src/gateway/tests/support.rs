//! A gateway with a judge that does as the secret says, in front of an upstream that notes every byte it receives.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use keyward_core::account::{AcceptedKeys, Account};
use keyward_core::denial::{Denial, Reason};
use keyward_core::ids::{AccountId, KeyId};
use keyward_core::key::{Environment, Key, KeyState, Kind, SecretAge};
use keyward_core::limit::{Algorithm, Limit, LimitStatus, Per};
use keyward_core::path::PathFault;
use keyward_core::terms::Terms;
use keyward_core::time::{DAY_MS, UnixMs};
use tokio::sync::watch;
use uuid::Uuid;

use crate::authorize::{Attempt, Body, Caller, Outcome, Presented, Verdict};
use crate::clock::Clock;
use crate::config::{ApiSetup, Config, Upstream, UpstreamAddress};
use crate::gateway::listen::{Serving, Sockets};
use crate::gateway::{Gateway, Judge};

pub(super) use super::wire::{Client, Origin, Reply};

/// 2026-03-01T10:00:00Z.
pub(super) const NOW: UnixMs = UnixMs(1_772_359_200_000);

/// Does as the secret says.
pub(super) struct Puppet;

/// Every refusal a judge can give, by its code.
pub(super) fn denials() -> Vec<Denial> {
    vec![
        Denial::BadRequest("why"),
        Denial::AmbiguousPath(PathFault::DotSegment),
        Denial::NoApi,
        Denial::AmbiguousCredentials,
        Denial::CredentialInUrl,
        Denial::MissingCredentials,
        Denial::UnsupportedScheme,
        Denial::InvalidCredentials(Reason::Unknown),
        Denial::HttpsRequired,
        Denial::AccountSuspended,
        Denial::KeyRevoked,
        Denial::KeyDisabled,
        Denial::KeyExpired { at: NOW },
        Denial::WrongRegion { asked: "eu1".into(), region: "in1".into(), host: Some("in1.example.com".into()) },
        Denial::KindNotAccepted { wanted: "user" },
        Denial::WrongEnvironment { environment: "test" },
        Denial::AddressNotAllowed { seen: None },
        Denial::NoRoute,
        Denial::InsufficientScope { needed: vec!["a".into(), "b".into()] },
        Denial::UnsupportedMedia("why"),
        Denial::InvalidBody { status: 422, why: "why".into() },
        Denial::PayloadTooLarge { bytes_max: 10 },
        Denial::BodyRequired,
        Denial::TooManyItems { items_max: 100, items: 101 },
        Denial::RateLimited { limit: "default".into(), retry_after_ms: 1_500 },
        Denial::QuotaExceeded { quota: "month".into(), retry_after_ms: None },
        Denial::UpstreamUnavailable,
        Denial::UpstreamTimeout,
        Denial::AuthUnavailable,
    ]
}

impl Judge for Puppet {
    fn authorize(&self, attempt: &Attempt<'_>) -> Verdict {
        let anonymous = |outcome| Verdict {
            outcome,
            caller: None,
            statuses: [].into_iter().collect(),
            refused_by: None,
            cost: 0,
            items: None,
        };
        let secret = match &attempt.presented {
            Presented::Nothing => return anonymous(Outcome::Deny(Denial::MissingCredentials)),
            Presented::Refused(denial) => return anonymous(Outcome::Deny(denial.clone())),
            Presented::Credential { secret, .. } => secret.as_ref(),
        };
        let denied = || denials().into_iter().find(|denial| Some(denial.code()) == secret.strip_prefix("deny_"));
        let outcome = match (secret, attempt.body) {
            ("body", Body::Unread) => Outcome::NeedBody { bytes_max: 100 },
            ("body", Body::Read(b"{\"refuse\":1}")) => Outcome::Deny(Denial::NoRoute),
            _ => denied().map_or(Outcome::Allow, Outcome::Deny),
        };
        let status = LimitStatus { limit: 1_000, remaining: 999, reset_at: NOW.plus(120_000) };
        let statuses = [status].into_iter().collect();
        Verdict { outcome, caller: Some(caller(secret)), statuses, refused_by: None, cost: 1, items: None }
    }
}

fn caller(secret: &str) -> Caller {
    let key = Key {
        id: KeyId::new(Uuid::from_u128(7)),
        kind: Kind::Account,
        environment: if secret == "test" { Environment::Test } else { Environment::Live },
        state: KeyState::Active,
        expires_at: (secret == "ending").then(|| NOW.plus(30 * DAY_MS)),
        person: None,
        secret: if secret == "old" { SecretAge::Old { until: NOW.plus(DAY_MS) } } else { SecretAge::Current },
    };
    let account = Account {
        id: AccountId::new(Uuid::from_u128(5)),
        api: "api".into(),
        public_id: "AAA-BBB-CCCC".into(),
        name: "Größe, \"Ltd\"\r\n".into(),
        external_id: None,
        region: Some("in1".into()),
        suspended: false,
        accepted: AcceptedKeys::Both,
        metadata: Some("{\"tier\":\"gold\",\"seats\":3}".into()),
    };
    let limit = Limit {
        name: "default".into(),
        limit: 1_000,
        window_ms: 3_600_000,
        algorithm: Algorithm::Fixed,
        per: Per::Key,
    };
    let terms = Terms { limits: vec![limit], ..Terms::default() };
    Caller { key, account: Arc::new(account), terms: Arc::new(terms) }
}

/// An upstream of these addresses.
pub(super) fn upstream(addresses: &[SocketAddr]) -> Upstream {
    let address = |at: &SocketAddr| UpstreamAddress { https: false, host: at.ip().to_string(), port: at.port() };
    Upstream {
        addresses: addresses.iter().map(address).collect(),
        base_path: String::new(),
        connect_timeout: Duration::from_secs(2),
        response_timeout: Duration::from_secs(5),
    }
}

/// A gateway at work; stops when it is dropped.
pub(super) struct Harness {
    pub(super) gateway: Arc<Gateway<Puppet>>,
    pub(super) serving: Serving,
    pub(super) stop: watch::Sender<bool>,
}

impl Harness {
    /// Serves these setups, which are numbered in their order.
    pub(super) fn start(setups: Vec<ApiSetup>) -> Self {
        Self::configured(setups, |_| {})
    }

    pub(super) fn configured(setups: Vec<ApiSetup>, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = crate::gateway::fixtures::config(vec![]);
        let number = |(index, setup): (usize, ApiSetup)| Arc::new(ApiSetup { index: index as u16, ..setup });
        config.apis = setups.into_iter().enumerate().map(number).collect();
        change(&mut config);
        let clock = Clock::manual(NOW);
        let gateway = Arc::new(Gateway::new(Arc::new(config), clock, Puppet));
        let (stop, stopped) = watch::channel(false);
        let sockets = Sockets::bind(SocketAddr::from(([127, 0, 0, 1], 0)), 1).unwrap();
        let serving = Arc::clone(&gateway).serve(sockets, stopped).unwrap();
        Self { gateway, serving, stop }
    }

    pub(super) fn connect(&self) -> Client {
        Client::connect(self.serving.address())
    }

    /// One request on its own connection; `head` is its first lines without the last empty one.
    pub(super) fn send(&self, head: &str, body: &str) -> Reply {
        self.connect().send(head, body)
    }

    /// A GET with a Bearer key.
    pub(super) fn get(&self, path: &str, secret: &str) -> Reply {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {secret}"), "")
    }
}
