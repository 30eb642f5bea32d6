//! `/v1/accounts/{account_id}/roles`.

use axum::extract::State;
use keyward_core::ids::AccountId;
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{RoleSpec, RoleView};
use crate::app::App;
use crate::http::{Caller, Json, ObjectId, Problem, SecondId};

/// The routes of roles.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(put, delete))
}

impl From<RoleView> for wire::Role {
    fn from(view: RoleView) -> Self {
        Self {
            name: view.name,
            title: view.title,
            description: view.description,
            permissions: view.may.words(),
            own: view.own,
        }
    }
}

/// Lists the roles that people of an account can have: the API's, then the account's own.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/roles", tag = "roles", operation_id = "list_roles",
    extensions(("x-permission" = json!("people.read"))), params(("account_id" = String, Path)),
    responses((status = 200, description = "All of them.", body = wire::Page<wire::Role>)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
) -> Result<axum::Json<wire::Page<wire::Role>>, Problem> {
    let items = super::list(&app, caller.reach, account).await?.into_iter().map(Into::into).collect();
    Ok(axum::Json(wire::Page { items, next_cursor: None }))
}

/// Makes or changes a role of the account's own. It never permits everything, nor more than you may yourself.
#[utoipa::path(put, path = "/v1/accounts/{account_id}/roles/{role}", tag = "roles", operation_id = "put_role",
    extensions(("x-permission" = json!("people.write"))), request_body = wire::RoleSpec,
    params(("account_id" = String, Path), ("role" = String, Path)),
    responses((status = 200, description = "As it is now.", body = wire::Changed<wire::Role>)))]
async fn put(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
    SecondId(name): SecondId<String>,
    Json(spec): Json<wire::RoleSpec>,
) -> Result<axum::Json<wire::Changed<wire::Role>>, Problem> {
    let spec = RoleSpec { title: spec.title, permissions: spec.permissions };
    let role = super::put(&app, caller.reach, caller.actor, account, name, spec).await?;
    Ok(axum::Json(wire::Changed { object: role.into(), effective: wire::Effective::All }))
}

/// Removes a role of the account's own that nobody has.
#[utoipa::path(delete, path = "/v1/accounts/{account_id}/roles/{role}", tag = "roles", operation_id = "delete_role",
    extensions(("x-permission" = json!("people.write"))),
    params(("account_id" = String, Path), ("role" = String, Path)),
    responses((status = 200, description = "Gone.", body = wire::Done)))]
async fn delete(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
    SecondId(name): SecondId<String>,
) -> Result<axum::Json<wire::Done>, Problem> {
    super::delete(&app, caller.reach, caller.actor, account, name).await?;
    Ok(axum::Json(wire::Done { effective: wire::Effective::All }))
}
