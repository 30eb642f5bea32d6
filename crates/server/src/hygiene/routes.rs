//! `/v1/accounts/{account_id}/hygiene` and `/v1/keys/{key_id}/shrink`.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use keyward_core::ids::{AccountId, KeyId};
use keyward_core::role::{Area, Permission};
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Arriving, Found, Report};
use crate::app::App;
use crate::http::{Caller, ObjectId, Problem, Query, list_problem, versioned, words};
use crate::usage::Counted;

/// How long a key is not used before it is called idle, in days, unless said.
const IDLE_DAYS: u32 = 90;

/// The routes of hygiene.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(report)).routes(routes!(shrink))
}

/// What is better tidied up in an account: idle keys, keys without expiry or addresses, scopes that were never used,
/// rotations that can be completed, and requests that still arrive with keys that are over.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/hygiene", tag = "usage", operation_id = "get_hygiene",
    extensions(("x-permission" = json!("keys.read people.read"))),
    params(("account_id" = String, Path), wire::HygieneQuery),
    responses((status = 200, description = "At most 500 keys of each part.", body = wire::Hygiene)))]
async fn report(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
    Query(query): Query<wire::HygieneQuery>,
) -> Result<Json<wire::Hygiene>, Problem> {
    let idle_days = query.idle_days.unwrap_or(IDLE_DAYS);
    let report = super::report(&app, caller.reach, &caller.actor, account, idle_days).await.map_err(list_problem)?;
    // Who calls is a matter of single requests.
    let tells_callers = caller.actor.may.allow(Permission::read(Area::Logs));
    Ok(Json(wire_report(report, idle_days, tells_callers)))
}

/// Takes from a key the scopes it was never used for: an edit like any other, also as a dry run.
#[utoipa::path(post, path = "/v1/keys/{key_id}/shrink", tag = "usage", operation_id = "shrink_key",
    extensions(("x-permission" = json!("keys.write people.write"))), params(("key_id" = String, Path), wire::DryRunQuery),
    responses((status = 200, description = "As it is now.", body = wire::OrDryRun<wire::Changed<wire::Key>>)))]
async fn shrink(
    State(app): State<App>,
    caller: Caller,
    ObjectId(id): ObjectId<KeyId>,
    Query(wire::DryRunQuery { dry_run }): Query<wire::DryRunQuery>,
) -> Result<Response, Problem> {
    if dry_run {
        let impact = super::rehearse_shrink(&app, caller.reach, caller.actor, id).await?;
        return Ok(Json(wire::DryRun::from(impact)).into_response());
    }
    let key = super::shrink(&app, caller.reach, caller.actor, id).await?;
    let version = key.version;
    let body = wire::Changed { object: wire::Key::from(key), effective: wire::Effective::All };
    Ok(versioned(StatusCode::OK, version, &body))
}

fn wire_report(report: Report, idle_days: u32, tells_callers: bool) -> wire::Hygiene {
    let arriving = |arriving: Arriving| {
        let mut told = wire::ArrivingKey::from(arriving);
        if !tells_callers {
            (told.addresses, told.agents) = (None, None);
        }
        told
    };
    wire::Hygiene {
        account_id: report.account.to_string(),
        idle_days,
        keys: report.keys.into_iter().map(Into::into).collect(),
        arriving: report.arriving.into_iter().map(arriving).collect(),
        unknown: report.unknown.into_iter().map(Into::into).collect(),
        more: report.more,
    }
}

impl From<Found> for wire::HygieneKey {
    fn from(found: Found) -> Self {
        Self {
            key_id: found.key.id.to_string(),
            name: found.key.name,
            kind: words::kind(found.key.kind),
            environment: words::environment(found.key.environment),
            standing: words::standing(found.key.standing),
            created_at: words::at(found.key.created_at),
            first_used_at: found.first_used_at.map(words::at),
            last_used_at: found.last_used_at.map(words::at),
            idle: found.idle,
            no_expiry: found.no_expiry,
            no_addresses: found.no_addresses,
            unused_scopes: found.unused_scopes,
            rotation_done: found.rotation_done,
        }
    }
}

impl From<Arriving> for wire::ArrivingKey {
    fn from(arriving: Arriving) -> Self {
        Self {
            key_id: arriving.key.to_string(),
            name: arriving.name,
            outcome: arriving.outcome.name,
            requests: arriving.outcome.requests,
            last_at: arriving.outcome.last_at.map(words::at),
            addresses: Some(arriving.addresses.iter().map(Into::into).collect()),
            agents: Some(arriving.agents.iter().map(Into::into).collect()),
        }
    }
}

impl From<Counted> for wire::ArrivingUnknown {
    fn from(one: Counted) -> Self {
        let day = |at| words::at(at).split('T').next().unwrap_or_default().to_owned();
        Self { outcome: one.name, requests: one.requests, last_on: one.last_at.map(day) }
    }
}
