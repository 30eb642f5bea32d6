//! `/v1/accounts/{account_id}/webhooks`.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use keyward_core::ids::{AccountId, BadId, ParcelId, WebhookId};
use keyward_core::secret::Secret;
use keyward_sdk::wire;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{DeliveryFilter, DeliveryView, NewWebhook, WebhookEdit, WebhookView, WithSigningSecret};
use crate::app::App;
use crate::http::{Caller, IdempotencyKey, IfMatch, Json, ObjectId, Problem, Query, SecondId, ThirdId};
use crate::http::{list_problem, page_of, replayed, versioned, wire_page, words};

/// The routes of webhooks.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, edit, delete))
        .routes(routes!(rotate_secret))
        .routes(routes!(test))
        .routes(routes!(deliveries))
        .routes(routes!(resend))
}

impl From<WebhookView> for wire::Webhook {
    fn from(view: WebhookView) -> Self {
        Self {
            id: view.id.to_string(),
            account_id: view.account.to_string(),
            url: view.url,
            kinds: view.kinds,
            enabled: view.enabled,
            failing_since: view.failing_since.map(words::at),
            disabled_why: view.disabled_why,
            old_secret_until: view.old_secret_until.map(words::at),
            created_by: view.created_by,
            created_at: words::at(view.created_at),
            version: view.version,
        }
    }
}

impl From<WithSigningSecret> for wire::WebhookWithSecret {
    fn from(made: WithSigningSecret) -> Self {
        Self {
            webhook: made.webhook.into(),
            secret: made.secret.map(|secret| wire::SecretText::new(secret.expose())),
            effective: wire::Effective::All,
        }
    }
}

impl From<DeliveryView> for wire::Delivery {
    fn from(view: DeliveryView) -> Self {
        Self {
            parcel_id: view.parcel.to_string(),
            kind: view.kind,
            attempt: view.attempt,
            at: words::at(view.at),
            took_ms: view.took_ms,
            status: view.status,
            error: view.error,
        }
    }
}

/// Lists the webhooks of an account, newest first; never with a signing secret.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/webhooks", tag = "webhooks", operation_id = "list_webhooks",
    extensions(("x-permission" = json!("settings.read"))), params(("account_id" = String, Path)),
    responses((status = 200, description = "All of them, at most 20.", body = wire::Page<wire::Webhook>)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
) -> Result<axum::Json<wire::Page<wire::Webhook>>, Problem> {
    let items = super::list(&app, caller.reach, account).await?.into_iter().map(Into::into).collect();
    Ok(axum::Json(wire::Page { items, next_cursor: None }))
}

/// Makes a webhook; its signing secret is shown this once.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/webhooks", tag = "webhooks", operation_id = "create_webhook",
    extensions(("x-permission" = json!("settings.write"))), request_body = wire::NewWebhook,
    params(("account_id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request repeatable for 24 hours.")),
    responses((status = 201, description = "Made.", body = wire::WebhookWithSecret)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
    token: IdempotencyKey,
    Json(new): Json<wire::NewWebhook>,
) -> Result<Response, Problem> {
    let idempotency = token.of(&format!("POST /v1/accounts/{account}/webhooks"), &new);
    let kinds = new.kinds.unwrap_or_else(|| vec!["*".into()]);
    let new = NewWebhook { account, url: new.url, kinds, enabled: new.enabled.unwrap_or(true) };
    let made = super::create(&app, caller.reach, caller.actor, new, idempotency).await?;
    let (is_replay, version) = (made.replayed, made.webhook.version);
    Ok(replayed(is_replay, versioned(StatusCode::CREATED, version, &wire::WebhookWithSecret::from(made))))
}

/// A webhook; never with its signing secret.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/webhooks/{webhook_id}", tag = "webhooks",
    operation_id = "get_webhook", extensions(("x-permission" = json!("settings.read"))),
    params(("account_id" = String, Path), ("webhook_id" = String, Path)),
    responses((status = 200, description = "It, with its version as `ETag`.", body = wire::Webhook)))]
async fn get(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
    SecondId(id): SecondId<WebhookId>,
) -> Result<Response, Problem> {
    let view = super::get(&app, caller.reach, account, id).await?;
    Ok(versioned(StatusCode::OK, view.version, &wire::Webhook::from(view)))
}

/// Changes a webhook. A new URL needs the signing secret in force.
#[utoipa::path(patch, path = "/v1/accounts/{account_id}/webhooks/{webhook_id}", tag = "webhooks",
    operation_id = "edit_webhook", extensions(("x-permission" = json!("settings.write"))),
    request_body = wire::WebhookEdit,
    params(("account_id" = String, Path), ("webhook_id" = String, Path),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that was read.")),
    responses((status = 200, description = "As it is now.", body = wire::Changed<wire::Webhook>)))]
async fn edit(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
    SecondId(id): SecondId<WebhookId>,
    IfMatch(version): IfMatch,
    Json(edit): Json<wire::WebhookEdit>,
) -> Result<Response, Problem> {
    let secret = edit.secret.map(|secret| Secret::new(secret.expose().to_owned()));
    let edit = WebhookEdit { url: edit.url, secret, kinds: edit.kinds, enabled: edit.enabled };
    let view = super::edit(&app, caller.reach, caller.actor, (account, id), edit, version).await?;
    let version = view.version;
    let body = wire::Changed { object: wire::Webhook::from(view), effective: wire::Effective::All };
    Ok(versioned(StatusCode::OK, version, &body))
}

/// Removes a webhook; what still waits for it is not sent.
#[utoipa::path(delete, path = "/v1/accounts/{account_id}/webhooks/{webhook_id}", tag = "webhooks",
    operation_id = "delete_webhook", extensions(("x-permission" = json!("settings.write"))),
    params(("account_id" = String, Path), ("webhook_id" = String, Path)),
    responses((status = 200, description = "Gone.", body = wire::Done)))]
async fn delete(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
    SecondId(id): SecondId<WebhookId>,
) -> Result<axum::Json<wire::Done>, Problem> {
    super::delete(&app, caller.reach, caller.actor, account, id).await?;
    Ok(axum::Json(wire::Done { effective: wire::Effective::All }))
}

/// Makes a new signing secret, shown this once. For 24 hours what is sent carries the signatures of both.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/webhooks/{webhook_id}/secret", tag = "webhooks",
    operation_id = "rotate_webhook_secret", extensions(("x-permission" = json!("settings.write"))),
    params(("account_id" = String, Path), ("webhook_id" = String, Path)),
    responses((status = 200, description = "With the new secret.", body = wire::WebhookWithSecret)))]
async fn rotate_secret(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
    SecondId(id): SecondId<WebhookId>,
) -> Result<axum::Json<wire::WebhookWithSecret>, Problem> {
    Ok(axum::Json(super::rotate_secret(&app, caller.reach, caller.actor, account, id).await?.into()))
}

/// Sends an event `webhook.test` at once and says what became of it.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/webhooks/{webhook_id}/test", tag = "webhooks",
    operation_id = "test_webhook", extensions(("x-permission" = json!("settings.write"))),
    params(("account_id" = String, Path), ("webhook_id" = String, Path)),
    responses((status = 200, description = "The attempt, whether it failed or not.", body = wire::Delivery)))]
async fn test(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
    SecondId(id): SecondId<WebhookId>,
) -> Result<axum::Json<wire::Delivery>, Problem> {
    Ok(axum::Json(super::test(&app, caller.reach, caller.actor, account, id).await?.into()))
}

/// Lists attempts to tell a webhook anything, newest first; they are kept for 30 days.
#[utoipa::path(get, path = "/v1/accounts/{account_id}/webhooks/{webhook_id}/deliveries", tag = "webhooks",
    operation_id = "list_deliveries", extensions(("x-permission" = json!("settings.read"))),
    params(("account_id" = String, Path), ("webhook_id" = String, Path), wire::DeliveryQuery),
    responses((status = 200, description = "A page.", body = wire::Page<wire::Delivery>)))]
async fn deliveries(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
    SecondId(id): SecondId<WebhookId>,
    Query(query): Query<wire::DeliveryQuery>,
) -> Result<axum::Json<wire::Page<wire::Delivery>>, Problem> {
    let parcel = query.parcel_id.as_deref().map(str::parse).transpose();
    let parcel = parcel.map_err(|why: BadId| Problem::parameter("parcel_id", why.to_string()))?;
    let (filter, page) = (DeliveryFilter { parcel }, page_of(query.limit, query.cursor));
    let found = super::deliveries(&app, caller.reach, (account, id), filter, page).await;
    Ok(wire_page(found.map_err(list_problem)?))
}

/// Sends a parcel again, whether it arrived or was given up; with the same `webhook-id`.
#[utoipa::path(post, path = "/v1/accounts/{account_id}/webhooks/{webhook_id}/deliveries/{parcel_id}/resend",
    tag = "webhooks", operation_id = "resend_delivery", extensions(("x-permission" = json!("settings.write"))),
    params(("account_id" = String, Path), ("webhook_id" = String, Path), ("parcel_id" = String, Path)),
    responses((status = 202, description = "It is on its way.", body = wire::Done)))]
async fn resend(
    State(app): State<App>,
    caller: Caller,
    ObjectId(account): ObjectId<AccountId>,
    SecondId(id): SecondId<WebhookId>,
    ThirdId(parcel): ThirdId<ParcelId>,
) -> Result<Response, Problem> {
    super::resend(&app, caller.reach, caller.actor, (account, id), parcel).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(wire::Done { effective: wire::Effective::All })).into_response())
}
