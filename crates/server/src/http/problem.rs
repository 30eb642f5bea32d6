//! Refusals of the control listener: RFC 9457 problems with a stable `code`.
//!
//! A problem says nothing that depends on whether an object is missing or somebody else's (threat T3), and carries no
//! request id in its body, so that both are the same bytes; the id is in `X-Request-Id`.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use keyward_sdk::wire;

use super::pages::PAGE;

/// Why a request to the control listener is refused.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    errors: Vec<wire::FieldError>,
    retry_after_s: Option<u64>,
}

impl Problem {
    /// A problem of one sentence.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, detail: detail.into(), errors: Vec::new(), retry_after_s: None }
    }

    /// No such object, a malformed id, or an object out of the caller's reach: all alike.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is no such object, or it is not yours to see.")
    }

    /// Members of the body are wrong (422); each `(pointer, message)`.
    pub fn fields(errors: impl IntoIterator<Item = (String, String)>) -> Self {
        let error = |(pointer, message)| wire::FieldError { pointer: Some(pointer), parameter: None, message };
        Self {
            errors: errors.into_iter().map(error).collect(),
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_fields", "Something in the body is wrong.")
        }
    }

    /// One member of the body is wrong.
    pub fn field(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::fields([(pointer.into(), message.into())])
    }

    /// A query parameter or header is wrong (400).
    pub fn parameter(name: impl Into<String>, message: impl Into<String>) -> Self {
        let error = wire::FieldError { pointer: None, parameter: Some(name.into()), message: message.into() };
        Self {
            errors: vec![error],
            ..Self::new(StatusCode::BAD_REQUEST, "invalid_parameters", "Something in the query or a header is wrong.")
        }
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after_s: Some(seconds), ..self }
    }

    /// The object has changed since the version that `If-Match` names.
    pub fn precondition_failed() -> Self {
        let detail = "The object has changed since the version in If-Match; read it again.";
        Self::new(StatusCode::PRECONDITION_FAILED, "precondition_failed", detail)
    }

    /// Too often; try again in so many seconds.
    pub fn too_many(code: &'static str, detail: String, retry_after_s: u64) -> Self {
        Self { retry_after_s: Some(retry_after_s), ..Self::new(StatusCode::TOO_MANY_REQUESTS, code, detail) }
    }

    /// The store or the program failed; `why` goes to the log, not to the client.
    pub fn unavailable(why: &dyn std::fmt::Display) -> Self {
        tracing::error!(%why, "a management request failed");
        let detail = "The request could not be finished; look before you repeat it.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
    }

    /// The same as a page, for somebody whom a link or another site led here.
    pub fn into_page(self, home: &str) -> Response {
        let escaped = self.detail.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let page = include_str!("pages/problem.html").replace("{detail}", &escaped).replace("{code}", self.code);
        let mut response = (self.status, PAGE, page.replace("{home}", home)).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    /// The caller is known, and may not.
    pub fn denied(needed: &str) -> Self {
        let detail = format!("This needs {needed}, which is not yours.");
        Self::new(StatusCode::FORBIDDEN, "permission_denied", detail)
    }

    /// The store has no room left; nothing was changed (promise P12).
    pub(super) fn storage_full() -> Self {
        tracing::error!("a change was refused: the store has no room left");
        let detail = "The store has no room left; nothing was changed. Make room and repeat it.";
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "storage_full", detail)
    }

    /// No or no valid management key.
    pub(super) fn unauthenticated(code: &'static str) -> Self {
        let detail = match code {
            "missing_credentials" => "Sign in, or send a management key: Authorization: Bearer kwm_…",
            "session_ended" => "The sign-in has ended; sign in again.",
            _ => "The credentials are not valid.",
        };
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status;
        let body = wire::Problem {
            kind: "about:blank".into(),
            title: status.canonical_reason().unwrap_or_default().into(),
            status: status.as_u16(),
            code: self.code.into(),
            detail: self.detail.into(),
            errors: self.errors,
        };
        let text = serde_json::to_vec(&body).expect("a problem has text keys and no maps");
        let mut response = (status, [(CONTENT_TYPE, "application/problem+json")], text).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let challenge = match self.code {
                "missing_credentials" => HeaderValue::from_static("Bearer realm=\"keyward\""),
                _ => HeaderValue::from_static("Bearer realm=\"keyward\", error=\"invalid_token\""),
            };
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        let is_unavailable = status == StatusCode::SERVICE_UNAVAILABLE;
        if let Some(seconds) = self.retry_after_s.or(is_unavailable.then_some(1)) {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
