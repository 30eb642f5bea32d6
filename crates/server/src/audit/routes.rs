//! `/v1/audit`.

use axum::extract::State;
use keyward_core::ids::{AccountId, BadId};
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{AuditFilter, AuditView};
use crate::app::App;
use crate::http::{Caller, Problem, Query};
use crate::http::{list_problem, page_of, wire_page, words};

/// The routes of the audit.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

impl From<AuditView> for wire::AuditEvent {
    fn from(view: AuditView) -> Self {
        Self {
            id: format!("{}.{}", view.epoch, view.place),
            at: words::at(view.at),
            actor: view.actor,
            origin: view.origin,
            action: view.action,
            subject: view.subject,
            account_id: view.account.map(|account| account.to_string()),
            before: view.before,
            after: view.after,
        }
    }
}

/// Lists changes, newest first.
#[utoipa::path(get, path = "/v1/audit", tag = "audit", operation_id = "list_audit",
    extensions(("x-permission" = json!("audit.read"))), params(wire::AuditQuery),
    responses((status = 200, description = "A page.", body = wire::Page<wire::AuditEvent>)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<wire::AuditQuery>,
) -> Result<axum::Json<wire::Page<wire::AuditEvent>>, Problem> {
    let account: Option<AccountId> = query
        .account_id
        .map(|id| id.parse().map_err(|why: BadId| Problem::parameter("account_id", why.to_string())))
        .transpose()?;
    let page = page_of(query.limit, query.cursor);
    let filter = AuditFilter { account, subject: query.subject, actor: query.actor, action: query.action };
    Ok(wire_page(super::list(&app, caller.reach, filter, page).await.map_err(list_problem)?))
}
