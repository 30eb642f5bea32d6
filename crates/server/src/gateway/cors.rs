//! CORS: granted to the origins that the configuration names, and to nobody else (row r48).

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use super::upstream::AnswerBody;
use crate::config::{ApiSetup, Preflight};

/// What scripts may read of an answer beside its usual headers.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, RateLimit, RateLimit-Policy, Retry-After, \
     X-Request-Id, X-Keyward-Error, X-Keyward-Key-Expires",
);

/// Whether a request only asks what a script may ask.
pub(super) fn is_preflight(parts: &Parts) -> bool {
    parts.method == Method::OPTIONS
        && parts.headers.contains_key(ORIGIN)
        && parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The request's origin, if the API grants it anything.
pub(super) fn granted<'a>(setup: &ApiSetup, headers: &'a HeaderMap) -> Option<&'a HeaderValue> {
    let Preflight::Answer { origins } = &setup.preflight else { return None };
    let origin = headers.get(ORIGIN)?;
    let named = |own: &String| own == "*" || own.as_bytes() == origin.as_bytes();
    origins.iter().any(named).then_some(origin)
}

/// Answers a preflight.
pub(super) fn answer(setup: &ApiSetup, parts: &Parts) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::Whole(Bytes::new()));
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = granted(setup, &parts.headers) else { return response };
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    for (asked, allowed) in [
        (ACCESS_CONTROL_REQUEST_METHOD, ACCESS_CONTROL_ALLOW_METHODS),
        (ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_ALLOW_HEADERS),
    ] {
        if let Some(value) = parts.headers.get(asked) {
            headers.insert(allowed, value.clone());
        }
    }
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

/// Lets a granted origin's script read an answer, where the upstream has not decided that itself.
pub(super) fn grant(headers: &mut HeaderMap, origin: HeaderValue) {
    if headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN) {
        return;
    }
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    headers.append(VARY, HeaderValue::from_static("Origin"));
}
