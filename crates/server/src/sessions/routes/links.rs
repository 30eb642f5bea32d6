//! What links lead to: another password, the first operator.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Visitor, secret, welcome};
use crate::app::App;
use crate::http::{Json, Problem};
use crate::sessions::operators::NewOperator;
use crate::sessions::{self, operators, reset};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(ask)).routes(routes!(complete)).routes(routes!(set_up))
}

/// Asks for a link to set another password. The answer is the same whether or not anybody has this address.
#[utoipa::path(post, path = "/v1/password-reset", tag = "signing in", operation_id = "ask_for_password_reset",
    extensions(("x-permission" = json!("public"))), request_body = wire::PasswordReset,
    responses((status = 202, description = "If somebody has this address, they are sent a link.")))]
async fn ask(
    State(app): State<App>,
    visitor: Visitor,
    Json(sent): Json<wire::PasswordReset>,
) -> Result<StatusCode, Problem> {
    reset::count(&app, visitor.origin.as_deref()).await?;
    let place = reset::place(&app)?;
    // After the answer, so that it takes as long for an address that nobody has.
    tokio::spawn(async move {
        let _place = place;
        if let Err(why) = reset::ask(&app, &sent.email, visitor.origin).await {
            tracing::warn!(%why, "a link to set another password was not made");
        }
    });
    Ok(StatusCode::ACCEPTED)
}

/// Sets another password by a link; every sign-in of its person ends.
#[utoipa::path(post, path = "/v1/password-reset/complete", tag = "signing in", operation_id = "complete_password_reset",
    extensions(("x-permission" = json!("public"))), request_body = wire::PasswordResetCompletion,
    responses((status = 204, description = "Set; sign in with it."),
        (status = 410, description = "`link_not_valid`: unknown, used, or too old.", body = wire::Problem)))]
async fn complete(
    State(app): State<App>,
    visitor: Visitor,
    Json(sent): Json<wire::PasswordResetCompletion>,
) -> Result<StatusCode, Problem> {
    sessions::complete_reset(&app, secret(&sent.token), secret(&sent.new_password), visitor.origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets up the first operator, by the link that the program printed when it started, and signs them in.
#[utoipa::path(post, path = "/v1/setup", tag = "signing in", operation_id = "set_up",
    extensions(("x-permission" = json!("public"))), request_body = wire::Setup,
    responses((status = 201, description = "Set up and signed in.", body = wire::SignedIn),
        (status = 410, description = "`link_not_valid`: unknown, used, too old, or there is an operator.", body = wire::Problem)))]
async fn set_up(State(app): State<App>, visitor: Visitor, Json(sent): Json<wire::Setup>) -> Result<Response, Problem> {
    let new = NewOperator { name: sent.name, email: sent.email };
    let place = (visitor.origin, visitor.agent);
    let token = operators::set_up(&app, secret(&sent.token), new, secret(&sent.password), place).await?;
    welcome(&app, &token, StatusCode::CREATED).await
}
