//! Webhooks: an account's own programs are told of its notices, with signatures of Standard Webhooks.
//!
//! What is to be told becomes a parcel of the outbox in the change that causes it; the outbox's worker calls [`send`].
//! Where a webhook may be is judged by `http::outward` (threat T14).

mod attempts;
mod deliver;
mod model;
mod routes;
mod rules;
mod signing;
mod store;

use keyward_core::ids::{AccountId, WebhookId};
use keyward_core::time::{DAY_MS, UnixMs};
use serde_json::{Value, json};

use crate::accounts;
use crate::app::App;
use crate::audit::differences;
use crate::changes::{Actor, AuditEvent, Reach, Touched, Tx};
use crate::notices::Raised;
use crate::operation::{Findings, Idempotency, OpError, new_id, recall, remember};
use crate::outbox::{self, Channel, NewParcel};
use store::EndpointRow;

pub(crate) use attempts::sweep;
pub use attempts::{DeliveryFilter, DeliveryView, deliveries, resend};
pub(crate) use deliver::send;
pub use deliver::test;
pub use model::{NewWebhook, WebhookEdit, WebhookView, WithSigningSecret};
pub use routes::routes;

/// Most webhooks of an account.
const ENDPOINTS_MAX: usize = 20;
/// How long the secret before the present one signs too.
const OVERLAP_MS: i64 = DAY_MS;

/// Makes a webhook; its signing secret is shown this once.
pub async fn create(
    app: &App,
    reach: Reach,
    actor: Actor,
    new: NewWebhook,
    idempotency: Option<Idempotency>,
) -> Result<WithSigningSecret, OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let account = accounts::lock(tx, reach, new.account).await?.id;
                if let Some(made) = recall(tx, idempotency.as_ref()).await? {
                    let id = made.parse().map_err(|_| OpError::NotFound)?;
                    let row = store::get(tx.conn(), account, id).await?.ok_or(OpError::NotFound)?;
                    return Ok(WithSigningSecret { webhook: row.view(tx.now())?, secret: None, replayed: true });
                }
                let made = make(&inner, tx, &new).await?;
                remember(tx, idempotency.as_ref(), &made.webhook.id.to_string()).await?;
                Ok(made)
            })
        })
        .await
}

async fn make(app: &App, tx: &mut Tx, new: &NewWebhook) -> Result<WithSigningSecret, OpError> {
    let mut findings = Findings::default();
    rules::url(app, &new.url, &mut findings);
    let kinds = rules::kinds(&new.kinds, &mut findings);
    findings.done()?;
    if store::list(tx.conn(), new.account).await?.len() >= ENDPOINTS_MAX {
        let why = format!("an account has at most {ENDPOINTS_MAX} webhooks");
        return Err(OpError::conflict("webhook_maximum_reached", why));
    }
    let (id, now, secret) = (WebhookId::new(new_id(tx.now())), tx.now(), signing::make());
    let row = EndpointRow {
        id: id.to_string(),
        account_id: new.account.to_string(),
        url: new.url.clone(),
        kinds,
        secret: app.vault.seal_text(&signing::place(new.account, id), &secret),
        old_secret: None,
        old_secret_until: None,
        enabled: new.enabled,
        failing_since: None,
        disabled_why: None,
        created_by: tx.actor().who.clone(),
        created_at: now.0,
        version: 1,
    };
    store::insert(tx.conn(), &row).await?;
    note(tx, "webhook.created", &row, None, Some(facts(&row)))?;
    Ok(WithSigningSecret { webhook: row.view(now)?, secret: Some(secret), replayed: false })
}

/// The webhooks of an account, newest first; there are never more than a page holds.
pub async fn list(app: &App, reach: Reach, account: AccountId) -> Result<Vec<WebhookView>, OpError> {
    let account = accounts::get(app, reach, account).await?.id;
    let now = app.clock.now();
    let rows = store::list(&mut app.db.conn().await?, account).await?;
    Ok(rows.iter().map(|row| row.view(now)).collect::<sqlx::Result<_>>()?)
}

/// One webhook.
pub async fn get(app: &App, reach: Reach, account: AccountId, id: WebhookId) -> Result<WebhookView, OpError> {
    Ok(row(app, reach, account, id).await?.view(app.clock.now())?)
}

async fn row(app: &App, reach: Reach, account: AccountId, id: WebhookId) -> Result<EndpointRow, OpError> {
    let account = accounts::get(app, reach, account).await?.id;
    store::get(&mut app.db.conn().await?, account, id).await?.ok_or(OpError::NotFound)
}

/// Changes a webhook. Whoever moves it to another URL shows that they have its secret (threat T14): who can only edit
/// settings can't have what is signed for one program sent to another.
pub async fn edit(
    app: &App,
    reach: Reach,
    actor: Actor,
    (account, id): (AccountId, WebhookId),
    edit: WebhookEdit,
    if_version: Option<i64>,
) -> Result<WebhookView, OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let before = hold(tx, reach, account, id).await?;
                if if_version.is_some_and(|version| version != before.version) {
                    return Err(OpError::PreconditionFailed);
                }
                let after = edited(&inner, &before, &edit)?;
                if after == before {
                    return Ok(before.view(tx.now())?);
                }
                let after = EndpointRow { version: before.version + 1, ..after };
                store::save(tx.conn(), &after).await?;
                note(tx, "webhook.edited", &after, Some(facts(&before)), Some(facts(&after)))?;
                Ok(after.view(tx.now())?)
            })
        })
        .await
}

fn edited(app: &App, before: &EndpointRow, edit: &WebhookEdit) -> Result<EndpointRow, OpError> {
    let mut findings = Findings::default();
    let mut after = before.clone();
    if let Some(url) = edit.url.as_ref().filter(|url| **url != before.url) {
        rules::url(app, url, &mut findings);
        let own = signing::in_force(app, before)?;
        if !edit.secret.as_ref().is_some_and(|shown| signing::is_same(app, shown, &own)) {
            findings
                .note("/secret", "changing the URL needs the signing secret in force; make a new one if it is lost");
        }
        after.url.clone_from(url);
        after.failing_since = None;
    }
    if let Some(kinds) = &edit.kinds {
        after.kinds = rules::kinds(kinds, &mut findings);
    }
    if let Some(enabled) = edit.enabled {
        after.enabled = enabled;
        if enabled && !before.enabled {
            (after.failing_since, after.disabled_why) = (None, None);
        }
    }
    findings.done()?;
    Ok(after)
}

/// Makes a new signing secret. For a day what is sent carries the signatures of both.
pub async fn rotate_secret(
    app: &App,
    reach: Reach,
    actor: Actor,
    account: AccountId,
    id: WebhookId,
) -> Result<WithSigningSecret, OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let before = hold(tx, reach, account, id).await?;
                let (secret, now) = (signing::make(), tx.now());
                let after = EndpointRow {
                    secret: inner.vault.seal_text(&signing::place(account, id), &secret),
                    old_secret: Some(before.secret.clone()),
                    old_secret_until: Some(now.plus(OVERLAP_MS).0),
                    version: before.version + 1,
                    ..before
                };
                store::save(tx.conn(), &after).await?;
                let until = after.old_secret_until.map(|at| UnixMs(at).rfc3339());
                note(tx, "webhook.secret_rotated", &after, None, Some(json!({ "old_secret_until": until })))?;
                Ok(WithSigningSecret { webhook: after.view(now)?, secret: Some(secret), replayed: false })
            })
        })
        .await
}

/// Removes a webhook; what still waits for it is not sent.
pub async fn delete(app: &App, reach: Reach, actor: Actor, account: AccountId, id: WebhookId) -> Result<(), OpError> {
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let row = hold(tx, reach, account, id).await?;
                store::delete(tx.conn(), &row.id).await?;
                note(tx, "webhook.deleted", &row, Some(facts(&row)), None)
            })
        })
        .await
}

/// Deletes the webhooks of an account that is being deleted.
pub(crate) async fn forget_all(tx: &mut Tx, account: AccountId) -> Result<(), OpError> {
    store::delete_all(tx.conn(), account).await?;
    Ok(())
}

/// Puts one parcel into the outbox for each endpoint of the account that wants this kind.
pub(crate) async fn subscribe(app: &App, tx: &mut Tx, notice: &Raised) -> Result<(), OpError> {
    let Some(account) = notice.account.filter(|_| rules::is_told(notice.kind)) else { return Ok(()) };
    let rows = store::list(tx.conn(), account).await?;
    for row in rows.into_iter().filter(|row| row.enabled && rules::wants(&row.kinds, notice.kind)) {
        let parcel = NewParcel {
            notice: notice.id,
            account: Some(account),
            channel: Channel::Webhook,
            target: row.id,
            person: None,
            link: None,
            due_at: tx.now(),
            held: false,
        };
        outbox::put(app, tx, parcel).await?;
    }
    Ok(())
}

/// Locks the account, then reads the webhook.
async fn hold(tx: &mut Tx, reach: Reach, account: AccountId, id: WebhookId) -> Result<EndpointRow, OpError> {
    let account = accounts::lock(tx, reach, account).await?.id;
    store::get(tx.conn(), account, id).await?.ok_or(OpError::NotFound)
}

fn note(
    tx: &mut Tx,
    action: &'static str,
    row: &EndpointRow,
    before: Option<Value>,
    after: Option<Value>,
) -> Result<(), OpError> {
    let (before, after) = match (before, after) {
        (Some(was), Some(is)) => {
            let (was, is) = differences(was, is);
            (Some(was), Some(is))
        }
        one_sided => one_sided,
    };
    tx.touch(Touched::Other, &row.id);
    let account = Some(row.account()?);
    tx.audit(AuditEvent { action, subject: row.id.clone(), account, before, after });
    Ok(())
}

/// What the audit says of it. The path of a URL may be a secret of its receiver's: only its beginning is said.
fn facts(row: &EndpointRow) -> Value {
    let host = row.url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    let host = host.split('?').next().unwrap_or_default();
    json!({
        "url": format!("{host}/…"),
        "kinds": row.kinds,
        "enabled": row.enabled,
        "disabled_why": row.disabled_why,
    })
}
