//! Answers: pages, entity tags, and how operations fail.

use axum::response::{IntoResponse, Response};
use http::header::ETAG;
use http::{HeaderValue, StatusCode};
use keyward_sdk::wire;
use serde::Serialize;

use super::problem::Problem;
use crate::changes::Failed;
use crate::db::is_full;
use crate::operation::{OpError, Page, Paged};

impl From<OpError> for Problem {
    fn from(error: OpError) -> Self {
        match error {
            OpError::NotFound => Self::not_found(),
            OpError::Conflict { code, message } => Self::new(StatusCode::CONFLICT, code, sentence(message)),
            OpError::Invalid(errors) => Self::fields(errors.into_iter().map(|error| (error.pointer, error.message))),
            OpError::PreconditionFailed => Self::precondition_failed(),
            OpError::Forbidden { code, message } => Self::new(StatusCode::FORBIDDEN, code, sentence(message)),
            OpError::Elsewhere { code, message } => Self::new(StatusCode::BAD_GATEWAY, code, sentence(message)),
            OpError::TooMany { code, message, retry_after_s } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, code, sentence(message)).retry_after(retry_after_s)
            }
            OpError::Store(why) if is_full(&why) => Self::storage_full(),
            OpError::Change(Failed::Full) => Self::storage_full(),
            OpError::Unproved { code, message } => Self::new(StatusCode::UNAUTHORIZED, code, sentence(message)),
            OpError::Gone { code, message } => Self::new(StatusCode::GONE, code, sentence(message)),
            OpError::Store(why) => Self::unavailable(&why),
            OpError::Change(why @ (Failed::Store(_) | Failed::Unknown | Failed::Stopping)) => Self::unavailable(&why),
        }
    }
}

/// A refused list: its errors are in the query, not in a body.
pub fn list_problem(error: OpError) -> Problem {
    match error {
        OpError::Invalid(errors) if !errors.is_empty() => {
            let first = &errors[0];
            Problem::parameter(first.pointer.trim_start_matches('/'), first.message.clone())
        }
        other => other.into(),
    }
}

/// Begins with a capital and ends with a full stop.
fn sentence(message: String) -> String {
    let mut letters = message.chars();
    let first: String = letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
    let rest = letters.as_str();
    let stop = if rest.ends_with(['.', '…', '!', '?']) { "" } else { "." };
    format!("{first}{rest}{stop}")
}

/// The page that a query asks for.
pub fn page_of(limit: Option<u32>, cursor: Option<String>) -> Page {
    Page { limit: limit.unwrap_or(Page::default().limit), cursor }
}

/// A page on the wire.
pub fn wire_page<T, W: From<T>>(paged: Paged<T>) -> axum::Json<wire::Page<W>> {
    let items = paged.items.into_iter().map(W::from).collect();
    axum::Json(wire::Page { items, next_cursor: paged.next_cursor })
}

/// Marks an answer that repeats an earlier one.
pub fn replayed(is_replay: bool, mut response: Response) -> Response {
    if is_replay {
        response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
    response
}

/// An object with its version as `ETag`.
pub fn versioned(status: StatusCode, version: i64, body: &impl Serialize) -> Response {
    let tag = HeaderValue::from_str(&format!("\"{version}\"")).expect("digits and quotes");
    (status, [(ETAG, tag)], axum::Json(body)).into_response()
}
