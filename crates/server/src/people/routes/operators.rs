//! `/v1/operators`: those who run the deployment.

use axum::Json as Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use keyward_core::ids::PersonId;
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::link;
use crate::app::App;
use crate::http::{Caller, Json, ObjectId, Problem, words};
use crate::people::{self, OperatorView};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(edit, remove))
}

impl From<OperatorView> for wire::Operator {
    fn from(view: OperatorView) -> Self {
        Self {
            id: view.id.to_string(),
            name: view.name,
            email: view.email,
            joined: view.joined,
            suspended: view.suspended,
            has_totp: view.has_totp,
            signed_in_at: view.signed_in_at.map(words::at),
            created_at: words::at(view.created_at),
        }
    }
}

/// Lists those who run the deployment.
#[utoipa::path(get, path = "/v1/operators", tag = "operators", operation_id = "list_operators",
    extensions(("x-permission" = json!("operator"))),
    responses((status = 200, description = "All of them.", body = wire::Page<wire::Operator>)))]
async fn list(State(app): State<App>) -> Result<Body<wire::Page<wire::Operator>>, Problem> {
    let items = people::operators(&app).await?.into_iter().map(Into::into).collect();
    Ok(Body(wire::Page { items, next_cursor: None }))
}

/// Invites somebody to run the deployment; the answer holds the link to hand to them.
#[utoipa::path(post, path = "/v1/operators", tag = "operators", operation_id = "add_operator",
    extensions(("x-permission" = json!("operator"))), request_body = wire::NewOperator,
    responses((status = 201, description = "Added.", body = wire::OperatorAdded)))]
async fn add(State(app): State<App>, caller: Caller, Json(new): Json<wire::NewOperator>) -> Result<Response, Problem> {
    let (operator, invitation) = people::add_operator(&app, caller.actor, new.name, new.email).await?;
    let body = wire::OperatorAdded {
        operator: operator.into(),
        invitation: link(&app, "invitation", &invitation),
        effective: wire::Effective::All,
    };
    Ok((StatusCode::CREATED, Body(body)).into_response())
}

/// Shuts an operator out, or lets them in again. The last one who can sign in stays.
#[utoipa::path(patch, path = "/v1/operators/{person_id}", tag = "operators", operation_id = "edit_operator",
    extensions(("x-permission" = json!("operator"))), request_body = wire::OperatorEdit,
    params(("person_id" = String, Path)),
    responses((status = 200, description = "As they are now.", body = wire::Changed<wire::Operator>)))]
async fn edit(
    State(app): State<App>,
    caller: Caller,
    ObjectId(id): ObjectId<PersonId>,
    Json(edit): Json<wire::OperatorEdit>,
) -> Result<Body<wire::Changed<wire::Operator>>, Problem> {
    let view = people::edit_operator(&app, caller.actor, id, edit.suspended).await?;
    Ok(Body(wire::Changed { object: view.into(), effective: wire::Effective::All }))
}

/// Takes the deployment out of somebody's hands; what they are in accounts stays. The last one who can sign in stays.
#[utoipa::path(delete, path = "/v1/operators/{person_id}", tag = "operators", operation_id = "remove_operator",
    extensions(("x-permission" = json!("operator"))), params(("person_id" = String, Path)),
    responses((status = 200, description = "Gone.", body = wire::Done)))]
async fn remove(
    State(app): State<App>,
    caller: Caller,
    ObjectId(id): ObjectId<PersonId>,
) -> Result<Body<wire::Done>, Problem> {
    people::remove_operator(&app, caller.actor, id).await?;
    Ok(Body(wire::Done { effective: wire::Effective::All }))
}
