//! `/v1/keys`.

mod actions;
mod convert;
mod handing;
mod snooze;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use keyward_core::ids::KeyId;
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Deed, KeyFilter, Sight};
use crate::app::App;
use crate::changes::Reach;
use crate::http::{Caller, Filter, IdempotencyKey, IfMatch, Json, ObjectId, Problem, Query};
use crate::http::{id_parameter, list_problem, page_of, replayed, versioned, wire_page, words};

/// The routes of keys.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(mine))
        .routes(routes!(get, edit, delete))
        .merge(actions::routes())
        .merge(handing::routes())
        .merge(snooze::routes())
}

/// Lists keys, newest first; never with a secret.
#[utoipa::path(get, path = "/v1/keys", tag = "keys", operation_id = "list_keys",
    extensions(("x-permission" = json!("keys.read people.read"))), params(wire::KeyQuery),
    responses((status = 200, description = "A page.", body = wire::Page<wire::Key>)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Filter(query, metadata): Filter<wire::KeyQuery>,
) -> Result<axum::Json<wire::Page<wire::Key>>, Problem> {
    let page = page_of(query.limit, query.cursor);
    let filter = KeyFilter {
        account: id_parameter("account_id", query.account_id)?,
        api: query.api,
        kind: query.kind.map(words::read_kind),
        environment: query.environment.map(words::read_environment),
        standing: query.standing.map(words::read_standing),
        person: id_parameter("person_id", query.person_id)?,
        name: query.name,
        external_id: query.external_id,
        tag: query.tag,
        search: query.search,
        metadata,
    };
    let Some(filter) = Sight::of(&caller.actor)?.narrow(filter) else {
        return Ok(axum::Json(wire::Page { items: vec![], next_cursor: None }));
    };
    Ok(wire_page(super::list(&app, caller.reach, filter, page).await.map_err(list_problem)?))
}

/// Lists the personal keys that the caller holds, newest first; never with a secret.
#[utoipa::path(get, path = "/v1/me/keys", tag = "me", operation_id = "my_keys",
    extensions(("x-permission" = json!("person"))), params(wire::PageQuery),
    responses((status = 200, description = "A page.", body = wire::Page<wire::Key>)))]
async fn mine(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<wire::PageQuery>,
) -> Result<axum::Json<wire::Page<wire::Key>>, Problem> {
    let page = page_of(query.limit, query.cursor);
    // They are the person's, in whichever account.
    let filter = KeyFilter { person: Some(caller.person()?.id), ..KeyFilter::default() };
    Ok(wire_page(super::list(&app, Reach::All, filter, page).await.map_err(list_problem)?))
}

/// Makes a key; its secret is in this answer and, for most kinds, never again.
#[utoipa::path(post, path = "/v1/keys", tag = "keys", operation_id = "create_key",
    extensions(("x-permission" = json!("keys.write people.write"))), request_body = wire::NewKey,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request repeatable for 24 hours.")),
    responses((status = 201, description = "Made.", body = wire::KeyWithSecret)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    token: IdempotencyKey,
    Json(new): Json<wire::NewKey>,
) -> Result<Response, Problem> {
    let idempotency = token.of("POST /v1/keys", &new);
    let new = convert::new_key(new)?;
    let made = super::create(&app, caller.reach, caller.actor, new, idempotency).await?;
    let is_replay = made.replayed;
    let body = wire::KeyWithSecret::from(made);
    Ok(replayed(is_replay, versioned(StatusCode::CREATED, body.key.version, &body)))
}

/// A key; never with its secret.
#[utoipa::path(get, path = "/v1/keys/{key_id}", tag = "keys", operation_id = "get_key",
    extensions(("x-permission" = json!("keys.read people.read"))), params(("key_id" = String, Path)),
    responses((status = 200, description = "It, with its version as `ETag`.", body = wire::Key)))]
async fn get(State(app): State<App>, caller: Caller, ObjectId(id): ObjectId<KeyId>) -> Result<Response, Problem> {
    let key = super::get(&app, caller.reach, id).await?;
    Sight::of(&caller.actor)?.holds(&key)?;
    let key = wire::Key::from(key);
    Ok(versioned(StatusCode::OK, key.version, &key))
}

/// Changes a key: what is left out stays, `null` clears, lists are replaced as a whole. Its secret stays.
#[utoipa::path(patch, path = "/v1/keys/{key_id}", tag = "keys", operation_id = "edit_key",
    extensions(("x-permission" = json!("keys.write people.write"))), request_body = wire::KeyEdit,
    params(("key_id" = String, Path), wire::DryRunQuery,
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was read.")),
    responses((status = 200, description = "As it is now.", body = wire::OrDryRun<wire::Changed<wire::Key>>)))]
async fn edit(
    State(app): State<App>,
    caller: Caller,
    ObjectId(id): ObjectId<KeyId>,
    Query(wire::DryRunQuery { dry_run }): Query<wire::DryRunQuery>,
    IfMatch(version): IfMatch,
    Json(edit): Json<wire::KeyEdit>,
) -> Result<Response, Problem> {
    let edit = convert::key_edit(edit)?;
    if dry_run {
        let deed = Deed::Edit(Box::new(edit), version);
        return Ok(convert::would_touch(super::rehearse(&app, caller.reach, caller.actor, id, deed).await?));
    }
    let view = super::edit(&app, caller.reach, caller.actor, id, edit, version).await?;
    Ok(convert::changed(view))
}

/// Takes a key off the list. Its secrets end and answer like unknown ones.
#[utoipa::path(delete, path = "/v1/keys/{key_id}", tag = "keys", operation_id = "delete_key",
    extensions(("x-permission" = json!("keys.write people.write"))), params(("key_id" = String, Path), wire::DryRunQuery),
    responses((status = 200, description = "Gone.", body = wire::OrDryRun<wire::Done>)))]
async fn delete(
    State(app): State<App>,
    caller: Caller,
    ObjectId(id): ObjectId<KeyId>,
    Query(wire::DryRunQuery { dry_run }): Query<wire::DryRunQuery>,
) -> Result<Response, Problem> {
    if dry_run {
        let impact = super::rehearse(&app, caller.reach, caller.actor, id, Deed::Delete).await?;
        return Ok(convert::would_touch(impact));
    }
    super::delete(&app, caller.reach, caller.actor, id).await?;
    Ok(axum::Json(wire::Done { effective: wire::Effective::All }).into_response())
}
