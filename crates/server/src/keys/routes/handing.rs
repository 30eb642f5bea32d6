//! Handing over the secret of a key that has none yet: `POST /v1/keys/{key_id}/…` and `/v1/pick-up`.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keyward_core::ids::KeyId;
use keyward_core::secret::Secret;
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::convert::{changed, with_secret};
use crate::app::App;
use crate::http::{Caller, IfMatch, Json, ObjectId, OptionalJson, Peer, Problem, versioned};
use crate::keys;
use crate::operation::OpError;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(approve))
        .routes(routes!(decline))
        .routes(routes!(collect))
        .routes(routes!(send, withdraw))
        .routes(routes!(look))
        .routes(routes!(pick_up))
}

/// Approves a key that waits for a second admin: its requester can collect the secret, or a link can be sent. Nobody
/// approves the own request.
#[utoipa::path(post, path = "/v1/keys/{key_id}/approve", tag = "keys", operation_id = "approve_key",
    extensions(("x-permission" = json!("settings.write"))),
    params(("key_id" = String, Path),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was read.")),
    responses((status = 200, description = "As it is now.", body = wire::Changed<wire::Key>)))]
async fn approve(
    State(app): State<App>,
    caller: Caller,
    ObjectId(id): ObjectId<KeyId>,
    IfMatch(version): IfMatch,
) -> Result<Response, Problem> {
    Ok(changed(keys::approve(&app, caller.reach, caller.actor, id, version).await?))
}

/// Turns down a key that waits for a second admin: it is revoked.
#[utoipa::path(post, path = "/v1/keys/{key_id}/decline", tag = "keys", operation_id = "decline_key",
    extensions(("x-permission" = json!("settings.write"))), request_body = Option<wire::DeclineKey>,
    params(("key_id" = String, Path)),
    responses((status = 200, description = "As it is now.", body = wire::Changed<wire::Key>)))]
async fn decline(
    State(app): State<App>,
    caller: Caller,
    ObjectId(id): ObjectId<KeyId>,
    OptionalJson(why): OptionalJson<wire::DeclineKey>,
) -> Result<Response, Problem> {
    Ok(changed(keys::decline(&app, caller.reach, caller.actor, id, why.reason).await?))
}

/// Makes the secret of an approved key and shows it, once, to who asked for the key.
#[utoipa::path(post, path = "/v1/keys/{key_id}/collect", tag = "keys", operation_id = "collect_key",
    extensions(("x-permission" = json!("keys.write people.write"))), params(("key_id" = String, Path)),
    responses((status = 200, description = "With its secret.", body = wire::KeyWithSecret)))]
async fn collect(State(app): State<App>, caller: Caller, ObjectId(id): ObjectId<KeyId>) -> Result<Response, Problem> {
    Ok(with_secret(keys::collect(&app, caller.reach, caller.actor, id).await?))
}

/// Makes a link with which the secret of a waiting key is picked up once; the link before it ends.
#[utoipa::path(post, path = "/v1/keys/{key_id}/pickup", tag = "keys", operation_id = "send_key_for_pickup",
    extensions(("x-permission" = json!("keys.write people.write"))), request_body = Option<wire::NewPickup>,
    params(("key_id" = String, Path)),
    responses((status = 200, description = "With the link, shown this once.", body = wire::PickupSent)))]
async fn send(
    State(app): State<App>,
    caller: Caller,
    ObjectId(id): ObjectId<KeyId>,
    OptionalJson(new): OptionalJson<wire::NewPickup>,
) -> Result<Response, Problem> {
    let (key, link) = keys::send_for_pickup(&app, caller.reach, caller.actor, id, new.recipient).await?;
    let version = key.version;
    let body = wire::PickupSent { key: key.into(), pickup: link.into(), effective: wire::Effective::All };
    Ok(versioned(StatusCode::OK, version, &body))
}

/// Ends the link of a waiting key; another can be made.
#[utoipa::path(delete, path = "/v1/keys/{key_id}/pickup", tag = "keys", operation_id = "withdraw_pickup",
    extensions(("x-permission" = json!("keys.write people.write"))), params(("key_id" = String, Path)),
    responses((status = 200, description = "As it is now.", body = wire::Changed<wire::Key>)))]
async fn withdraw(State(app): State<App>, caller: Caller, ObjectId(id): ObjectId<KeyId>) -> Result<Response, Problem> {
    Ok(changed(keys::withdraw_link(&app, caller.reach, caller.actor, id).await?))
}

/// Says what a link is for; nothing secret. The link stays good.
#[utoipa::path(post, path = "/v1/pick-up/look", tag = "pick-up", operation_id = "look_at_pickup",
    extensions(("x-permission" = json!("public"))), request_body = wire::PickUp,
    responses((status = 200, description = "What it is for.", body = wire::PickUpLook)))]
async fn look(
    State(app): State<App>,
    Json(wire::PickUp { token }): Json<wire::PickUp>,
) -> Result<axum::Json<wire::PickUpLook>, Problem> {
    let look = keys::look_at_link(&app, &Secret::new(token.expose().to_owned())).await.map_err(link_problem)?;
    Ok(axum::Json(look.into()))
}

/// Makes a waiting key's secret and shows it, once. The link is then used up.
#[utoipa::path(post, path = "/v1/pick-up", tag = "pick-up", operation_id = "pick_up",
    extensions(("x-permission" = json!("public"))), request_body = wire::PickUp,
    responses((status = 200, description = "With its secret.", body = wire::KeyWithSecret)))]
async fn pick_up(
    State(app): State<App>,
    peer: Option<Extension<Peer>>,
    Json(wire::PickUp { token }): Json<wire::PickUp>,
) -> Result<Response, Problem> {
    let origin = peer.map(|Extension(Peer(peer))| peer.ip().to_string());
    let token = Secret::new(token.expose().to_owned());
    let picked = keys::pick_up(&app, origin, &token).await.map_err(link_problem)?;
    Ok(with_secret(picked))
}

/// Used up, ended, withdrawn, unknown: all alike.
fn link_problem(error: OpError) -> Problem {
    match error {
        OpError::NotFound => {
            let detail = "This link is not valid, or no longer. Ask whoever sent it for another.";
            Problem::new(StatusCode::NOT_FOUND, "link_not_valid", detail)
        }
        other => other.into(),
    }
}
