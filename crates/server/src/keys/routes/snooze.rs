//! `/v1/keys/{key_id}/snooze`.

use axum::extract::State;
use axum::response::Response;
use keyward_core::ids::KeyId;
use keyward_core::time::UnixMs;
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::convert::changed;
use crate::app::App;
use crate::http::{Caller, Json, ObjectId, Problem};
use crate::keys;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(snooze, wake))
}

/// Lets nobody be reminded of a key's end for a while. That it has ended is told all the same; another end, or a new
/// lifetime, ends this.
#[utoipa::path(put, path = "/v1/keys/{key_id}/snooze", tag = "keys", operation_id = "snooze_key",
    extensions(("x-permission" = json!("keys.write people.write"))), params(("key_id" = String, Path)),
    request_body = wire::Snooze,
    responses((status = 200, description = "As it is now.", body = wire::Changed<wire::Key>)))]
async fn snooze(
    State(app): State<App>,
    caller: Caller,
    ObjectId(id): ObjectId<KeyId>,
    Json(wire::Snooze { until }): Json<wire::Snooze>,
) -> Result<Response, Problem> {
    let until = UnixMs::parse_rfc3339(&until);
    let until = until.ok_or_else(|| Problem::field("/until", "an RFC 3339 time with an offset"))?;
    Ok(changed(keys::snooze(&app, caller.reach, caller.actor, id, Some(until)).await?))
}

/// Lets those concerned be reminded of a key's end again.
#[utoipa::path(delete, path = "/v1/keys/{key_id}/snooze", tag = "keys", operation_id = "end_snooze",
    extensions(("x-permission" = json!("keys.write people.write"))), params(("key_id" = String, Path)),
    responses((status = 200, description = "As it is now.", body = wire::Changed<wire::Key>)))]
async fn wake(State(app): State<App>, caller: Caller, ObjectId(id): ObjectId<KeyId>) -> Result<Response, Problem> {
    Ok(changed(keys::snooze(&app, caller.reach, caller.actor, id, None).await?))
}
