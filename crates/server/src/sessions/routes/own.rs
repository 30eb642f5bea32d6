//! What people do with their own sign-ins and password.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use keyward_core::ids::SessionId;
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{secret, session, with_cookie, without_cookie};
use crate::app::App;
use crate::http::{Caller, Json, ObjectId, Problem, Query, words};
use crate::sessions::{self, SessionView};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, end_all)).routes(routes!(end)).routes(routes!(change_password))
}

fn shown(view: SessionView, current: SessionId) -> wire::Session {
    wire::Session {
        id: view.id.to_string(),
        current: view.id == current,
        method: view.method,
        origin: view.origin,
        agent: view.agent,
        created_at: words::at(view.created_at),
        seen_at: words::at(view.seen_at),
        expires_at: words::at(view.expires_at),
    }
}

/// Lists one's own sign-ins, newest first.
#[utoipa::path(get, path = "/v1/me/sessions", tag = "signing in", operation_id = "list_own_sessions",
    extensions(("x-permission" = json!("person"))),
    responses((status = 200, description = "All of them.", body = wire::Sessions)))]
async fn list(State(app): State<App>, caller: Caller) -> Result<axum::Json<wire::Sessions>, Problem> {
    let (current, person) = (session(&caller)?, caller.person()?.id);
    let items = sessions::list(&app, person).await?;
    Ok(axum::Json(wire::Sessions { items: items.into_iter().map(|view| shown(view, current)).collect() }))
}

/// Ends one of one's own sign-ins.
#[utoipa::path(delete, path = "/v1/me/sessions/{session_id}", tag = "signing in", operation_id = "end_own_session",
    extensions(("x-permission" = json!("person"))), params(("session_id" = String, Path)),
    responses((status = 204, description = "Ended.")))]
async fn end(State(app): State<App>, caller: Caller, ObjectId(id): ObjectId<SessionId>) -> Result<Response, Problem> {
    let is_own = session(&caller)? == id;
    sessions::sign_out(&app, caller.actor, id).await?;
    Ok(if is_own { without_cookie() } else { StatusCode::NO_CONTENT.into_response() })
}

/// Ends all of one's own sign-ins.
#[utoipa::path(delete, path = "/v1/me/sessions", tag = "signing in", operation_id = "end_own_sessions",
    extensions(("x-permission" = json!("person"))), params(wire::EndSessions),
    responses((status = 204, description = "Ended.")))]
async fn end_all(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<wire::EndSessions>,
) -> Result<Response, Problem> {
    let keep = query.keep_current.unwrap_or_default().then(|| session(&caller)).transpose()?;
    sessions::sign_out_everywhere(&app, caller.actor, keep).await?;
    Ok(if keep.is_some() { StatusCode::NO_CONTENT.into_response() } else { without_cookie() })
}

/// Sets another password; every other sign-in ends, and this one gets another cookie.
#[utoipa::path(post, path = "/v1/me/password", tag = "signing in", operation_id = "change_own_password",
    extensions(("x-permission" = json!("person"))), request_body = wire::PasswordChange,
    responses((status = 204, description = "Set."),
        (status = 401, description = "`invalid_credentials`: the current password is wrong.", body = wire::Problem)))]
async fn change_password(
    State(app): State<App>,
    caller: Caller,
    Json(sent): Json<wire::PasswordChange>,
) -> Result<Response, Problem> {
    let session = session(&caller)?;
    let current = sent.current_password.as_ref().map(secret);
    let token = sessions::change_password(&app, caller.actor, session, current, secret(&sent.new_password)).await?;
    Ok(with_cookie(&token, StatusCode::NO_CONTENT))
}
