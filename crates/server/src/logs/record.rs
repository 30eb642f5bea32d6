//! What is known of one decision once its answer has ended.
//!
//! A record is made on a request's way, so nothing in it is formatted there: ids are numbers, names are numbers of a
//! [`Names`](super::Names) table, texts are bounded and share one piece of memory. It holds no secret and no query, and bodies
//! only on routes that are configured so. What was sent in place of a valid secret is there as a hash on the way to the
//! writer only, which turns it into a fingerprint and forgets it.

use std::fmt;
use std::net::IpAddr;

use keyward_core::denial::Reason;
use keyward_core::ids::{AccountId, KeyId, PersonId};
use keyward_core::key::{Environment, Kind};
use keyward_core::time::UnixMs;
use uuid::Uuid;

use super::graves::Sent;
use super::names::Name;

/// Longest path that is kept; of a longer one the beginning is.
pub const PATH_BYTES_MAX: usize = 512;
/// Longest user agent that is kept; of a longer one the beginning is.
pub const AGENT_BYTES_MAX: usize = 200;
/// Longest public id of an account that is looked up.
const ACCOUNT_BYTES_MAX: usize = 100;
/// Longest name of a method that is kept.
pub const METHOD_BYTES_MAX: usize = 15;

/// One decision and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// When the request's head had been read.
    pub at: UnixMs,
    /// Where it was decided.
    pub source: Source,
    /// The account, once a secret matched (or its tombstone).
    pub account: Option<AccountId>,
    /// The key, likewise.
    pub key: Option<KeyId>,
    /// The person who holds a personal key.
    pub person: Option<PersonId>,
    /// The key's kind.
    pub kind: Option<Kind>,
    /// The key's environment.
    pub environment: Option<Environment>,
    /// Whether it was the old secret of a rotation.
    pub old_secret: bool,
    /// The API, by name; [`Name::NONE`] where none was found.
    pub api: Name,
    /// The route's pattern; [`Name::NONE`] where the API declares none or none matched.
    pub route: Name,
    /// The region that was asked, or else the account's.
    pub region: Name,
    /// The method.
    pub method: Method,
    /// The status of the answer, or the one that a refusal by the auth listener stands for; 499 for a client that was
    /// gone before there was one.
    pub status: u16,
    /// Why it was refused, or what went wrong on the way to the upstream; `None` where the upstream answered.
    pub code: Option<&'static str>,
    /// Which kind of `invalid_credentials` it was.
    pub cause: Option<Cause>,
    /// Keyed fingerprint of what was sent in place of a valid secret.
    pub fingerprint: Option<u32>,
    /// From the request's head until the answer's end, in microseconds.
    pub total_us: u32,
    /// From forwarding until the head of the upstream's answer, in microseconds; 0 where nothing was forwarded.
    pub upstream_us: u32,
    /// Bytes of the request's body.
    pub bytes_in: u64,
    /// Bytes of the answer's body.
    pub bytes_out: u64,
    /// The client's address, where it is known.
    pub address: Option<IpAddr>,
    /// What it took of each limit and quota; 0 where nothing was taken.
    pub cost: u32,
    /// How many items its body held, where a rule counts them.
    pub items: Option<u32>,
    /// What was left of the limit with the least left, or of the one that refused.
    pub remaining: Option<u64>,
    /// Whether the answer broke off before its end.
    pub broke_off: bool,
    /// The request's id, where it was made here.
    pub(crate) made_id: Option<Uuid>,
    /// The bodies, on a route that has them kept.
    pub bodies: Option<Box<Bodies>>,
    /// What was sent in place of a valid secret; never written down.
    pub(super) sent: Option<Box<Sent>>,
    pub(crate) texts: Texts,
}

/// The beginnings of a request's body and of its answer's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bodies {
    /// The request's.
    pub request: Kept,
    /// The answer's.
    pub answer: Kept,
}

/// As much of a body as is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// As it was sent; once it was cleaned, text.
    pub bytes: Vec<u8>,
    /// Whether there was more, or something that can't be shown.
    pub cut: bool,
}

impl Kept {
    /// Takes a piece of a body, as far as there is room for it.
    pub fn take(&mut self, piece: &[u8], bytes_max: usize) {
        let room = bytes_max.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        self.cut |= piece.len() > room;
    }

    /// What of it is text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap_or_default()
    }
}

/// Where a decision was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// At the gateway.
    Gateway,
    /// At the auth listener, for another program.
    Auth,
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Let pass, and answered well (below 400) to the end.
    Success,
    /// Let pass, and answered badly, not to the end, or not at all.
    Error,
    /// Refused here.
    Refused,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Success, Self::Error, Self::Refused];

    /// By what was answered.
    pub(super) fn of(code: Option<&str>, status: u16, broke_off: bool) -> Self {
        match code {
            None if status < 400 && !broke_off => Self::Success,
            None | Some("upstream_unavailable" | "upstream_timeout" | "client_gone") => Self::Error,
            Some(_) => Self::Refused,
        }
    }

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
            Self::Refused => "refused",
        }
    }
}

/// Why credentials were invalid, as the log tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// As the decision saw it.
    Seen(Reason),
    /// The secret of a key that was deleted.
    Deleted,
    /// A secret whose place another has taken.
    Replaced,
}

/// A request's method, cut to [`METHOD_BYTES_MAX`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Method {
    length: u8,
    bytes: [u8; METHOD_BYTES_MAX],
}

/// Path, user agent and foreign request id, one after the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Texts {
    pub(super) all: Box<str>,
    pub(super) path_bytes: u16,
    pub(super) agent_bytes: u16,
    /// Whether the path goes on where it was cut.
    pub(super) path_cut: bool,
    /// Whether the user agent does.
    pub(super) agent_cut: bool,
}

impl Source {
    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Auth => "auth",
        }
    }
}

impl Cause {
    /// All of them, in the order of their numbers on disk.
    pub const ALL: [Self; 6] = [
        Self::Seen(Reason::Malformed),
        Self::Seen(Reason::Checksum),
        Self::Seen(Reason::Unknown),
        Self::Seen(Reason::WrongAccount),
        Self::Deleted,
        Self::Replaced,
    ];

    /// Its number on disk.
    pub(super) fn number(self) -> u8 {
        Self::ALL.iter().position(|own| *own == self).unwrap_or_default() as u8
    }

    pub(super) fn numbered(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seen(reason) => reason.as_str(),
            Self::Deleted => "deleted",
            Self::Replaced => "replaced",
        }
    }
}

impl Method {
    /// Keeps the beginning of a method's name.
    pub fn new(name: &str) -> Self {
        let kept = cut(name, METHOD_BYTES_MAX);
        let mut bytes = [0; METHOD_BYTES_MAX];
        bytes[..kept.len()].copy_from_slice(kept.as_bytes());
        Self { length: kept.len() as u8, bytes }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Texts {
    /// Cuts and joins them. `id` is a request id that somebody else gave.
    pub(super) fn new(path: &str, agent: &str, id: &str) -> Self {
        let (kept_path, kept_agent) = (cut(path, PATH_BYTES_MAX), cut(agent, AGENT_BYTES_MAX));
        let mut all = String::with_capacity(kept_path.len() + kept_agent.len() + id.len());
        all.push_str(kept_path);
        all.push_str(kept_agent);
        all.push_str(id);
        Self {
            all: all.into_boxed_str(),
            path_bytes: kept_path.len() as u16,
            agent_bytes: kept_agent.len() as u16,
            path_cut: kept_path.len() < path.len(),
            agent_cut: kept_agent.len() < agent.len(),
        }
    }

    pub(super) fn path(&self) -> &str {
        self.all.get(..usize::from(self.path_bytes)).unwrap_or_default()
    }

    pub(super) fn agent(&self) -> &str {
        let from = usize::from(self.path_bytes);
        self.all.get(from..from + usize::from(self.agent_bytes)).unwrap_or_default()
    }

    pub(super) fn id(&self) -> &str {
        self.all.get(usize::from(self.path_bytes) + usize::from(self.agent_bytes)..).unwrap_or_default()
    }
}

impl Record {
    /// A record of which nothing is known but when and where. Everything else is for the maker to fill in.
    pub fn new(at: UnixMs, source: Source) -> Self {
        Self {
            at,
            source,
            account: None,
            key: None,
            person: None,
            kind: None,
            environment: None,
            old_secret: false,
            api: Name::NONE,
            route: Name::NONE,
            region: Name::NONE,
            method: Method::new(""),
            status: 0,
            code: None,
            cause: None,
            fingerprint: None,
            total_us: 0,
            upstream_us: 0,
            bytes_in: 0,
            bytes_out: 0,
            address: None,
            cost: 0,
            items: None,
            remaining: None,
            broke_off: false,
            made_id: None,
            bodies: None,
            sent: None,
            texts: Texts::default(),
        }
    }

    /// Gives it its texts: the path without a query, the user agent, and the request's id.
    pub fn set_texts(&mut self, path: &str, agent: &str, id: &str) {
        let made = Uuid::try_parse_ascii(id.as_bytes()).ok().filter(|_| id.len() == 32);
        self.texts = Texts::new(path, agent, if made.is_some() { "" } else { id });
        self.made_id = made;
    }

    /// Gives it the hash of what was sent in place of a valid secret, for the writer to make a fingerprint of, and the
    /// public id of the account that it was sent with.
    pub fn set_sent(&mut self, sha256: Option<[u8; 32]>, account: Option<&str>) {
        let account = account.filter(|id| id.len() <= ACCOUNT_BYTES_MAX).map(Into::into);
        self.sent = sha256.map(|hash| Box::new(Sent { hash, account }));
    }

    /// The path as it was matched, without its query, cut to [`PATH_BYTES_MAX`].
    pub fn path(&self) -> &str {
        self.texts.path()
    }

    /// The user agent, cut to [`AGENT_BYTES_MAX`]; empty if none was sent.
    pub fn agent(&self) -> &str {
        self.texts.agent()
    }

    /// The request's id.
    pub fn request_id(&self) -> String {
        self.made_id.map_or_else(|| self.texts.id().to_owned(), |id| id.simple().to_string())
    }

    /// How many bytes of bodies it holds.
    pub(super) fn body_bytes(&self) -> usize {
        self.bodies.as_ref().map_or(0, |bodies| bodies.request.bytes.len() + bodies.answer.bytes.len())
    }

    /// What came of it.
    pub fn outcome(&self) -> Outcome {
        Outcome::of(self.code, self.status, self.broke_off)
    }

    /// Records lie in this order; two with the same place are as good as equal.
    pub(super) fn order(&self) -> (UnixMs, u128, &str) {
        (self.at, self.made_id.map_or(0, |id| id.as_u128()), self.texts.id())
    }
}

/// The longest beginning of a text that has at most so many bytes.
fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_bounded_and_stay_apart() {
        let mut record = Record::new(UnixMs(1), Source::Gateway);
        record.set_texts("/a", "curl", "edge-7");
        assert_eq!((record.path(), record.agent(), record.request_id()), ("/a", "curl", "edge-7".into()));
        let (path, agent) = ("/é".repeat(400), "ü".repeat(200));
        record.set_texts(&path, &agent, "0190aaaabbbb7cccdddd0123456789ab");
        assert!(record.path().len() <= PATH_BYTES_MAX && path.starts_with(record.path()));
        assert!(record.agent().len() <= AGENT_BYTES_MAX && agent.starts_with(record.agent()));
        assert_eq!(record.request_id(), "0190aaaabbbb7cccdddd0123456789ab");
        assert!(record.texts.path_cut && record.texts.agent_cut);
    }

    #[test]
    fn an_odd_method_is_cut() {
        assert_eq!(Method::new("GET").as_str(), "GET");
        assert_eq!(Method::new("ABCDEFGHIJKLMNOPQRST").as_str(), "ABCDEFGHIJKLMNO");
    }
}
