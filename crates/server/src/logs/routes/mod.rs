//! `/v1/logs`.

mod convert;
mod file;
mod tail;

use axum::Json;
use axum::extract::State;
use keyward_core::time::UnixMs;
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Filter, KeyNames, LogsError, Place, Record};
use crate::app::App;
use crate::changes::Reach;
use crate::http::{Caller, Problem, Query, words};

/// Rows of a page where nothing is said, and at most.
const PAGE: u32 = 100;
const PAGE_MAX: u32 = 1_000;

/// The routes of the request log.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(file::export))
        .routes(routes!(tail::tail))
        .routes(routes!(bodies))
        .routes(routes!(status))
}

impl From<LogsError> for Problem {
    fn from(error: LogsError) -> Self {
        Self::unavailable(&error)
    }
}

/// Confines a filter to what a caller reaches; `None`: nothing of what was asked for is theirs.
fn confined(filter: Filter, caller: &Caller) -> Option<Filter> {
    match caller.reach {
        Reach::All => Some(filter),
        Reach::Account(own) => {
            let is_own = filter.account.is_none_or(|asked| asked == own);
            is_own.then_some(Filter { account: Some(own), ..filter })
        }
    }
}

/// Records as rows, with the names that keys have now.
pub(crate) async fn entries(app: &App, records: &[Record]) -> sqlx::Result<Vec<wire::LogEntry>> {
    let mut keys = KeyNames::new(app.db.clone());
    keys.learn(records).await?;
    Ok(records.iter().map(|record| convert::entry(app.logs.names(), &keys, record)).collect())
}

/// Lists requests, newest first: allowed and refused ones. Rows are there a second after their answers ended.
#[utoipa::path(get, path = "/v1/logs", tag = "logs", operation_id = "list_logs",
    extensions(("x-permission" = json!("logs.read"))), params(wire::LogQuery),
    responses((status = 200, description = "A page.", body = wire::LogPage)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<wire::LogQuery>,
) -> Result<Json<wire::LogPage>, Problem> {
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(Problem::parameter("limit", format!("a whole number from 1 to {PAGE_MAX}")));
    }
    let from = query
        .cursor
        .as_deref()
        .map(Place::decode)
        .map(|place| place.ok_or_else(|| Problem::parameter("cursor", "not a cursor")));
    let from = from.transpose()?;
    let filter = convert::filter(query.filter())?;
    let since = filter.since.unwrap_or(UnixMs(0));
    let until = filter.until.unwrap_or_else(|| app.clock.now().plus(1));
    let missing = super::missing(&app, since, until).await.map_err(LogsError::from)?;
    let missing = missing.into_iter().map(convert::missing).collect();
    let Some(filter) = confined(filter, &caller) else {
        return Ok(Json(wire::LogPage { items: vec![], next_cursor: None, missing }));
    };
    let found = app.logs.newest(filter, from, limit as usize).await?;
    let items = entries(&app, &found.records).await.map_err(LogsError::from)?;
    Ok(Json(wire::LogPage { items, next_cursor: found.next.map(|place| place.encode()), missing }))
}

/// What was kept of one request's bodies, on a route with `log_bodies`.
#[utoipa::path(get, path = "/v1/logs/bodies", tag = "logs", operation_id = "get_log_bodies",
    extensions(("x-permission" = json!("logs.read"))), params(wire::LogBodiesQuery),
    responses((status = 200, description = "As much as was kept.", body = wire::LogBodies)))]
async fn bodies(
    State(app): State<App>,
    caller: Caller,
    Query(wire::LogBodiesQuery { request_id }): Query<wire::LogBodiesQuery>,
) -> Result<Json<wire::LogBodies>, Problem> {
    let filter = Filter { request_id: Some(request_id), account: caller.reach.within(), ..Filter::default() };
    let found = app.logs.newest(filter, None, 1).await?;
    let record = found.records.first().ok_or_else(Problem::not_found)?;
    Ok(Json(record.bodies.as_ref().map_or_else(wire::LogBodies::default, |bodies| convert::bodies(bodies))))
}

/// How the log does: what was decided, stored and dropped, and whether it can be written.
#[utoipa::path(get, path = "/v1/logs/status", tag = "logs", operation_id = "log_status",
    extensions(("x-permission" = json!("operator"))),
    responses((status = 200, description = "The state of it.", body = wire::LogStatus)))]
async fn status(State(app): State<App>, _caller: Caller) -> Result<Json<wire::LogStatus>, Problem> {
    let off = || Problem::unavailable(&"the request log was not started");
    let (tally, holding) = app.logs.tally().zip(app.logs.holding()).ok_or_else(off)?;
    let all = super::missing(&app, UnixMs(0), app.clock.now().plus(1)).await.map_err(LogsError::from)?;
    let dropped: u64 = tally.dropped.iter().map(|(_, records)| records).sum();
    let one =
        |(loss, records): &(super::Loss, u64)| wire::LogDropped { reason: loss.as_str().to_owned(), records: *records };
    Ok(Json(wire::LogStatus {
        decided: tally.decided,
        stored: tally.stored,
        dropped: tally.dropped.iter().map(one).collect(),
        under_way: tally.decided.saturating_sub(tally.stored + dropped),
        failing_since: tally.failing.as_ref().map(|failing| words::at(failing.since)),
        failing: tally.failing.map(|failing| failing.why),
        records: holding.records,
        bytes: holding.bytes,
        segments: holding.segments as u64,
        oldest: holding.oldest.map(words::at),
        missing: all.into_iter().map(convert::missing).collect(),
    }))
}
