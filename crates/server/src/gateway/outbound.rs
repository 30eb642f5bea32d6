//! The request as the upstream receives it: rebuilt, never passed through.
//!
//! What belongs to one connection is dropped (threat T9), with what the client claims to be: our identity headers in
//! any spelling (T8), forwarding headers (T7) and the credential. Ours are always written, all of them, also when
//! they are empty.

use std::fmt::Write as _;

use bytes::{BufMut as _, BytesMut};
use http::header::{AUTHORIZATION, CONNECTION};
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use keyward_core::account::Account;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use smallvec::SmallVec;

use super::credential;
use super::inbound::Inbound;
use super::request_id::RequestId;
use super::upstream::Payload;
use crate::authorize::Caller;
use crate::config::{ApiSetup, IdentityField};

/// Headers that belong to one connection (RFC 9110 §7.6.1), in either direction.
pub const HOP_BY_HOP: [&str; 10] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
    "expect",
];

/// Headers that only we write.
const OURS: [&str; 11] = [
    "host",
    "content-length",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-prefix",
    "x-forwarded-port",
    "x-forwarded-server",
    "x-real-ip",
    "x-request-id",
];

/// What a name in an identity header may not show as it is.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'%').add(b'"').add(b',').add(b';');

/// An API's rules for requests on their way to its upstream, made ready once.
#[derive(Debug)]
pub struct Outbound {
    /// Names that a client's header may not have, in lower case.
    reserved: Vec<String>,
    /// Which lengths those names have.
    lengths: u64,
}

/// What is forwarded.
#[derive(Debug)]
pub struct Forward<'a> {
    /// The API.
    pub setup: &'a ApiSetup,
    /// The request's head.
    pub parts: &'a Parts,
    /// Its facts.
    pub inbound: &'a Inbound<'a>,
    /// Its id.
    pub request_id: &'a RequestId,
    /// The prefix that is taken off its path.
    pub prefix: &'a str,
    /// The path to forward, without the upstream's base.
    pub path: &'a str,
    /// Who calls, if anybody.
    pub caller: Option<&'a Caller>,
}

impl Outbound {
    /// Makes an API's rules ready.
    pub fn new(setup: &ApiSetup) -> Self {
        let mut reserved: Vec<String> = OURS.iter().chain(&HOP_BY_HOP).map(|name| (*name).to_owned()).collect();
        reserved.extend(setup.identity_headers.iter().map(|(name, _)| name.as_str().to_owned()));
        if !setup.forward_credential {
            reserved.extend(credential::header_names(setup).iter().map(|name| name.as_str().to_owned()));
        }
        reserved.sort_unstable();
        reserved.dedup();
        let lengths = reserved.iter().fold(0, |bits, name| bits | length_bit(name));
        Self { reserved, lengths }
    }

    /// Whether a client's header of this name stays behind.
    fn keeps_back(&self, name: &str) -> bool {
        if name.contains(['_', '.']) {
            // CGI and its heirs read `X_Forwarded_For` and `X-Forwarded-For` alike.
            let alias = name.replace(['_', '.'], "-");
            return self.holds(&alias);
        }
        self.holds(name)
    }

    fn holds(&self, name: &str) -> bool {
        let listed = self.lengths & length_bit(name) != 0 && self.reserved.iter().any(|own| own == name);
        listed || name.starts_with("x-keyward-")
    }

    /// Writes a request's head. `authority` is the upstream's own.
    pub fn write(&self, out: &mut BytesMut, forward: &Forward<'_>, authority: &str, base_path: &str, payload: Length) {
        let Forward { parts, inbound, setup, .. } = forward;
        out.reserve(1_024);
        out.put_slice(parts.method.as_str().as_bytes());
        out.put_u8(b' ');
        out.put_slice(base_path.as_bytes());
        out.put_slice(forward.path.as_bytes());
        if let Some(query) = inbound.query {
            out.put_u8(b'?');
            out.put_slice(query.as_bytes());
        }
        out.put_slice(b" HTTP/1.1\r\n");
        let keep_host = setup.preserve_host && !inbound.authority.is_empty();
        put(out, "host", if keep_host { inbound.authority } else { authority }.as_bytes());
        self.write_clients(out, forward);
        write_identity(out, forward);
        write_forwarded(out, forward);
        match payload {
            Length::None => {}
            Length::Sized(bytes) => put(out, "content-length", itoa::Buffer::new().format(bytes).as_bytes()),
            Length::Chunked => put(out, "transfer-encoding", b"chunked"),
        }
        out.put_slice(b"\r\n");
    }

    fn write_clients(&self, out: &mut BytesMut, forward: &Forward<'_>) {
        let nominated = nominated(&forward.parts.headers);
        let setup = forward.setup;
        for (name, value) in &forward.parts.headers {
            let foreign = || {
                let text = value.to_str().unwrap_or_default();
                setup.other_auth_passes && name == AUTHORIZATION && credential::authorization(setup, text).is_none()
            };
            if self.keeps_back(name.as_str()) && !foreign() {
                continue;
            }
            if nominated.iter().any(|other| name.as_str().eq_ignore_ascii_case(other)) {
                continue;
            }
            put(out, name.as_str(), value.as_bytes());
        }
    }
}

/// The length of a request's body as its head says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// No body, and nothing said of it.
    None,
    /// So many bytes.
    Sized(u64),
    /// Not known beforehand.
    Chunked,
}

impl Length {
    /// Of a body that is forwarded.
    pub fn of(payload: &Payload, parts: &Parts) -> Self {
        use http_body::Body as _;
        match payload {
            Payload::Empty if parts.headers.contains_key(http::header::CONTENT_LENGTH) => Self::Sized(0),
            Payload::Empty => Self::None,
            Payload::Read(bytes) => Self::Sized(bytes.len() as u64),
            Payload::Sized(body, _) => body.size_hint().exact().map_or(Self::Chunked, Self::Sized),
            Payload::Chunked(..) => Self::Chunked,
        }
    }
}

fn length_bit(name: &str) -> u64 {
    1 << name.len().min(63)
}

fn nominated(headers: &HeaderMap) -> SmallVec<[&str; 4]> {
    let mut names = SmallVec::new();
    for value in headers.get_all(CONNECTION) {
        names.extend(value.to_str().unwrap_or_default().split(',').map(str::trim));
    }
    names
}

fn put(out: &mut BytesMut, name: &str, value: &[u8]) {
    out.put_slice(name.as_bytes());
    out.put_slice(b": ");
    out.put_slice(value);
    out.put_slice(b"\r\n");
}

fn write_forwarded(out: &mut BytesMut, forward: &Forward<'_>) {
    let origin = &forward.inbound.origin;
    put(out, "x-request-id", forward.request_id.as_str().as_bytes());
    out.put_slice(b"x-forwarded-for: ");
    // Writing to memory cannot fail.
    let _ = write!(out, "{}", origin.address);
    out.put_slice(b"\r\n");
    put(out, "x-forwarded-proto", if origin.https { b"https" } else { b"http" });
    put(out, "x-forwarded-host", forward.inbound.authority.as_bytes());
    if !forward.prefix.is_empty() {
        put(out, "x-forwarded-prefix", forward.prefix.as_bytes());
    }
}

fn write_identity(out: &mut BytesMut, forward: &Forward<'_>) {
    for (name, field) in &forward.setup.identity_headers {
        write_field(out, name, field, forward);
    }
}

fn write_field(out: &mut BytesMut, name: &HeaderName, field: &IdentityField, forward: &Forward<'_>) {
    out.put_slice(name.as_str().as_bytes());
    out.put_slice(b": ");
    if let Some(caller) = forward.caller {
        let account = &caller.account;
        // Writing to memory cannot fail.
        let _ = match field {
            IdentityField::AccountId => write!(out, "{}", account.id),
            IdentityField::AccountPublicId => put_encoded(out, &account.public_id),
            IdentityField::AccountName => put_encoded(out, &account.name),
            IdentityField::AccountExternalId => put_encoded(out, account.external_id.as_deref().unwrap_or_default()),
            IdentityField::AccountMetadata(member) => put_encoded(out, &metadata(account, member)),
            IdentityField::KeyId => write!(out, "{}", caller.key.id),
            IdentityField::KeyKind => out.write_str(caller.key.kind.as_str()),
            IdentityField::PersonId => caller.key.person.map_or(Ok(()), |person| write!(out, "{person}")),
            IdentityField::Scopes => put_scopes(out, forward.setup, caller),
            IdentityField::Environment => out.write_str(caller.key.environment.as_str()),
            IdentityField::Region => put_encoded(out, account.region.as_deref().unwrap_or_default()),
        };
    }
    out.put_slice(b"\r\n");
}

fn put_encoded(out: &mut BytesMut, text: &str) -> std::fmt::Result {
    utf8_percent_encode(text, ENCODED).try_for_each(|part| out.write_str(part))
}

fn put_scopes(out: &mut BytesMut, setup: &ApiSetup, caller: &Caller) -> std::fmt::Result {
    for (place, scope) in setup.api.catalogue.names(&caller.terms.scopes).enumerate() {
        if place > 0 {
            out.put_u8(b' ');
        }
        out.write_str(scope)?;
    }
    Ok(())
}

/// One member of an account's metadata: a text as it is, anything else as JSON.
fn metadata(account: &Account, member: &str) -> String {
    let text = account.metadata.as_deref().unwrap_or_default();
    let object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text).unwrap_or_default();
    match object.get(member) {
        None | Some(serde_json::Value::Null) => String::new(),
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
