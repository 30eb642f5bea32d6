//! Authenticators and recovery codes.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keyward_core::secret::Secret;
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{second, secret, session, with_cookie};
use crate::app::App;
use crate::http::{Caller, Json, Problem};
use crate::sessions;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(start, remove)).routes(routes!(confirm)).routes(routes!(fresh_codes))
}

fn codes(codes: &[Secret]) -> wire::RecoveryCodes {
    let recovery_codes = codes.iter().map(|code| wire::SecretText::new(code.expose())).collect();
    wire::RecoveryCodes { recovery_codes }
}

/// Begins to add an authenticator. Needs a proof from the last 15 minutes; counts once it is confirmed.
#[utoipa::path(post, path = "/v1/me/totp", tag = "signing in", operation_id = "start_totp",
    extensions(("x-permission" = json!("person"))),
    responses((status = 201, description = "Shown this once.", body = wire::TotpEnrolment)))]
async fn start(
    State(app): State<App>,
    caller: Caller,
) -> Result<(StatusCode, axum::Json<wire::TotpEnrolment>), Problem> {
    let made = sessions::start_totp(&app, caller.actor).await?;
    let text = |secret: &Secret| wire::SecretText::new(secret.expose());
    Ok((StatusCode::CREATED, axum::Json(wire::TotpEnrolment { secret: text(&made.secret), uri: text(&made.uri) })))
}

/// Confirms an authenticator: from now on it is needed. The recovery codes are shown this once.
#[utoipa::path(post, path = "/v1/me/totp/confirm", tag = "signing in", operation_id = "confirm_totp",
    extensions(("x-permission" = json!("person"))), request_body = wire::TotpCode,
    responses((status = 200, description = "Confirmed.", body = wire::RecoveryCodes)))]
async fn confirm(
    State(app): State<App>,
    caller: Caller,
    Json(sent): Json<wire::TotpCode>,
) -> Result<Response, Problem> {
    let session = session(&caller)?;
    let (made, token) = sessions::confirm_totp(&app, caller.actor, session, secret(&sent.code)).await?;
    Ok(with_cookie(&token, axum::Json(codes(&made))))
}

/// Takes the authenticator away. Needs a proof from the last 15 minutes, and a code.
#[utoipa::path(delete, path = "/v1/me/totp", tag = "signing in", operation_id = "remove_totp",
    extensions(("x-permission" = json!("person"))), request_body = wire::TotpProof,
    responses((status = 204, description = "Taken away.")))]
async fn remove(
    State(app): State<App>,
    caller: Caller,
    Json(sent): Json<wire::TotpProof>,
) -> Result<Response, Problem> {
    let session = session(&caller)?;
    let proof = second(sent.code.as_ref(), sent.recovery_code.as_ref())?;
    let proof = proof.ok_or_else(|| Problem::field("/code", "a code of the authenticator, or a recovery code"))?;
    let token = sessions::remove_totp(&app, caller.actor, session, proof).await?;
    Ok(with_cookie(&token, StatusCode::NO_CONTENT))
}

/// Makes fresh recovery codes; those of before are worth nothing. Needs a proof from the last 15 minutes.
#[utoipa::path(post, path = "/v1/me/recovery-codes", tag = "signing in", operation_id = "make_recovery_codes",
    extensions(("x-permission" = json!("person"))),
    responses((status = 201, description = "Shown this once.", body = wire::RecoveryCodes)))]
async fn fresh_codes(
    State(app): State<App>,
    caller: Caller,
) -> Result<(StatusCode, axum::Json<wire::RecoveryCodes>), Problem> {
    let made = sessions::fresh_codes(&app, caller.actor).await?;
    Ok((StatusCode::CREATED, axum::Json(codes(&made))))
}
