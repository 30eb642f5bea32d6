//! `/v1/accounts/{account_id}/policy`.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use keyward_core::ids::AccountId;
use keyward_core::policy::Policy;
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::KeptPolicy;
use crate::app::App;
use crate::http::{Caller, IfMatch, Json, ObjectId, Problem, Query, versioned, words};

/// The routes of policies.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get, set))
}

fn read(policy: wire::Policy) -> Policy {
    Policy {
        lifetime_days_max: policy.lifetime_days_max,
        expiry_required: policy.expiry_required,
        addresses_required: policy.addresses_required,
        scopes_max: policy.scopes_max,
        approval_scopes: policy.approval_scopes,
        exposed: words::read_exposed(policy.exposed),
    }
}

impl From<KeptPolicy> for wire::KeptPolicy {
    fn from(KeptPolicy { policy, version }: KeptPolicy) -> Self {
        Self {
            lifetime_days_max: policy.lifetime_days_max,
            expiry_required: policy.expiry_required,
            addresses_required: policy.addresses_required,
            scopes_max: policy.scopes_max,
            approval_scopes: policy.approval_scopes,
            exposed: words::exposed(policy.exposed),
            version,
        }
    }
}

/// What an account demands of its keys.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/policy", tag = "policies", operation_id = "get_policy",
    extensions(("x-permission" = json!("settings.read"))), params(("account_id" = String, Path)),
    responses((status = 200, description = "It, with its version as `ETag`.", body = wire::KeptPolicy)))]
async fn get(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
) -> Result<Response, Problem> {
    let kept = super::get(&app, caller.reach, account).await?;
    Ok(versioned(StatusCode::OK, kept.version, &wire::KeptPolicy::from(kept)))
}

/// Sets what an account demands of its keys, as a whole. It binds whoever makes, edits, extends or rotates one from now
/// on; keys that are out keep working.
#[utoipa::path(put, path = "/v1/accounts/{account_id}/policy", tag = "policies", operation_id = "set_policy",
    extensions(("x-permission" = json!("settings.write"))), request_body = wire::Policy,
    params(("account_id" = String, Path), wire::DryRunQuery,
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was read.")),
    responses((status = 200, description = "As it is now.", body = wire::OrDryRun<wire::Changed<wire::KeptPolicy>>)))]
async fn set(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
    Query(wire::DryRunQuery { dry_run }): Query<wire::DryRunQuery>,
    IfMatch(version): IfMatch,
    Json(policy): Json<wire::Policy>,
) -> Result<Response, Problem> {
    let policy = read(policy);
    if dry_run {
        let impact = super::rehearse_set(&app, caller.reach, caller.actor, account, policy, version).await?;
        return Ok(axum::Json(wire::DryRun::from(impact)).into_response());
    }
    let kept = super::set(&app, caller.reach, caller.actor, account, policy, version).await?;
    let version = kept.version;
    let body = wire::Changed { object: wire::KeptPolicy::from(kept), effective: wire::Effective::All };
    Ok(versioned(StatusCode::OK, version, &body))
}
