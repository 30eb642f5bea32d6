//! `/v1/audit`.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use keyward_core::ids::{AccountId, BadId};
use keyward_core::time::UnixMs;
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{AuditFilter, AuditView, Export, export};
use crate::app::App;
use crate::http::{Caller, Problem, Query};
use crate::http::{list_problem, page_of, wire_page, words};
use crate::operation::csv;

/// The routes of the audit.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(export_audit))
}

impl From<AuditView> for wire::AuditEvent {
    fn from(view: AuditView) -> Self {
        Self {
            id: format!("{}.{}", view.epoch, view.place),
            seq: view.seq,
            at: words::at(view.at),
            actor: view.actor,
            origin: view.origin,
            action: view.action,
            subject: view.subject,
            account_id: view.account.map(|account| account.to_string()),
            before: view.before,
            after: view.after,
            mac: view.mac,
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
    let account = account_of(query.account_id)?;
    let page = page_of(query.limit, query.cursor);
    let wire::AuditQuery { subject, actor, action, .. } = query;
    let filter = AuditFilter { account, subject, actor, action, ..AuditFilter::default() };
    Ok(wire_page(super::list(&app, caller.reach, filter, page).await.map_err(list_problem)?))
}

/// Exports changes, oldest first: `application/x-ndjson` or `text/csv`. An answer that breaks off is not whole.
#[utoipa::path(get, path = "/v1/audit/export", tag = "audit", operation_id = "export_audit",
    params(wire::AuditExportQuery), extensions(("x-permission" = json!("audit.read"))),
    responses((status = 200, description = "All of them.", body = String, content_type = "application/x-ndjson")))]
async fn export_audit(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<wire::AuditExportQuery>,
) -> Result<Response, Problem> {
    let filter = AuditFilter {
        account: account_of(query.account_id)?,
        since: instant("since", query.since)?,
        until: instant("until", query.until)?,
        ..AuditFilter::default()
    };
    let format = query.format;
    let (kind, file) = match format {
        wire::AuditFormat::Ndjson => ("application/x-ndjson", "attachment; filename=\"audit.ndjson\""),
        wire::AuditFormat::Csv => ("text/csv; charset=utf-8; header=present", "attachment; filename=\"audit.csv\""),
    };
    let under_way = export::export(&app, caller.reach, filter).await?;
    let first = match format {
        wire::AuditFormat::Ndjson => String::new(),
        wire::AuditFormat::Csv => csv(&HEADINGS),
    };
    let pieces =
        futures_util::stream::try_unfold((under_way, first), move |(export, first)| piece(export, first, format));
    let headers = [(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, file)];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

const HEADINGS: [&str; 11] =
    ["seq", "id", "at", "actor", "origin", "action", "subject", "account_id", "before", "after", "mac"];

/// The next piece of an export, with what stands before it.
async fn piece(
    mut export: Export,
    mut text: String,
    format: wire::AuditFormat,
) -> Result<Option<(Bytes, (Export, String))>, axum::BoxError> {
    let views =
        export.piece().await.inspect_err(|error| tracing::error!(%error, "an export of the audit broke off"))?;
    if views.is_empty() && text.is_empty() {
        return Ok(None);
    }
    for view in views {
        write(&mut text, view.into(), format)?;
    }
    Ok(Some((text.into(), (export, String::new()))))
}

fn write(text: &mut String, event: wire::AuditEvent, format: wire::AuditFormat) -> serde_json::Result<()> {
    match format {
        wire::AuditFormat::Ndjson => {
            text.push_str(&serde_json::to_string(&event)?);
            text.push('\n');
        }
        wire::AuditFormat::Csv => {
            let wire::AuditEvent { id, seq, at, actor, origin, action, subject, account_id, before, after, mac } =
                event;
            let value = |value: Option<serde_json::Value>| value.map(|value| value.to_string()).unwrap_or_default();
            let (seq, before, after) = (seq.to_string(), value(before), value(after));
            let (origin, account) = (origin.unwrap_or_default(), account_id.unwrap_or_default());
            text.push_str(&csv(&[&seq, &id, &at, &actor, &origin, &action, &subject, &account, &before, &after, &mac]));
        }
    }
    Ok(())
}

fn account_of(id: Option<String>) -> Result<Option<AccountId>, Problem> {
    id.map(|id| id.parse().map_err(|why: BadId| Problem::parameter("account_id", why.to_string()))).transpose()
}

fn instant(name: &str, text: Option<String>) -> Result<Option<UnixMs>, Problem> {
    let read = |text: String| {
        UnixMs::parse_rfc3339(&text).ok_or_else(|| Problem::parameter(name, "an RFC 3339 time with an offset"))
    };
    text.map(read).transpose()
}
