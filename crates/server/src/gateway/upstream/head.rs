//! The head of an upstream's answer.

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use smallvec::SmallVec;

use super::chunked::Chunked;
use crate::gateway::outbound::HOP_BY_HOP;

/// Largest head of an answer.
const HEAD_BYTES_MAX: usize = 64 * 1_024;
/// Most headers of an answer.
const HEADERS_MAX: usize = 128;

/// The head of an answer.
#[derive(Debug)]
pub struct Head {
    /// Its status.
    pub status: StatusCode,
    /// Its headers, without those that were for us only.
    pub headers: HeaderMap,
    /// How long its body is.
    pub(super) length: Length,
    /// Whether the connection may be used again.
    pub(super) keep_alive: bool,
}

/// How the end of a body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    Sized(u64),
    Chunked(Chunked),
    UntilClose,
}

/// What came is no acceptable head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadHead;

/// Takes the head of an answer to `method` off the buffer; `None` while it is not whole. Interim answers (1xx) are
/// skipped: hyper has sent the one that matters itself.
pub(super) fn take(buffer: &mut BytesMut, method: &Method) -> Result<Option<Head>, BadHead> {
    loop {
        let Some((bytes, head)) = parse(buffer, method)? else { return Ok(None) };
        let _ = buffer.split_to(bytes);
        if !head.status.is_informational() {
            return Ok(Some(head));
        }
        if head.status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(BadHead);
        }
    }
}

fn parse(buffer: &BytesMut, method: &Method) -> Result<Option<(usize, Head)>, BadHead> {
    let mut fields = [const { std::mem::MaybeUninit::uninit() }; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    let bytes = match config.parse_response_with_uninit_headers(&mut response, buffer, &mut fields) {
        Ok(httparse::Status::Complete(bytes)) if bytes <= HEAD_BYTES_MAX => bytes,
        Ok(httparse::Status::Partial) if buffer.len() < HEAD_BYTES_MAX => return Ok(None),
        Ok(_) | Err(_) => return Err(BadHead),
    };
    let status = response.code.and_then(|code| StatusCode::from_u16(code).ok()).ok_or(BadHead)?;
    let facts = Facts::of(response.headers, response.version != Some(0))?;
    // One copy for all values, which then share it: the buffer itself stays free for what comes next.
    let shared = Bytes::copy_from_slice(&buffer[..bytes]);
    let base = buffer.as_ptr() as usize;
    let mut headers = HeaderMap::with_capacity(response.headers.len() + ROOM_FOR_OURS);
    for field in response.headers.iter().filter(|field| !facts.is_hop_by_hop(field.name)) {
        let at = field.value.as_ptr() as usize - base;
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| BadHead)?;
        let value = HeaderValue::from_maybe_shared(shared.slice(at..at + field.value.len())).map_err(|_| BadHead)?;
        headers.append(name, value);
    }
    if status == StatusCode::NO_CONTENT {
        headers.remove(CONTENT_LENGTH);
    }
    let length = facts.length(status, method);
    let keep_alive = facts.keep_alive && length != Length::UntilClose;
    Ok(Some((bytes, Head { status, headers, length, keep_alive })))
}

/// Headers that the gateway adds, so that the map grows only once.
const ROOM_FOR_OURS: usize = 8;

/// What a head says of its connection and its body.
struct Facts<'a> {
    chunked: bool,
    sized: Option<u64>,
    keep_alive: bool,
    /// Names that `Connection` gives away: for us only, like the ones that always are (RFC 9110 §7.6.1).
    nominated: SmallVec<[&'a str; 2]>,
}

impl<'a> Facts<'a> {
    /// RFC 9112 §6.3, without its leniencies.
    fn of(fields: &[httparse::Header<'a>], is_http_11: bool) -> Result<Self, BadHead> {
        let mut facts = Self { chunked: false, sized: None, keep_alive: is_http_11, nominated: SmallVec::new() };
        let mut close = false;
        for field in fields {
            if field.name.eq_ignore_ascii_case("content-length") {
                if facts.sized.replace(number(field.value).ok_or(BadHead)?).is_some() {
                    return Err(BadHead);
                }
            } else if field.name.eq_ignore_ascii_case("transfer-encoding") {
                if facts.chunked || !field.value.eq_ignore_ascii_case(b"chunked") {
                    return Err(BadHead);
                }
                facts.chunked = true;
            } else if field.name.eq_ignore_ascii_case("connection") {
                for token in std::str::from_utf8(field.value).map_err(|_| BadHead)?.split(',').map(str::trim) {
                    close |= token.eq_ignore_ascii_case("close");
                    facts.keep_alive |= token.eq_ignore_ascii_case("keep-alive");
                    facts.nominated.push(token);
                }
            }
        }
        facts.keep_alive &= !close;
        if facts.chunked && facts.sized.is_some() { Err(BadHead) } else { Ok(facts) }
    }

    fn is_hop_by_hop(&self, name: &str) -> bool {
        let always = HOP_BY_HOP.iter().any(|other| name.eq_ignore_ascii_case(other));
        let nominated = || self.nominated.iter().any(|other| name.eq_ignore_ascii_case(other));
        always || (nominated() && !name.eq_ignore_ascii_case("content-length"))
    }

    fn length(&self, status: StatusCode, method: &Method) -> Length {
        let no_body = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        if no_body || status.is_informational() || method == Method::HEAD {
            return Length::Sized(0);
        }
        match (self.chunked, self.sized) {
            (true, _) => Length::Chunked(Chunked::default()),
            (false, Some(bytes)) => Length::Sized(bytes),
            (false, None) => Length::UntilClose,
        }
    }
}

fn number(value: &[u8]) -> Option<u64> {
    let digits = !value.is_empty() && value.len() <= 18 && value.iter().all(u8::is_ascii_digit);
    digits.then(|| value.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn head(text: &str, method: Method) -> Result<Option<(u16, Length, bool)>, BadHead> {
        let head = take(&mut BytesMut::from(text), &method)?;
        Ok(head.map(|head| (head.status.as_u16(), head.length, head.keep_alive)))
    }

    #[test]
    fn the_end_of_a_body_is_found_as_the_standard_says() {
        let chunked = Length::Chunked(Chunked::default());
        for (text, method, expected) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Method::GET, (200, Length::Sized(5), true)),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Method::HEAD, (200, Length::Sized(0), true)),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Method::GET, (200, chunked, true)),
            ("HTTP/1.1 200 OK\r\n\r\n", Method::GET, (200, Length::UntilClose, false)),
            ("HTTP/1.1 204 No\r\n\r\n", Method::GET, (204, Length::Sized(0), true)),
            ("HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n", Method::GET, (304, Length::Sized(0), true)),
            ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", Method::GET, (200, Length::Sized(0), false)),
            (
                "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 0\r\n\r\n",
                Method::GET,
                (200, Length::Sized(0), false),
            ),
            (
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n",
                Method::POST,
                (201, Length::Sized(0), true),
            ),
        ] {
            assert_eq!(head(text, method), Ok(Some(expected)), "{text:?}");
        }
        assert_eq!(head("HTTP/1.1 200 OK\r\nA: b\r\n", Method::GET), Ok(None));
    }

    #[test]
    fn what_could_be_cut_in_two_ways_is_refused() {
        for fields in [
            "Content-Length: 1\r\nTransfer-Encoding: chunked",
            "Content-Length: 1\r\nContent-Length: 1",
            "Content-Length: 1, 1",
            "Content-Length: -1",
            "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "A: b\r\n c",
        ] {
            let text = format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n");
            assert_eq!(head(&text, Method::GET), Err(BadHead), "{fields}");
        }
        assert_eq!(head("HTTP/1.1 101 Switching\r\n\r\n", Method::GET), Err(BadHead));
        assert_eq!(head("SSH-2.0-x\r\n", Method::GET), Err(BadHead));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = take(&mut BytesMut::from(&bytes[..]), &Method::GET);
        }
    }
}
