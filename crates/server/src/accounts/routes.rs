//! `/v1/accounts`.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use keyward_core::ids::AccountId;
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{AccountEdit, AccountFilter, AccountView, NewAccount};
use crate::app::App;
use crate::http::{Caller, Filter, IdempotencyKey, IfMatch, Json, ObjectId, Problem, Query};
use crate::http::{list_problem, page_of, replayed, versioned, wire_page, words};

/// The routes of accounts.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, edit, delete))
}

impl From<AccountView> for wire::Account {
    fn from(view: AccountView) -> Self {
        Self {
            id: view.id.to_string(),
            api: view.api,
            public_id: view.public_id,
            name: view.name,
            external_id: view.external_id,
            region: view.region,
            plan: view.plan,
            accepted_keys: words::accepted_keys(view.accepted_keys),
            totp_required: view.totp_required,
            suspended: view.suspended,
            metadata: view.metadata,
            tags: view.tags,
            created_at: words::at(view.created_at),
            updated_at: words::at(view.updated_at),
            version: view.version,
        }
    }
}

impl From<wire::NewAccount> for NewAccount {
    fn from(new: wire::NewAccount) -> Self {
        Self {
            api: new.api,
            name: new.name,
            public_id: new.public_id,
            external_id: new.external_id,
            region: new.region,
            plan: new.plan,
            accepted_keys: new.accepted_keys.map(words::read_accepted_keys).unwrap_or_default(),
            metadata: new.metadata.map(serde_json::Value::Object),
            tags: new.tags,
        }
    }
}

impl From<wire::AccountEdit> for AccountEdit {
    fn from(edit: wire::AccountEdit) -> Self {
        Self {
            name: edit.name,
            external_id: edit.external_id,
            plan: edit.plan,
            accepted_keys: edit.accepted_keys.map(words::read_accepted_keys),
            totp_required: edit.totp_required,
            suspended: edit.suspended,
            metadata: edit.metadata.map(|metadata| metadata.map(serde_json::Value::Object)),
            tags: edit.tags,
        }
    }
}

/// Lists accounts, newest first.
#[utoipa::path(get, path = "/v1/accounts", tag = "accounts", operation_id = "list_accounts",
    extensions(("x-permission" = json!("anyone"))), params(wire::AccountQuery),
    responses((status = 200, description = "A page.", body = wire::Page<wire::Account>)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Filter(query, metadata): Filter<wire::AccountQuery>,
) -> Result<axum::Json<wire::Page<wire::Account>>, Problem> {
    let wire::AccountQuery { api, external_id, public_id, tag, metadata: _, limit, cursor } = query;
    let filter = AccountFilter { api, external_id, public_id, tag, metadata };
    let paged = super::list(&app, caller.reach, filter, page_of(limit, cursor)).await.map_err(list_problem)?;
    Ok(wire_page(paged))
}

/// Makes an account and, where its API provisions one, its first key.
#[utoipa::path(post, path = "/v1/accounts", tag = "accounts", operation_id = "create_account",
    extensions(("x-permission" = json!("operator"))), request_body = wire::NewAccount,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request repeatable for 24 hours.")),
    responses((status = 201, description = "Made.", body = wire::AccountCreated)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    token: IdempotencyKey,
    Json(new): Json<wire::NewAccount>,
) -> Result<Response, Problem> {
    let idempotency = token.of("POST /v1/accounts", &new);
    let made = super::create(&app, caller.reach, caller.actor, new.into(), idempotency).await?;
    let body = wire::AccountCreated {
        account: made.account.into(),
        first_key: made.first_key.map(Into::into),
        effective: wire::Effective::All,
    };
    let version = body.account.version;
    Ok(replayed(made.replayed, versioned(StatusCode::CREATED, version, &body)))
}

/// An account.
#[utoipa::path(get, path = "/v1/accounts/{account_id}", tag = "accounts", operation_id = "get_account",
    extensions(("x-permission" = json!("anyone"))), params(("account_id" = String, Path)),
    responses((status = 200, description = "It, with its version as `ETag`.", body = wire::Account)))]
async fn get(State(app): State<App>, caller: Caller, ObjectId(id): ObjectId<AccountId>) -> Result<Response, Problem> {
    let account: wire::Account = super::get(&app, caller.reach, id).await?.into();
    Ok(versioned(StatusCode::OK, account.version, &account))
}

/// Changes an account: what is left out stays, `null` clears.
#[utoipa::path(patch, path = "/v1/accounts/{account_id}", tag = "accounts", operation_id = "edit_account",
    extensions(("x-permission" = json!("settings.write"))), request_body = wire::AccountEdit,
    params(("account_id" = String, Path), wire::DryRunQuery,
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was read.")),
    responses((status = 200, description = "As it is now.", body = wire::OrDryRun<wire::Changed<wire::Account>>)))]
async fn edit(
    State(app): State<App>,
    caller: Caller,
    ObjectId(id): ObjectId<AccountId>,
    Query(wire::DryRunQuery { dry_run }): Query<wire::DryRunQuery>,
    IfMatch(version): IfMatch,
    Json(edit): Json<wire::AccountEdit>,
) -> Result<Response, Problem> {
    if dry_run {
        let impact = super::rehearse_edit(&app, caller.reach, caller.actor, id, edit.into(), version).await?;
        return Ok(axum::Json(wire::DryRun::from(impact)).into_response());
    }
    let view = super::edit(&app, caller.reach, caller.actor, id, edit.into(), version).await?;
    let version = view.version;
    let body = wire::Changed { object: wire::Account::from(view), effective: wire::Effective::All };
    Ok(versioned(StatusCode::OK, version, &body))
}

/// Deletes an account with all its people and keys.
#[utoipa::path(delete, path = "/v1/accounts/{account_id}", tag = "accounts", operation_id = "delete_account",
    extensions(("x-permission" = json!("operator"))), params(("account_id" = String, Path)),
    responses((status = 200, description = "Gone.", body = wire::Done)))]
async fn delete(
    State(app): State<App>,
    caller: Caller,
    ObjectId(id): ObjectId<AccountId>,
) -> Result<Response, Problem> {
    super::delete(&app, caller.reach, caller.actor, id).await?;
    Ok(axum::Json(wire::Done { effective: wire::Effective::All }).into_response())
}
