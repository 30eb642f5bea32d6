//! What a request says before any API is known, and what is refused at once (threats T7, T8, T10, T11).

use std::borrow::Cow;
use std::net::IpAddr;

use http::header::{EXPECT, HOST};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method};
use ipnet::IpNet;
use keyward_core::denial::Denial;
use keyward_core::path;

use super::matching::host_of;
use super::peer::Peer;
use super::request_id::RequestId;

/// The client's address as proxies write it down.
pub const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The client's protocol as proxies write it down.
pub const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// The request's id.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request's own facts, checked.
#[derive(Debug)]
pub struct Inbound<'a> {
    /// Its host, as [`host_of`] gives it.
    pub host: Cow<'a, str>,
    /// Its host as it was sent.
    pub authority: &'a str,
    /// Its path in the one spelling that is matched and forwarded.
    pub path: Cow<'a, str>,
    /// Its query as it was sent.
    pub query: Option<&'a str>,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The client's address.
    pub address: IpAddr,
    /// Whether the client spoke HTTPS.
    pub https: bool,
    /// The id that a trusted proxy gave the request.
    pub request_id: Option<RequestId>,
}

/// Why a request is refused before any API is known: a denial, or a status that has no denial of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// One of the list.
    Denied(Denial),
    /// 405 for TRACE and CONNECT.
    Method,
    /// 414.
    UriTooLong,
    /// 417 for anything but `100-continue`.
    Expectation,
}

/// Checks a request.
pub fn check(parts: &Parts, uri_bytes_max: usize, origin: Origin) -> Result<Inbound<'_>, Unfit> {
    let bad = |why| Unfit::Denied(Denial::BadRequest(why));
    if matches!(parts.method, Method::TRACE | Method::CONNECT) {
        return Err(Unfit::Method);
    }
    let (raw_path, query) = (parts.uri.path(), parts.uri.query());
    if raw_path.len() + query.map_or(0, |query| query.len() + 1) > uri_bytes_max {
        return Err(Unfit::UriTooLong);
    }
    let authority = authority(parts).map_err(bad)?;
    if !parts.headers.get_all(EXPECT).iter().all(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue")) {
        return Err(Unfit::Expectation);
    }
    let path = path::canonical(raw_path).map_err(|fault| Unfit::Denied(Denial::AmbiguousPath(fault)))?;
    Ok(Inbound { host: host_of(authority), authority, path, query, origin })
}

/// The one host that a request names. Empty for an HTTP/1.0 request that names none.
fn authority(parts: &Parts) -> Result<&str, &'static str> {
    let mut hosts = parts.headers.get_all(HOST).iter();
    let host = match hosts.next() {
        Some(host) => host.to_str().map_err(|_| "the Host is not readable")?,
        None if parts.version == http::Version::HTTP_10 => "",
        None => return Err("Host is missing"),
    };
    if hosts.next().is_some() {
        return Err("Host stands twice");
    }
    // Of the characters a host cannot have, these are the ones that other programs cut it at.
    if host.bytes().any(|byte| matches!(byte, b'/' | b'\\' | b'@' | b'#' | b'?' | b',' | b' ' | b'\t')) {
        return Err("the Host is not readable");
    }
    match parts.uri.authority() {
        Some(own) if !own.as_str().eq_ignore_ascii_case(host) => Err("the target names another host than Host"),
        Some(_) | None => Ok(host),
    }
}

/// Where a request comes from: the other end of its connection, unless that is a trusted proxy.
pub fn origin(peer: &Peer, headers: &HeaderMap, trusted: &[IpNet]) -> Origin {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|range| range.contains(address));
    if trusted.is_empty() || !is_trusted(&peer.address()) {
        return Origin { address: peer.address(), https: peer.https(), request_id: None };
    }
    // The rightmost address that no trusted proxy has; behind something unreadable, the last one that could be read.
    let mut address = peer.address();
    'chain: for value in headers.get_all(X_FORWARDED_FOR).iter().rev() {
        for text in value.to_str().unwrap_or_default().rsplit(',') {
            let Some(next) = forwarded_address(text.trim()) else { break 'chain };
            address = next;
            if !is_trusted(&address) {
                break 'chain;
            }
        }
    }
    // Of several protocols the one that the nearest proxy saw counts.
    let proto = headers.get_all(X_FORWARDED_PROTO).iter().next_back().and_then(|value| value.to_str().ok());
    let proto = proto.and_then(|list| list.rsplit(',').next()).map(str::trim);
    let https = proto.map_or(peer.https(), |proto| proto.eq_ignore_ascii_case("https"));
    let mut ids = headers.get_all(X_REQUEST_ID).iter();
    let request_id = match (ids.next(), ids.next()) {
        (Some(id), None) => RequestId::parse(id),
        _ => None,
    };
    Origin { address, https, request_id }
}

fn forwarded_address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.split(']').next()).unwrap_or(text);
    let parsed = bare.parse().ok().or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip()));
    parsed.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::Request;
    use proptest::prelude::*;

    use super::*;
    use crate::gateway::ticker::Ticker;

    fn here() -> Origin {
        Origin { address: IpAddr::from([127, 0, 0, 1]), https: false, request_id: None }
    }

    fn outcome(method: &str, uri: &str, headers: &[(&str, &str)]) -> Result<(String, String), Unfit> {
        let mut builder = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let (parts, ()) = builder.body(()).unwrap().into_parts();
        check(&parts, 100, here()).map(|inbound| (inbound.host.into_owned(), inbound.path.into_owned()))
    }

    #[test]
    fn a_request_names_one_host() {
        let ok = |host: &str| Ok((host.to_owned(), "/a".to_owned()));
        assert_eq!(outcome("GET", "/a", &[("host", "H:80")]), ok("h"));
        assert_eq!(outcome("GET", "http://h/a", &[("host", "H")]), ok("h"));
        for (uri, headers) in [
            ("/a", &[][..]),
            ("/a", &[("host", "h"), ("host", "h")]),
            ("http://other/a", &[("host", "h")]),
            ("http://h:1/a", &[("host", "h")]),
            ("/a", &[("host", "h/../x")]),
            ("/a", &[("host", "h,i")]),
        ] {
            assert!(matches!(outcome("GET", uri, headers), Err(Unfit::Denied(Denial::BadRequest(_)))), "{uri}");
        }
    }

    #[test]
    fn odd_requests_are_refused() {
        let host = ("host", "h");
        assert_eq!(outcome("TRACE", "/a", &[host]), Err(Unfit::Method));
        assert_eq!(outcome("GET", &format!("/{}", "a".repeat(100)), &[host]), Err(Unfit::UriTooLong));
        assert_eq!(outcome("GET", "/a", &[host, ("expect", "200-ok")]), Err(Unfit::Expectation));
        assert!(outcome("GET", "/a", &[host, ("expect", "100-Continue")]).is_ok());
        let ambiguous = outcome("GET", "/a/..%2f", &[host]);
        assert!(matches!(ambiguous, Err(Unfit::Denied(Denial::AmbiguousPath(_)))), "{ambiguous:?}");
    }

    fn seen(peer: &str, trusted: &[&str], headers: &[(&'static str, &str)]) -> (String, bool) {
        let peer = Peer::new(peer.parse().unwrap(), false, Ticker::new());
        let trusted: Vec<IpNet> = trusted.iter().map(|range| range.parse().unwrap()).collect();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let origin = origin(&peer, &map, &trusted);
        (origin.address.to_string(), origin.https)
    }

    #[test]
    fn forwarded_headers_are_believed_of_trusted_proxies_only() {
        let claims = [("x-forwarded-for", "6.6.6.6, 9.9.9.9, 10.0.0.2"), ("x-forwarded-proto", "https")];
        assert_eq!(seen("10.0.0.1", &[], &claims), ("10.0.0.1".into(), false));
        assert_eq!(seen("10.0.0.1", &["10.0.0.0/8"], &claims), ("9.9.9.9".into(), true));
        assert_eq!(seen("8.8.8.8", &["10.0.0.0/8"], &claims), ("8.8.8.8".into(), false));
        assert_eq!(seen("::ffff:10.0.0.1", &["10.0.0.0/8"], &claims), ("9.9.9.9".into(), true));
        let two = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "[2001:db8::1]:77, 10.0.0.2")];
        assert_eq!(seen("10.0.0.1", &["10.0.0.0/8"], &two), ("2001:db8::1".into(), false));
        let odd = [("x-forwarded-for", "6.6.6.6, what, 10.0.0.2")];
        assert_eq!(seen("10.0.0.1", &["10.0.0.0/8"], &odd).0, "10.0.0.2");
    }

    proptest! {
        #[test]
        fn no_forwarded_header_panics(text in "[ -~]{0,60}") {
            let _ = seen("10.0.0.1", &["10.0.0.0/8"], &[("x-forwarded-for", &text), ("x-forwarded-proto", &text)]);
        }
    }
}
