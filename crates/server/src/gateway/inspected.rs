//! Bodies that a route's rule looks at: read whole, within bounds, before anything is decided.

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use keyward_core::denial::Denial;

/// Reads a body that is JSON, of at most `bytes_max` bytes.
pub(super) async fn read(headers: &HeaderMap, body: Incoming, bytes_max: usize) -> Result<Bytes, Denial> {
    check_media(headers)?;
    collect(body, bytes_max).await
}

/// Reads a body of at most `bytes_max` bytes, whatever it is.
pub(super) async fn collect(mut body: Incoming, bytes_max: usize) -> Result<Bytes, Denial> {
    let too_large = || Denial::PayloadTooLarge { bytes_max };
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(too_large());
    }
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Denial::BadRequest("the body broke off"))?;
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + rest.len() + data.len() > bytes_max {
            return Err(too_large());
        }
        if first.is_empty() && rest.is_empty() {
            first = data;
        } else {
            rest.extend_from_slice(&std::mem::take(&mut first));
            rest.extend_from_slice(&data);
        }
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

/// Only identity-encoded JSON is looked at: what we can't read, an upstream might. No type at all is taken for JSON.
fn check_media(headers: &HeaderMap) -> Result<(), Denial> {
    let encoded = headers.get_all(CONTENT_ENCODING).iter().any(|own| !own.as_bytes().eq_ignore_ascii_case(b"identity"));
    if encoded {
        return Err(Denial::UnsupportedMedia("it is encoded, and this route reads plain JSON only"));
    }
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let json = match (types.next(), types.next()) {
        (None, _) => true,
        (Some(only), None) => is_json(only.as_bytes()),
        (Some(_), Some(_)) => false,
    };
    if json { Ok(()) } else { Err(Denial::UnsupportedMedia("its Content-Type is not JSON")) }
}

fn is_json(value: &[u8]) -> bool {
    let essence = value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let suffix = essence.len().checked_sub(5).and_then(|at| essence.get(at..)).unwrap_or_default();
    essence.eq_ignore_ascii_case(b"application/json") || suffix.eq_ignore_ascii_case(b"+json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_json_is_read() {
        let check = |pairs: &[(http::HeaderName, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(name, value.parse().unwrap());
            }
            check_media(&headers).is_ok()
        };
        assert!(check(&[]));
        for json in ["application/json", "Application/JSON; charset=utf-8", "application/vnd.x+json"] {
            assert!(check(&[(CONTENT_TYPE, json)]), "{json}");
        }
        for other in ["text/plain", "application/jsonp", "", "json"] {
            assert!(!check(&[(CONTENT_TYPE, other)]), "{other}");
        }
        assert!(check(&[(CONTENT_ENCODING, "identity")]));
        assert!(!check(&[(CONTENT_ENCODING, "gzip")]));
        assert!(!check(&[(CONTENT_TYPE, "application/json"), (CONTENT_TYPE, "text/plain")]));
    }
}
