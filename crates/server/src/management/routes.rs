//! `/v1/management-keys` and `/v1/whoami`.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use keyward_core::expiry::Lifetime;
use keyward_core::ids::{BadId, ManagementKeyId};
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{ManagementKeyView, NewManagementKey};
use crate::app::App;
use crate::changes::Reach;
use crate::http::{Caller, IdempotencyKey, Json, ObjectId, Problem, Query};
use crate::http::{list_problem, page_of, replayed, wire_page, words};

/// The routes of management keys.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, revoke)).routes(routes!(whoami))
}

impl From<ManagementKeyView> for wire::ManagementKey {
    fn from(view: ManagementKeyView) -> Self {
        Self {
            id: view.id.to_string(),
            name: view.name,
            account_id: view.account.map(|account| account.to_string()),
            permissions: view.may.words(),
            hint: view.hint,
            expires_at: view.expires_at.map(words::at),
            revoked_at: view.revoked_at.map(words::at),
            created_by: view.created_by,
            created_at: words::at(view.created_at),
        }
    }
}

/// Lists management keys, newest first; never with a secret.
#[utoipa::path(get, path = "/v1/management-keys", tag = "management keys", operation_id = "list_management_keys",
    extensions(("x-permission" = json!("settings.read"))), params(wire::PageQuery),
    responses((status = 200, description = "A page.", body = wire::Page<wire::ManagementKey>)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<wire::PageQuery>,
) -> Result<axum::Json<wire::Page<wire::ManagementKey>>, Problem> {
    let page = page_of(query.limit, query.cursor);
    Ok(wire_page(super::list(&app, caller.reach, page).await.map_err(list_problem)?))
}

/// Makes a management key for all accounts or one; its secret is shown this once.
#[utoipa::path(post, path = "/v1/management-keys", tag = "management keys", operation_id = "create_management_key",
    extensions(("x-permission" = json!("settings.write"))),
    request_body = wire::NewManagementKey,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request repeatable for 24 hours.")),
    responses((status = 201, description = "Made.", body = wire::ManagementKeyCreated)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    token: IdempotencyKey,
    Json(new): Json<wire::NewManagementKey>,
) -> Result<Response, Problem> {
    let idempotency = token.of("POST /v1/management-keys", &new);
    let account = new.account_id.as_deref().map(str::parse).transpose();
    let account = account.map_err(|why: BadId| Problem::field("/account_id", why.to_string()))?;
    let lifetime = words::read_expires(new.expires)?.unwrap_or(Lifetime::Infinite);
    let new = NewManagementKey { name: new.name, account, permissions: new.permissions, lifetime };
    let made = super::create(&app, caller.reach, caller.actor, new, idempotency).await?;
    let body = wire::ManagementKeyCreated {
        key: made.key.into(),
        secret: made.secret.map(|secret| wire::SecretText::new(secret.expose())),
        effective: wire::Effective::All,
    };
    Ok(replayed(made.replayed, (StatusCode::CREATED, axum::Json(body)).into_response()))
}

/// A management key; never with its secret.
#[utoipa::path(get, path = "/v1/management-keys/{management_key_id}", tag = "management keys",
    operation_id = "get_management_key",
    extensions(("x-permission" = json!("settings.read"))), params(("management_key_id" = String, Path)),
    responses((status = 200, description = "It.", body = wire::ManagementKey)))]
async fn get(
    State(app): State<App>,
    caller: Caller,
    ObjectId(id): ObjectId<ManagementKeyId>,
) -> Result<axum::Json<wire::ManagementKey>, Problem> {
    Ok(axum::Json(super::get(&app, caller.reach, id).await?.into()))
}

/// Ends a management key for good; it stays listed.
#[utoipa::path(delete, path = "/v1/management-keys/{management_key_id}", tag = "management keys",
    operation_id = "revoke_management_key",
    extensions(("x-permission" = json!("settings.write"))), params(("management_key_id" = String, Path)),
    responses((status = 200, description = "As it is now.", body = wire::Changed<wire::ManagementKey>)))]
async fn revoke(
    State(app): State<App>,
    caller: Caller,
    ObjectId(id): ObjectId<ManagementKeyId>,
) -> Result<axum::Json<wire::Changed<wire::ManagementKey>>, Problem> {
    let view = super::revoke(&app, caller.reach, caller.actor, id).await?;
    Ok(axum::Json(wire::Changed { object: view.into(), effective: wire::Effective::All }))
}

/// Who the caller is.
#[utoipa::path(get, path = "/v1/whoami", tag = "management keys", operation_id = "whoami",
    extensions(("x-permission" = json!("anyone"))),
    responses((status = 200, description = "The caller.", body = wire::Whoami)))]
async fn whoami(caller: Caller) -> axum::Json<wire::Whoami> {
    let account_id = match caller.reach {
        Reach::All => None,
        Reach::Account(account) => Some(account.to_string()),
    };
    axum::Json(wire::Whoami {
        management_key_id: caller.management_key().map(|id| id.to_string()),
        person_id: caller.actor.person.map(|person| person.id.to_string()),
        account_id,
        permissions: caller.actor.may.words(),
        actor: caller.actor.who,
        server_version: env!("CARGO_PKG_VERSION").into(),
    })
}
