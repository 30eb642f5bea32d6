//! Who calls the management API: authenticated once, in front of every route under `/v1`.

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use keyward_core::ids::ManagementKeyId;
use keyward_core::secret::Secret;

use super::problem::Problem;
use super::query;
use super::serve::Peer;
use crate::app::App;
use crate::changes::{Actor, Reach};
use crate::management;

/// What every secret of a management key begins with.
const PREFIX: &str = "kwm_";

/// An authenticated caller.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The management key that was sent.
    pub key: ManagementKeyId,
    /// What it can see.
    pub reach: Reach,
    /// What the audit calls it.
    pub actor: Actor,
}

/// The layer in front of `/v1`: no route can forget it.
pub(super) async fn authenticate(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match caller(&app, &parts).await {
        Ok(caller) => {
            // From here on nobody can read or log the secret.
            parts.headers.remove(AUTHORIZATION);
            parts.extensions.insert(caller);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn caller(app: &App, parts: &Parts) -> Result<Caller, Problem> {
    if query::pairs(parts)?.iter().any(|(_, value)| value.starts_with(PREFIX)) {
        let detail = "A management key was sent in the URL. Send it in a header, and replace it: URLs end up in logs.";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "credential_in_url", detail));
    }
    let secret = bearer(&parts.headers)?;
    let known = management::authenticate(app, &Secret::new(secret.to_owned())).await?;
    let (key, reach) = known.ok_or_else(|| Problem::unauthenticated("invalid_credentials"))?;
    let origin = parts.extensions.get::<Peer>().map(|Peer(peer)| peer.ip().to_string());
    Ok(Caller { key, reach, actor: Actor { who: format!("management_key:{key}"), origin } })
}

fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (first, second) = (values.next(), values.next());
    if second.is_some() {
        let detail = "The request carries more than one credential; send exactly one.";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "ambiguous_credentials", detail));
    }
    let value = first.ok_or_else(|| Problem::unauthenticated("missing_credentials"))?;
    let invalid = || Problem::unauthenticated("invalid_credentials");
    let (scheme, secret) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(invalid)?;
    let secret = Some(secret.trim()).filter(|secret| scheme.eq_ignore_ascii_case("bearer") && !secret.is_empty());
    secret.ok_or_else(invalid)
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get().cloned().ok_or_else(|| Problem::unauthenticated("missing_credentials"))
    }
}
