//! An echo API: shows a visitor what "your API" receives once the gateway has let a request through.
//!
//! It answers any method on any path, and has a few paths that behave in ways worth watching through a gateway:
//! slow, failing, streaming out, streaming in. It never shows the value of a credential, only whether one arrived.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    body::{Body, Bytes, HttpBody},
    extract::{Path, Request},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::any,
};
use http_body::Frame;
use serde_json::{Map, Value, json};
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::{
    Caller, Fault,
    fault::{self, Problem},
};

/// The longest nap of `/slow`.
const SLOW_MS_MAX: u64 = 5_000;
/// How much of a body the echo shows.
const SHOWN_BYTES_MAX: usize = 256;
/// Lines of `/stream`, and the pause between them.
const STREAM_LINES: u32 = 10;
const STREAM_PAUSE: Duration = Duration::from_millis(100);

/// The routes; everything else is echoed.
pub(crate) fn router() -> Router {
    Router::new()
        .route("/hello", any(hello))
        .route("/slow", any(slow))
        .route("/status/{code}", any(status))
        .route("/stream", any(stream))
        .route("/upload", any(upload))
        .fallback(echo)
}

async fn hello(headers: HeaderMap) -> Json<Value> {
    let caller = Caller::of(&headers);
    let message = format!("Hello, {}! Your key opened the door.", caller.display_name());
    Json(json!({"message": message, "you": caller}))
}

async fn slow(uri: Uri) -> Result<Json<Value>, Problem> {
    let asked_ms = fault::number(&fault::parameters(&uri)?, "ms", 1_000)?;
    let slept_ms = asked_ms.min(SLOW_MS_MAX);
    tokio::time::sleep(Duration::from_millis(slept_ms)).await;
    Ok(Json(json!({"slept_ms": slept_ms, "capped": asked_ms > SLOW_MS_MAX})))
}

async fn status(Path(code): Path<String>) -> Result<Response, Problem> {
    let wanted = code.parse::<u16>().ok().filter(|code| (200..=599).contains(code));
    let Some(status) = wanted.and_then(|code| StatusCode::from_u16(code).ok()) else {
        return Err(Fault::bad("the status in the path must be a number from 200 to 599").into());
    };
    let bodiless = matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED);
    if bodiless {
        return Ok(status.into_response());
    }
    let reason = status.canonical_reason().unwrap_or("unnamed");
    let answer = json!({"status": status.as_u16(), "reason": reason, "answered_by": "the example upstream"});
    Ok((status, Json(answer)).into_response())
}

async fn stream() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (headers, Body::new(Lines::every(STREAM_PAUSE))).into_response()
}

async fn upload(request: Request) -> Json<Value> {
    let started = Instant::now();
    let seen = drain(request.into_body()).await;
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Json(json!({"bytes": seen.bytes, "chunks": seen.chunks, "complete": seen.complete, "took_ms": took_ms}))
}

async fn echo(request: Request) -> Json<Value> {
    let (parts, body) = request.into_parts();
    let seen = drain(body).await;
    let parameters = fault::parameters(&parts.uri).unwrap_or_default();
    let query: Map<String, Value> = parameters.into_iter().map(|(name, value)| (name, value.into())).collect();
    let arrived = |name: &str| parts.headers.contains_key(name);
    Json(json!({
        "method": parts.method.as_str(),
        "path": parts.uri.path(),
        "query": query,
        "you": Caller::of(&parts.headers),
        "identity_headers": shown_headers(&parts.headers),
        "other_headers": other_names(&parts.headers),
        "credential_reached_the_upstream": arrived("authorization") || arrived("x-api-key"),
        "body": {
            "bytes": seen.bytes,
            "complete": seen.complete,
            "first_bytes": String::from_utf8_lossy(&seen.first),
        },
    }))
}

/// The headers that the gateway sets, with their values.
fn shown_headers(headers: &HeaderMap) -> Map<String, Value> {
    headers
        .iter()
        .filter(|(name, _)| is_set_by_the_gateway(name.as_str()))
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
        .collect()
}

/// All other headers, by name only: a value might be a secret.
fn other_names(headers: &HeaderMap) -> Vec<&str> {
    headers.keys().map(header::HeaderName::as_str).filter(|name| !is_set_by_the_gateway(name)).collect()
}

fn is_set_by_the_gateway(name: &str) -> bool {
    name.starts_with("x-keyward-") || name.starts_with("x-forwarded-") || name == "x-request-id"
}

/// What was seen of a body while it streamed by.
#[derive(Default)]
struct Seen {
    bytes: u64,
    chunks: u64,
    first: Vec<u8>,
    complete: bool,
}

/// Reads a body to its end and keeps only its first bytes, so that its size does not matter.
async fn drain(mut body: Body) -> Seen {
    let mut seen = Seen::default();
    loop {
        match std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            None => {
                seen.complete = true;
                return seen;
            }
            Some(Err(_)) => return seen,
            Some(Ok(frame)) => {
                let Ok(data) = frame.into_data() else { continue };
                seen.bytes += data.len() as u64;
                seen.chunks += 1;
                let room = SHOWN_BYTES_MAX - seen.first.len();
                seen.first.extend_from_slice(&data[..data.len().min(room)]);
            }
        }
    }
}

/// A body that sends one line at each tick.
struct Lines {
    sent: u32,
    ticks: Interval,
}

impl Lines {
    fn every(pause: Duration) -> Self {
        let mut ticks = interval(pause);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { sent: 0, ticks }
    }
}

impl HttpBody for Lines {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if self.sent == STREAM_LINES {
            return Poll::Ready(None);
        }
        self.ticks.poll_tick(cx).map(|_| {
            self.sent += 1;
            let line = format!("line {} of {STREAM_LINES}\n", self.sent);
            Some(Ok(Frame::data(Bytes::from(line))))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn draining_counts_everything_and_keeps_the_beginning() {
        let seen = drain(Body::from(vec![b'x'; 100_000])).await;
        assert_eq!(seen.bytes, 100_000);
        assert_eq!(seen.first.len(), SHOWN_BYTES_MAX);
        assert!(seen.complete);
    }

    #[tokio::test]
    async fn the_stream_has_ten_lines_in_ten_chunks() {
        let Seen { bytes, chunks, complete, .. } = drain(Body::new(Lines::every(Duration::from_millis(1)))).await;
        assert_eq!((chunks, complete), (10, true));
        assert_eq!(bytes, 9 * "line 1 of 10\n".len() as u64 + "line 10 of 10\n".len() as u64);
    }

    #[test]
    fn values_of_foreign_headers_are_not_shown() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Bearer secret".parse().expect("a header value"));
        headers.insert("x-keyward-key-id", "key_1".parse().expect("a header value"));
        assert_eq!(shown_headers(&headers).keys().collect::<Vec<_>>(), ["x-keyward-key-id"]);
        assert_eq!(other_names(&headers), ["authorization"]);
    }
}
