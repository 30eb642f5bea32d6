//! A gateway with a judge that does as the secret says, in front of an upstream that notes every byte it receives.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
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

/// 2026-03-01T10:00:00Z.
pub(super) const NOW: UnixMs = UnixMs(1_772_359_200_000);
const PATIENCE: Duration = Duration::from_secs(10);

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
        let anonymous =
            |outcome| Verdict { outcome, caller: None, statuses: [].into_iter().collect(), refused_by: None };
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
        Verdict { outcome, caller: Some(caller(secret)), statuses: [status].into_iter().collect(), refused_by: None }
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

/// An upstream that answers what it is told and notes what it receives.
pub(super) struct Origin {
    pub(super) address: SocketAddr,
    received: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
}

impl Origin {
    /// `reply` is given each request, and how many came before it on its connection; `None` closes without an answer.
    pub(super) fn start(reply: impl Fn(&str, usize) -> Option<String> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (received, connections) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<Mutex<usize>>::default());
        let (notes, count, reply) = (Arc::clone(&received), Arc::clone(&connections), Arc::new(reply));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                *count.lock().unwrap() += 1;
                let (notes, reply) = (Arc::clone(&notes), Arc::clone(&reply));
                std::thread::spawn(move || Self::connection(stream, &notes, &*reply));
            }
        });
        Self { address, received, connections }
    }

    /// Answers 200 with `ok` to everything.
    pub(super) fn plain() -> Self {
        Self::start(|_, _| Some("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Up: 1\r\n\r\nok".into()))
    }

    fn connection(mut stream: TcpStream, notes: &Mutex<Vec<String>>, reply: &dyn Fn(&str, usize) -> Option<String>) {
        let mut buffer = Vec::new();
        for number in 0.. {
            let Some(request) = read_message(&mut stream, &mut buffer, false) else { return };
            notes.lock().unwrap().push(request.clone());
            let Some(answer) = reply(&request, number) else { return };
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
            if answer.contains("Connection: close") {
                let _ = stream.shutdown(Shutdown::Both);
                return;
            }
        }
    }

    pub(super) fn received(&self) -> Vec<String> {
        self.received.lock().unwrap().clone()
    }

    pub(super) fn last(&self) -> String {
        self.received().last().cloned().expect("a request was forwarded")
    }

    pub(super) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    pub(super) fn upstream(&self) -> Upstream {
        upstream(&[self.address])
    }
}

pub(super) fn upstream(addresses: &[SocketAddr]) -> Upstream {
    let address = |at: &SocketAddr| UpstreamAddress { https: false, host: at.ip().to_string(), port: at.port() };
    Upstream {
        addresses: addresses.iter().map(address).collect(),
        base_path: String::new(),
        connect_timeout: Duration::from_secs(2),
        response_timeout: Duration::from_secs(5),
    }
}

/// One message off a stream: head and body, as text.
fn read_message(stream: &mut TcpStream, buffer: &mut Vec<u8>, to_head: bool) -> Option<String> {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut piece = [0; 65_536];
    loop {
        let text = String::from_utf8_lossy(buffer).into_owned();
        if let Some(end) = text.find("\r\n\r\n").map(|at| at + 4) {
            let head = text[..end].to_ascii_lowercase();
            let interim = head.starts_with("http/1.1 100");
            let bodiless = to_head || head.starts_with("http/1.1 204") || head.starts_with("http/1.1 304") || interim;
            let length = head.split("\r\ncontent-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
            let whole = match length.and_then(|length| length.parse::<usize>().ok()) {
                _ if bodiless => Some(end),
                Some(length) => Some(end + length).filter(|whole| *whole <= text.len()),
                None if head.contains("transfer-encoding: chunked") => {
                    text[end..].find("0\r\n\r\n").map(|at| end + at + 5)
                }
                None if head.starts_with("http/") => None,
                None => Some(end),
            };
            if let Some(whole) = whole {
                let message = String::from_utf8_lossy(&buffer[..whole]).into_owned();
                buffer.drain(..whole);
                return Some(message);
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) if buffer.is_empty() => return None,
            Ok(0) | Err(_) => return Some(String::from_utf8_lossy(&std::mem::take(buffer)).into_owned()),
            Ok(bytes) => buffer.extend_from_slice(&piece[..bytes]),
        }
    }
}

/// A gateway at work; stops when it is dropped.
pub(super) struct Harness {
    pub(super) gateway: Arc<Gateway<Puppet>>,
    pub(super) serving: Serving,
    pub(super) stop: watch::Sender<bool>,
    pub(super) clock: Clock,
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
        let gateway = Arc::new(Gateway::new(Arc::new(config), clock.clone(), Puppet));
        let (stop, stopped) = watch::channel(false);
        let sockets = Sockets::bind(SocketAddr::from(([127, 0, 0, 1], 0)), 1).unwrap();
        let serving = Arc::clone(&gateway).serve(sockets, stopped).unwrap();
        Self { gateway, serving, stop, clock }
    }

    pub(super) fn connect(&self) -> Client {
        Client { stream: TcpStream::connect(self.serving.address()).unwrap(), buffer: Vec::new() }
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

/// One client connection.
pub(super) struct Client {
    pub(super) stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub(super) fn write(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    pub(super) fn send(&mut self, head: &str, body: &str) -> Reply {
        self.write(&format!("{head}\r\n\r\n{body}"));
        self.read_to(head.starts_with("HEAD"))
    }

    pub(super) fn read(&mut self) -> Reply {
        self.read_to(false)
    }

    fn read_to(&mut self, to_head: bool) -> Reply {
        Reply::parse(&read_message(&mut self.stream, &mut self.buffer, to_head).unwrap_or_default())
    }

    /// Whether the other side closes, saying nothing more.
    pub(super) fn is_closed(&mut self) -> bool {
        read_message(&mut self.stream, &mut self.buffer, false).is_none()
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    headers: BTreeMap<String, Vec<String>>,
    pub(super) body: String,
}

impl Reply {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let mut headers = BTreeMap::<String, Vec<String>>::new();
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            headers.entry(name.to_ascii_lowercase()).or_default().push(value.to_owned());
        }
        Self { status: status.unwrap_or(0), headers, body: body.to_owned() }
    }

    /// A header's values, joined.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).map(|values| values.join(" | "))
    }

    pub(super) fn code(&self) -> String {
        self.header("x-keyward-error").unwrap_or_default()
    }

    /// All of it but what differs between any two answers.
    pub(super) fn without_ids(mut self) -> Self {
        self.headers.remove("x-request-id");
        self.headers.remove("date");
        self
    }
}
