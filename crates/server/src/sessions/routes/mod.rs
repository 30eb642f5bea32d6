//! `/v1/session`, `/v1/me/sessions` and everything else about signing in.

pub mod cookie;
mod factors;
mod links;
mod own;
#[cfg(feature = "sso")]
mod sso;

use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::USER_AGENT;
use http::request::Parts;
use keyward_core::ids::SessionId;
use keyward_core::secret::Secret;
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Attempt, Prove, SecondFactor, Signed};
use crate::app::App;
use crate::http::{Caller, Json, Peer, Problem};
use crate::operation::OpError;

/// The routes of signing in.
pub fn routes() -> OpenApiRouter<App> {
    let own = OpenApiRouter::new().routes(routes!(sign_in, sign_out)).routes(routes!(prove));
    let own = own.merge(own::routes()).merge(factors::routes()).merge(links::routes());
    #[cfg(feature = "sso")]
    let own = own.merge(sso::routes());
    own
}

/// Somebody nobody knows yet.
struct Visitor {
    origin: Option<String>,
    agent: Option<String>,
    /// The cookie of an earlier sign-in.
    before: Option<Secret>,
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let agent = parts.headers.get(USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let origin = parts.extensions.get::<Peer>().map(|Peer(peer)| peer.ip().to_string());
        // Two cookies are no sign-in: nothing of theirs is ended.
        let before = cookie::read(&parts.headers).ok().flatten();
        Ok(Self { origin, agent, before })
    }
}

/// A secret as it came.
fn secret(text: &wire::SecretText) -> Secret {
    Secret::new(text.expose().to_owned())
}

fn second(
    code: Option<&wire::SecretText>,
    recovery: Option<&wire::SecretText>,
) -> Result<Option<SecondFactor>, Problem> {
    match (code, recovery) {
        (None, None) => Ok(None),
        (Some(code), None) => Ok(Some(SecondFactor::Code(secret(code)))),
        (None, Some(code)) => Ok(Some(SecondFactor::Recovery(secret(code)))),
        (Some(_), Some(_)) => Err(Problem::field("/recovery_code", "one of the two, not both")),
    }
}

/// The sign-in of a caller who is a person.
fn session(caller: &Caller) -> Result<SessionId, Problem> {
    caller.session().ok_or_else(Problem::not_found)
}

/// An answer that hands over a new cookie.
fn with_cookie(token: &Secret, response: impl axum::response::IntoResponse) -> Response {
    ([cookie::set(token)], response).into_response()
}

fn without_cookie() -> Response {
    (StatusCode::NO_CONTENT, [cookie::clear()]).into_response()
}

impl From<Signed> for wire::SignedIn {
    fn from(signed: Signed) -> Self {
        Self {
            person_id: signed.person.to_string(),
            session_id: signed.session.to_string(),
            name: signed.name,
            email: signed.email,
            operator: signed.operator,
            has_totp: signed.has_totp,
        }
    }
}

/// Says who has just signed in, and hands over the cookie.
async fn welcome(app: &App, token: &Secret, status: StatusCode) -> Result<Response, Problem> {
    let signed = super::authenticate(app, token).await?.ok_or(OpError::NotFound)?;
    Ok(with_cookie(token, (status, axum::Json(wire::SignedIn::from(signed)))))
}

/// Signs somebody in: sets the cookie `__Host-keyward`. The cookie of an earlier sign-in ends.
#[utoipa::path(post, path = "/v1/session", tag = "signing in", operation_id = "sign_in", request_body = wire::SignIn,
    extensions(("x-permission" = json!("public"))),
    responses((status = 200, description = "Signed in.", body = wire::SignedIn),
        (status = 401, description = "`invalid_credentials`; or `totp_required`, `invalid_code` after the password matched.", body = wire::Problem),
        (status = 429, description = "`too_many_attempts`: `Retry-After` says how long.", body = wire::Problem)))]
async fn sign_in(
    State(app): State<App>,
    visitor: Visitor,
    Json(sent): Json<wire::SignIn>,
) -> Result<Response, Problem> {
    let attempt = Attempt {
        second: second(sent.totp.as_ref(), sent.recovery_code.as_ref())?,
        password: secret(&sent.password),
        email: sent.email,
        before: visitor.before,
        agent: visitor.agent,
        origin: visitor.origin,
    };
    let token = super::sign_in(&app, attempt).await?;
    welcome(&app, &token, StatusCode::OK).await
}

/// Signs out: this sign-in ends.
#[utoipa::path(delete, path = "/v1/session", tag = "signing in", operation_id = "sign_out",
    extensions(("x-permission" = json!("person"))),
    responses((status = 204, description = "Signed out.")))]
async fn sign_out(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    let session = session(&caller)?;
    super::sign_out(&app, caller.actor, session).await?;
    Ok(without_cookie())
}

/// Proves again who is signed in: what a stolen cookie must not do needs a proof from the last 15 minutes.
#[utoipa::path(post, path = "/v1/session/prove", tag = "signing in", operation_id = "prove", request_body = wire::Proof,
    extensions(("x-permission" = json!("person"))),
    responses((status = 204, description = "Proved."),
        (status = 401, description = "`invalid_credentials`, `totp_required` or `invalid_code`.", body = wire::Problem)))]
async fn prove(State(app): State<App>, caller: Caller, Json(sent): Json<wire::Proof>) -> Result<StatusCode, Problem> {
    let session = session(&caller)?;
    let second = second(sent.totp.as_ref(), sent.recovery_code.as_ref())?;
    let proof = Prove { password: secret(&sent.password), second };
    super::prove(&app, caller.actor, session, proof).await?;
    Ok(StatusCode::NO_CONTENT)
}
