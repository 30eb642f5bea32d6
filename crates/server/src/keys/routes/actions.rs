//! What is done to a key: `POST /v1/keys/{key_id}/…`, and finding whose a secret is.

use axum::extract::State;
use axum::response::Response;
use keyward_core::ids::KeyId;
use keyward_core::secret::Secret;
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::convert::{changed, with_secret, would_touch};
use crate::app::App;
use crate::http::{Caller, Json, ObjectId, OptionalJson, Problem, Query, words};
use crate::keys::{self, Deed};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(find))
        .routes(routes!(disable))
        .routes(routes!(enable))
        .routes(routes!(rotate))
        .routes(routes!(cancel))
        .routes(routes!(complete))
        .routes(routes!(revoke))
        .routes(routes!(reveal))
        .routes(routes!(reset))
}

/// Finds whose a secret is: a key's, a deleted key's, or nobody's. The secret is neither kept nor logged.
#[utoipa::path(post, path = "/v1/keys/find", tag = "keys", operation_id = "find_key",
    extensions(("x-permission" = json!("keys.read"))), request_body = wire::FindKey,
    responses((status = 200, description = "Whose it is.", body = wire::Found)))]
async fn find(
    State(app): State<App>,
    caller: Caller,
    Json(wire::FindKey { secret }): Json<wire::FindKey>,
) -> Result<axum::Json<wire::Found>, Problem> {
    let secret = Secret::new(secret.expose().to_owned());
    Ok(axum::Json(keys::find(&app, caller.reach, &secret).await?.into()))
}

/// Switches a key off: its next request is refused with `key_disabled`.
#[utoipa::path(post, path = "/v1/keys/{key_id}/disable", tag = "keys", operation_id = "disable_key",
    extensions(("x-permission" = json!("keys.write people.write"))), params(("key_id" = String, Path), wire::DryRunQuery),
    responses((status = 200, description = "As it is now.", body = wire::OrDryRun<wire::Changed<wire::Key>>)))]
async fn disable(
    State(app): State<App>,
    caller: Caller,
    ObjectId(id): ObjectId<KeyId>,
    Query(wire::DryRunQuery { dry_run }): Query<wire::DryRunQuery>,
) -> Result<Response, Problem> {
    if dry_run {
        return Ok(would_touch(keys::rehearse(&app, caller.reach, caller.actor, id, Deed::Disable).await?));
    }
    Ok(changed(keys::disable(&app, caller.reach, caller.actor, id).await?))
}

/// Switches a key on again.
#[utoipa::path(post, path = "/v1/keys/{key_id}/enable", tag = "keys", operation_id = "enable_key",
    extensions(("x-permission" = json!("keys.write people.write"))), params(("key_id" = String, Path)),
    responses((status = 200, description = "As it is now.", body = wire::Changed<wire::Key>)))]
async fn enable(State(app): State<App>, caller: Caller, ObjectId(id): ObjectId<KeyId>) -> Result<Response, Problem> {
    Ok(changed(keys::enable(&app, caller.reach, caller.actor, id).await?))
}

/// Gives a key a new secret; the old one stays good for the overlap. During an overlap: 409.
#[utoipa::path(post, path = "/v1/keys/{key_id}/rotate", tag = "keys", operation_id = "rotate_key",
    extensions(("x-permission" = json!("keys.write people.write"))), request_body = Option<wire::RotateKey>,
    params(("key_id" = String, Path)),
    responses((status = 200, description = "With its new secret.", body = wire::KeyWithSecret)))]
async fn rotate(
    State(app): State<App>,
    caller: Caller,
    ObjectId(id): ObjectId<KeyId>,
    OptionalJson(how): OptionalJson<wire::RotateKey>,
) -> Result<Response, Problem> {
    let lifetime = words::read_expires(how.expires)?;
    let made = keys::rotate(&app, caller.reach, caller.actor, id, i64::from(how.overlap_s), lifetime).await?;
    Ok(with_secret(made))
}

/// Undoes a rotation during its overlap: the new secret ends, the old one is in force again.
#[utoipa::path(post, path = "/v1/keys/{key_id}/rotate/cancel", tag = "keys", operation_id = "cancel_rotation",
    extensions(("x-permission" = json!("keys.write people.write"))), params(("key_id" = String, Path)),
    responses((status = 200, description = "As it is now.", body = wire::Changed<wire::Key>)))]
async fn cancel(State(app): State<App>, caller: Caller, ObjectId(id): ObjectId<KeyId>) -> Result<Response, Problem> {
    Ok(changed(keys::cancel_rotation(&app, caller.reach, caller.actor, id).await?))
}

/// Ends a rotation's overlap now: the old secret ends.
#[utoipa::path(post, path = "/v1/keys/{key_id}/rotate/complete", tag = "keys", operation_id = "complete_rotation",
    extensions(("x-permission" = json!("keys.write people.write"))), params(("key_id" = String, Path)),
    responses((status = 200, description = "As it is now.", body = wire::Changed<wire::Key>)))]
async fn complete(State(app): State<App>, caller: Caller, ObjectId(id): ObjectId<KeyId>) -> Result<Response, Problem> {
    Ok(changed(keys::complete_rotation(&app, caller.reach, caller.actor, id).await?))
}

/// Ends a key for good. It stays listed and frees its place.
#[utoipa::path(post, path = "/v1/keys/{key_id}/revoke", tag = "keys", operation_id = "revoke_key",
    extensions(("x-permission" = json!("keys.write people.write"))), params(("key_id" = String, Path), wire::DryRunQuery),
    responses((status = 200, description = "As it is now.", body = wire::OrDryRun<wire::Changed<wire::Key>>)))]
async fn revoke(
    State(app): State<App>,
    caller: Caller,
    ObjectId(id): ObjectId<KeyId>,
    Query(wire::DryRunQuery { dry_run }): Query<wire::DryRunQuery>,
) -> Result<Response, Problem> {
    if dry_run {
        return Ok(would_touch(keys::rehearse(&app, caller.reach, caller.actor, id, Deed::Revoke).await?));
    }
    Ok(changed(keys::revoke(&app, caller.reach, caller.actor, id).await?))
}

/// Shows a key's secret again, where its kind permits; audited. An operator reveals none.
#[utoipa::path(post, path = "/v1/keys/{key_id}/reveal", tag = "keys", operation_id = "reveal_key",
    extensions(("x-permission" = json!("anyone"))), params(("key_id" = String, Path)),
    responses((status = 200, description = "With its secret.", body = wire::KeyWithSecret)))]
async fn reveal(State(app): State<App>, caller: Caller, ObjectId(id): ObjectId<KeyId>) -> Result<Response, Problem> {
    Ok(with_secret(keys::reveal(&app, caller.reach, caller.actor, id, false).await?))
}

/// Gives a personal key a fresh secret; the old one ends at once.
#[utoipa::path(post, path = "/v1/keys/{key_id}/reset", tag = "keys", operation_id = "reset_key",
    extensions(("x-permission" = json!("people.write"))), request_body = Option<wire::ResetKey>,
    params(("key_id" = String, Path)),
    responses((status = 200, description = "With its new secret.", body = wire::KeyWithSecret)))]
async fn reset(
    State(app): State<App>,
    caller: Caller,
    ObjectId(id): ObjectId<KeyId>,
    OptionalJson(how): OptionalJson<wire::ResetKey>,
) -> Result<Response, Problem> {
    let lifetime = words::read_expires(how.expires)?;
    Ok(with_secret(keys::reset(&app, caller.reach, caller.actor, id, lifetime).await?))
}
