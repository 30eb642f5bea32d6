//! Path ids and the request headers of changes.

use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::header::IF_MATCH;
use http::request::Parts;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::problem::Problem;
use crate::operation::Idempotency;

/// The first id in the path. A malformed one is answered as a missing object is (threat T3).
#[derive(Debug, Clone, Copy)]
pub struct ObjectId<T>(pub T);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for ObjectId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Problem::not_found())?;
        let id = params.iter().next().and_then(|(_, text)| text.parse().ok());
        id.map(Self).ok_or_else(Problem::not_found)
    }
}

/// The second id in the path, read like the first.
#[derive(Debug, Clone, Copy)]
pub struct SecondId<T>(pub T);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for SecondId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Problem::not_found())?;
        let id = params.iter().nth(1).and_then(|(_, text)| text.parse().ok());
        id.map(Self).ok_or_else(Problem::not_found)
    }
}

/// The third id in the path, read like the first.
#[derive(Debug, Clone, Copy)]
pub struct ThirdId<T>(pub T);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for ThirdId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Problem::not_found())?;
        let id = params.iter().nth(2).and_then(|(_, text)| text.parse().ok());
        id.map(Self).ok_or_else(Problem::not_found)
    }
}

/// The version that an edit is meant for; `None`: whichever there is.
#[derive(Debug, Clone, Copy)]
pub struct IfMatch(pub Option<i64>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(text) = single(&parts.headers, IF_MATCH.as_str())? else { return Ok(Self(None)) };
        if text == "*" {
            return Ok(Self(None));
        }
        let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let tag = inner.ok_or_else(|| Problem::parameter("If-Match", "one ETag as it was sent, in quotes"))?;
        // A well-formed tag that is none of ours matches no version.
        tag.parse().map(|version| Self(Some(version))).map_err(|_| Problem::precondition_failed())
    }
}

/// What makes a create repeatable.
#[derive(Debug, Clone)]
pub struct IdempotencyKey(Option<String>);

const IDEMPOTENCY_KEY: &str = "idempotency-key";
const IDEMPOTENCY_KEY_LETTERS_MAX: usize = 255;

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let text = single(&parts.headers, IDEMPOTENCY_KEY)?;
        if text.is_some_and(|text| text.is_empty() || text.len() > IDEMPOTENCY_KEY_LETTERS_MAX) {
            return Err(Problem::parameter("Idempotency-Key", "1 to 255 letters"));
        }
        Ok(Self(text.map(str::to_owned)))
    }
}

impl IdempotencyKey {
    /// The token with a digest of the request, so that the same token with another request is refused.
    pub fn of(self, operation: &str, body: &impl Serialize) -> Option<Idempotency> {
        let text = serde_json::to_vec(body).expect("wire types have text keys");
        let digest = Sha256::new().chain_update(operation).chain_update([0]).chain_update(text).finalize();
        self.0.map(|token| Idempotency { token, request: URL_SAFE_NO_PAD.encode(digest) })
    }
}

fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let (first, second) = (values.next(), values.next());
    if second.is_some() {
        return Err(Problem::parameter(name, "sent twice"));
    }
    let read =
        |value: &'a http::HeaderValue| value.to_str().map_err(|_| Problem::parameter(name, "visible ASCII only"));
    first.map(read).transpose()
}
