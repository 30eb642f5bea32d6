//! JSON bodies: bounded, with a JSON pointer to whatever is wrong.

use axum::extract::{FromRequest, Request};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use super::problem::Problem;

/// Largest body of a request.
pub(super) const BODY_BYTES_MAX: usize = 1 << 20;

/// A JSON body.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// A JSON body that may be left out.
#[derive(Debug)]
pub struct OptionalJson<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (headers, bytes) = read(request).await?;
        is_json(&headers)?;
        parse(&bytes).map(Self)
    }
}

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (headers, bytes) = read(request).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        is_json(&headers)?;
        parse(&bytes).map(Self)
    }
}

/// A body as it was sent, with its headers: for signatures over its bytes.
#[derive(Debug)]
pub struct Raw(pub HeaderMap, pub bytes::Bytes);

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        read(request).await.map(|(headers, bytes)| Self(headers, bytes))
    }
}

impl Raw {
    /// Reads it as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        is_json(&self.0)?;
        parse(&self.1)
    }

    /// A header's text, where it was sent once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.0.get_all(name).iter();
        let value = values.next().filter(|_| values.next().is_none());
        value.and_then(|value| value.to_str().ok())
    }
}

async fn read(request: Request) -> Result<(HeaderMap, bytes::Bytes), Problem> {
    let (parts, body) = request.into_parts();
    Ok((parts.headers, collect(body).await?))
}

/// A whole body, within its bound.
pub(super) async fn collect(body: axum::body::Body) -> Result<bytes::Bytes, Problem> {
    match axum::body::to_bytes(body, BODY_BYTES_MAX).await {
        Ok(bytes) => Ok(bytes),
        Err(why) if is_too_large(&why) => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "payload_too_large",
            format!("The body is larger than {BODY_BYTES_MAX} bytes."),
        )),
        Err(_) => Err(Problem::new(StatusCode::BAD_REQUEST, "invalid_body", "The body broke off.")),
    }
}

fn is_too_large(why: &axum::Error) -> bool {
    let source = std::error::Error::source(why);
    source.is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>)
}

fn is_json(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let detail = "The body must be JSON; say so with Content-Type: application/json.";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media", detail))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|why| refusal(&why, bytes))?;
    json.end().map_err(|why| not_json(&why))?;
    Ok(value)
}

fn not_json(why: &serde_json::Error) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_body", format!("The body is not JSON: {why}."))
}

fn refusal(why: &serde_path_to_error::Error<serde_json::Error>, bytes: &[u8]) -> Problem {
    let inner = why.inner();
    let mut pointer: String = why.path().iter().map(step).collect();
    if !inner.is_data() {
        // serde_json calls a choice with two members bad syntax, though it is JSON.
        return match serde_json::from_slice::<serde::de::IgnoredAny>(bytes) {
            Ok(_) => Problem::field(pointer, "exactly one of the choices"),
            Err(why) => not_json(&why),
        };
    }
    let text = inner.to_string();
    // serde_json ends with the place in the text; the pointer says it better.
    let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
    // Of these, serde's path names the object around the member.
    for about_a_member in ["unknown field `", "missing field `", "duplicate field `"] {
        let name = message.strip_prefix(about_a_member).and_then(|rest| rest.split('`').next());
        let named = name.map(|name| format!("/{}", escape(name)));
        if let Some(named) = named.filter(|named| !pointer.ends_with(named.as_str())) {
            pointer.push_str(&named);
        }
    }
    Problem::field(pointer, message)
}

fn step(segment: &Segment) -> String {
    match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", escape(key)),
        Segment::Enum { variant } => format!("/{}", escape(variant)),
        Segment::Unknown => String::new(),
    }
}

/// One step of a JSON pointer (RFC 6901).
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyward_sdk::wire::NewKey;

    fn errors(body: &str) -> (u16, String) {
        let response = axum::response::IntoResponse::into_response(parse::<NewKey>(body.as_bytes()).unwrap_err());
        let status = response.status().as_u16();
        let body = futures_util::FutureExt::now_or_never(axum::body::to_bytes(response.into_body(), 4_096));
        let problem: keyward_sdk::wire::Problem = serde_json::from_slice(&body.unwrap().unwrap()).unwrap();
        let first = problem.errors.first();
        (status, first.and_then(|error| error.pointer.clone()).unwrap_or(problem.code))
    }

    #[test]
    fn whatever_is_wrong_is_pointed_at() {
        for (body, expected) in [
            (r#"{"account_id":"a","scope":[]}"#, (422, "/scope")),
            (r#"{"name":"x"}"#, (422, "/account_id")),
            (r#"{"account_id":"a","account_id":"b"}"#, (422, "/account_id")),
            (r#"{"account_id":"a","name":5}"#, (422, "/name")),
            (r#"{"account_id":"a","limits":[{"name":"default","limit":-1}]}"#, (422, "/limits/0/limit")),
            (r#"{"account_id":"a","limits":[{"name":"default","limit":1,"windows":1}]}"#, (422, "/limits/0/windows")),
            (r#"{"account_id":"a","expires":{"days":1.5}}"#, (422, "/expires/days")),
            (r#"{"account_id":"a","expires":"soon"}"#, (422, "/expires")),
            (r#"{"account_id":"a","expires":{"days":1,"at":"x"}}"#, (422, "/expires")),
            (r#"{"account_id":"a","metadata":[]}"#, (422, "/metadata")),
            (r#"{"account_id":"a""#, (400, "invalid_body")),
            (r#"{"account_id":"a"} x"#, (400, "invalid_body")),
        ] {
            assert_eq!(errors(body), (expected.0, expected.1.to_owned()), "{body}");
        }
    }
}
