//! `/v1/explain`.

use axum::Json;
use axum::extract::State;
use keyward_core::denial::{Denial, seconds_up};
use keyward_core::limit::LimitStatus;
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Check, Outcome, Told, explain, recorded};
use crate::app::App;
use crate::gateway::{Unreadable, Written};
use crate::http::{Caller, Json as Sent, Problem, words};
use crate::logs::{self, Filter, LogsError};

/// The routes of explanations.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(request)).routes(routes!(record))
}

/// Says which check refuses a request, as the gateway would judge it now. Spends nothing and is not recorded.
///
/// The credential stands in the request's own headers, is used once and kept nowhere. Of keys that the caller does not
/// reach nothing is told.
#[utoipa::path(post, path = "/v1/explain", tag = "logs", operation_id = "explain_request",
    extensions(("x-permission" = json!("logs.read"))), request_body = wire::ExplainRequest,
    responses((status = 200, description = "Each check.", body = wire::ExplainedRequest)))]
async fn request(
    State(app): State<App>,
    caller: Caller,
    Sent(asked): Sent<wire::ExplainRequest>,
) -> Result<Json<wire::ExplainedRequest>, Problem> {
    let written = read(&asked)?;
    Ok(Json(answer(explain(&app, caller.reach, &written, asked.api.as_deref()).await?)))
}

/// Says at which check a request of the log was refused, or that it passed all of them.
#[utoipa::path(post, path = "/v1/explain/recorded", tag = "logs", operation_id = "explain_recorded",
    extensions(("x-permission" = json!("logs.read"))), request_body = wire::ExplainRecorded,
    responses((status = 200, description = "Its row and each check.", body = wire::ExplainedRecord)))]
async fn record(
    State(app): State<App>,
    caller: Caller,
    Sent(wire::ExplainRecorded { request_id }): Sent<wire::ExplainRecorded>,
) -> Result<Json<wire::ExplainedRecord>, Problem> {
    let filter = Filter { request_id: Some(request_id), account: caller.reach.within(), ..Filter::default() };
    let found = app.logs.newest(filter, None, 1).await?;
    let row = logs::entries(&app, &found.records).await.map_err(LogsError::from)?.pop();
    let (Some(row), Some(record)) = (row, found.records.first()) else { return Err(Problem::not_found()) };
    Ok(Json(wire::ExplainedRecord { row, checks: recorded::checks(record).into_iter().map(check).collect() }))
}

fn read(asked: &wire::ExplainRequest) -> Result<Written, Problem> {
    let headers: Vec<_> = asked.headers.iter().map(|own| (own.name.clone(), own.value.clone())).collect();
    let (method, address) = (asked.method.as_deref(), asked.client_ip.as_deref());
    let written = Written::read(&asked.url, method, &headers, asked.body.clone(), address);
    written.map_err(|Unreadable { pointer, wanted }| Problem::field(pointer, wanted))
}

fn answer(told: Told) -> wire::ExplainedRequest {
    let Told { api, route, verdict, checks } = told;
    let denial = verdict.denial();
    let caller = verdict.caller.as_ref();
    let scopes = caller.zip(api.as_ref()).map(|(caller, setup)| {
        let names = setup.api.catalogue.names(&caller.terms.scopes);
        names.map(str::to_owned).collect()
    });
    let limit = |(name, renews, status): (&str, bool, &LimitStatus)| wire::LimitState {
        name: name.to_owned(),
        limit: status.limit,
        remaining: status.remaining,
        reset_at: renews.then(|| words::at(status.reset_at)),
    };
    wire::ExplainedRequest {
        allow: denial.is_none(),
        code: denial.map(|denial| denial.code().to_owned()),
        status: denial.map_or(200, Denial::status),
        detail: denial.map(Denial::message),
        api: api.as_ref().map(|setup| setup.api.name.clone()),
        route,
        account_id: caller.map(|caller| caller.account.id.to_string()),
        person_id: caller.and_then(|caller| caller.key.person).map(|id| id.to_string()),
        key_id: caller.map(|caller| caller.key.id.to_string()),
        scopes: scopes.unwrap_or_default(),
        environment: caller.map(|caller| words::environment(caller.key.environment)),
        region: caller.and_then(|caller| caller.account.region.clone()),
        limits: verdict.standings().map(limit).collect(),
        retry_after_s: denial.and_then(Denial::retry_after_ms).map(seconds_up),
        checks: checks.into_iter().map(check).collect(),
    }
}

fn check(check: Check) -> wire::Check {
    let outcome = match check.outcome {
        Outcome::Passed => wire::CheckOutcome::Passed,
        Outcome::Failed => wire::CheckOutcome::Failed,
        Outcome::Skipped => wire::CheckOutcome::Skipped,
    };
    wire::Check { name: check.name.to_owned(), outcome, detail: check.detail }
}
