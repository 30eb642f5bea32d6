//! Refusals on the wire: the API's own wording, and the headers that every refusal carries whatever its wording.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use keyward_core::denial::{Denial, seconds_up};

use super::challenge::Challenge;
use super::dialect::{Dialect, ErrorFacts};
use super::inbound::Unfit;
use super::request_id::RequestId;
use super::upstream::AnswerBody;
use crate::config::ApiSetup;

/// Carries a refusal's code in any dialect.
pub const X_KEYWARD_ERROR: HeaderName = HeaderName::from_static("x-keyward-error");

/// A refusal before it is worded.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    pub(super) code: &'static str,
    message: String,
    retry_after_s: Option<i64>,
    needed: Vec<String>,
    limit: Option<String>,
    /// Whether every such refusal must look the same (threat T1).
    alike: bool,
    /// The methods that would do, for a 405.
    allow: Option<&'static str>,
}

impl From<Denial> for Refusal {
    fn from(denial: Denial) -> Self {
        let (status, code, message) = (denial.status(), denial.code(), denial.message());
        let retry_after_s = denial.retry_after_ms().map(seconds_up);
        let alike = matches!(denial, Denial::InvalidCredentials(_));
        let mut refusal = Self { retry_after_s, alike, ..Self::plain(status, code, message) };
        match denial {
            Denial::InsufficientScope { needed } => refusal.needed = needed,
            Denial::RateLimited { limit, .. } => refusal.limit = Some(limit),
            Denial::QuotaExceeded { quota, .. } => refusal.limit = Some(quota),
            _ => {}
        }
        refusal
    }
}

impl From<Unfit> for Refusal {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Denied(denial) => denial.into(),
            Unfit::Method => Self::method("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
            Unfit::UriTooLong => Self::plain(414, "uri_too_long", "The request's target is too long.".into()),
            Unfit::Expectation => {
                Self::plain(417, "expectation_failed", "Of expectations only 100-continue is met.".into())
            }
        }
    }
}

impl Refusal {
    pub(super) fn plain(status: u16, code: &'static str, message: String) -> Self {
        let (retry_after_s, needed, limit) = (None, Vec::new(), None);
        Self { status, code, message, retry_after_s, needed, limit, alike: false, allow: None }
    }

    /// 405, naming the methods that would do.
    pub(super) fn method(allow: &'static str) -> Self {
        let message = format!("This method is not served here; these are: {allow}.");
        Self { allow: Some(allow), ..Self::plain(405, "method_not_allowed", message) }
    }

    /// Words it. `api` is the API it is for, if one is known.
    pub(super) fn into_response(self, api: Option<(&ApiSetup, &Challenge)>, id: &RequestId) -> Response<AnswerBody> {
        let facts = ErrorFacts {
            status: self.status,
            code: self.code,
            message: &self.message,
            request_id: if self.alike { "" } else { id.as_str() },
            help_url: api.and_then(|(setup, _)| setup.help_url.as_deref()),
            retry_after_s: self.retry_after_s,
            needed_scopes: &self.needed,
            limit: self.limit.as_deref(),
        };
        let rendered = match api {
            Some((setup, _)) => setup.dialect.render(&facts),
            None => Dialect::default().render(&facts),
        };
        let mut response = Response::new(AnswerBody::Whole(Bytes::from(rendered.body)));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        if let Ok(content_type) = HeaderValue::try_from(rendered.content_type) {
            headers.insert(CONTENT_TYPE, content_type);
        }
        headers.insert(X_KEYWARD_ERROR, HeaderValue::from_static(self.code));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        if let Some(wait_s) = self.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(wait_s));
        }
        if let Some((_, challenge)) = api {
            let own = match self.status {
                401 => Some(challenge.plain()),
                403 if !self.needed.is_empty() => challenge.scope(&self.needed),
                _ => None,
            };
            own.map(|value| headers.insert(WWW_AUTHENTICATE, value));
        }
        response
    }
}
