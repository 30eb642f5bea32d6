//! Accounts: customers of an API. Only the operator makes, suspends and deletes them; an account's own management
//! keys see it and change its name and which kinds of key it accepts (row r35).

mod dry_run;
mod model;
mod routes;
mod rules;
mod store;

use std::sync::Arc;

use keyward_core::ids::AccountId;

use crate::app::App;
use crate::audit::differences;
use crate::changes::{Actor, AuditEvent, Reach, Touched, Tx};
use crate::config::ApiSetup;
use crate::db::{Conn, Db};
use crate::keys::{self, WithSecret};
use crate::labels::{self, Labels};
use crate::notices;
use crate::operation::{Cursor, Findings, Idempotency, OpError, Page, Paged, is_taken, new_id, recall, remember};
use crate::{leaks, management, outbox, people, policies, roles, usage, webhooks};
use store::AccountRow;

pub use dry_run::rehearse_edit;
pub use model::{AccountEdit, AccountFilter, AccountView, NewAccount};
pub use routes::routes;

/// A new account, or the one that an earlier request with the same token made.
pub struct MadeAccount {
    /// The account.
    pub account: AccountView,
    /// The key that its API provisions (row r86), where it does and it still exists.
    pub first_key: Option<WithSecret>,
    /// Whether this repeats an earlier answer; the key then comes without its secret.
    pub replayed: bool,
}

/// Makes an account and, where its API provisions one, its first key. Only for the operator.
pub async fn create(
    app: &App,
    reach: Reach,
    actor: Actor,
    new: NewAccount,
    idempotency: Option<Idempotency>,
) -> Result<MadeAccount, OpError> {
    if reach != Reach::All {
        return Err(OpError::operator_only("make accounts"));
    }
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| Box::pin(async move { create_in(&inner, tx, &new, idempotency.as_ref()).await }))
        .await
}

async fn create_in(
    app: &App,
    tx: &mut Tx,
    new: &NewAccount,
    idempotency: Option<&Idempotency>,
) -> Result<MadeAccount, OpError> {
    if let Some(made) = recall(tx, idempotency).await? {
        return replay(app, tx, &made).await;
    }
    let setup = app.config.api(&new.api).ok_or_else(|| OpError::field("/api", "no such API in the configuration"))?;
    let now = tx.now();
    let id = AccountId::new(new_id(now));
    let row = rules::row(setup, new, id, now.0)?;
    store::insert(tx.conn(), &row).await.map_err(taken)?;
    labels::keep(tx.conn(), &row.id, &row.labels()).await?;
    tx.touch(Touched::Account, &row.id);
    let facts = rules::facts(&row);
    tx.audit(AuditEvent {
        action: "account.created",
        subject: row.id.clone(),
        account: Some(id),
        before: None,
        after: Some(facts),
    });
    let account = row.view()?;
    let first_key = keys::provision(app, tx, setup, &account).await?;
    let made = match &first_key {
        None => row.id.clone(),
        Some(first) => format!("{} {}", row.id, first.key.id),
    };
    remember(tx, idempotency, &made).await?;
    Ok(MadeAccount { account, first_key, replayed: false })
}

async fn replay(app: &App, tx: &mut Tx, made: &str) -> Result<MadeAccount, OpError> {
    let (account, key) = made.split_once(' ').map_or((made, None), |(account, key)| (account, Some(key)));
    let id = account.parse().map_err(|_| OpError::NotFound)?;
    let row = store::get(tx.conn(), Reach::All, id).await?.ok_or(OpError::NotFound)?;
    let first_key = match key.and_then(|key| key.parse().ok()) {
        Some(key) => keys::replay(app, tx, Reach::Account(id), key).await.ok(),
        None => None,
    };
    Ok(MadeAccount { account: row.view()?, first_key, replayed: true })
}

/// One account.
pub async fn get(app: &App, reach: Reach, id: AccountId) -> Result<AccountView, OpError> {
    let row = store::get(&mut app.db.conn().await?, reach, id).await?.ok_or(OpError::NotFound)?;
    Ok(row.view()?)
}

/// Accounts, newest first.
pub async fn list(app: &App, reach: Reach, filter: AccountFilter, page: Page) -> Result<Paged<AccountView>, OpError> {
    let fetch = page.fetch()?;
    // No stored text holds a NUL, and PostgreSQL refuses to compare with one.
    if filter.texts().any(|text| text.contains('\0')) {
        return Ok(Paged { items: vec![], next_cursor: None });
    }
    let rows = store::list(&mut app.db.conn().await?, reach, &filter, fetch).await?;
    let views = rows.iter().map(AccountRow::view).collect::<sqlx::Result<Vec<_>>>()?;
    Ok(page.cut(views, |view| Cursor { at: view.created_at.0, id: view.id.to_string() }))
}

/// Changes an account; an edit that changes nothing leaves no trace.
pub async fn edit(
    app: &App,
    reach: Reach,
    actor: Actor,
    id: AccountId,
    edit: AccountEdit,
    if_version: Option<i64>,
) -> Result<AccountView, OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| Box::pin(async move { Ok(edit_in(&inner, tx, reach, id, &edit, if_version).await?.1) }))
        .await
}

/// The account before and after an edit.
async fn edit_in(
    app: &App,
    tx: &mut Tx,
    reach: Reach,
    id: AccountId,
    edit: &AccountEdit,
    if_version: Option<i64>,
) -> Result<(AccountView, AccountView), OpError> {
    let (row, setup) = hold(app, tx, reach, id).await?;
    if if_version.is_some_and(|version| version != row.version) {
        return Err(OpError::PreconditionFailed);
    }
    let after = edited(&setup, reach, &row, edit)?;
    Ok((row.view()?, settle(tx, id, &row, after).await?))
}

fn edited(setup: &ApiSetup, reach: Reach, row: &AccountRow, edit: &AccountEdit) -> Result<AccountRow, OpError> {
    let AccountEdit { name, external_id, plan, accepted_keys, totp_required, suspended, metadata, tags } = edit;
    let operators = external_id.is_some() || plan.is_some() || suspended.is_some();
    let seen_upstream = metadata.is_some() || tags.is_some();
    if reach != Reach::All && (operators || seen_upstream) {
        return Err(OpError::operator_only("change more of an account than its name, accepted_keys and totp_required"));
    }
    let mut findings = Findings::default();
    let mut after = row.clone();
    if let Some(name) = name {
        after.name = rules::name(name, &mut findings);
    }
    if let Some(external_id) = external_id {
        after.external_id = labels::external_id(external_id.as_deref(), &mut findings);
    }
    if let Some(plan) = plan {
        after.plan = rules::plan(setup, plan.as_deref(), &mut findings);
    }
    if let Some(accepted_keys) = accepted_keys {
        after.accepted_keys = accepted_keys.as_str().into();
    }
    if let Some(required) = totp_required {
        after.totp_required = *required;
    }
    if let Some(suspended) = suspended {
        after.suspended = *suspended;
    }
    if let Some(metadata) = metadata {
        after.metadata = labels::metadata(metadata.as_ref(), &mut findings);
    }
    if let Some(tags) = tags {
        after.tags = labels::tags(tags, &mut findings);
    }
    findings.done()?;
    Ok(after)
}

async fn settle(tx: &mut Tx, id: AccountId, before: &AccountRow, after: AccountRow) -> Result<AccountView, OpError> {
    if after == *before {
        return Ok(before.view()?);
    }
    let after = AccountRow { updated_at: tx.now().0, version: before.version + 1, ..after };
    store::save(tx.conn(), &after).await.map_err(taken)?;
    if after.labels() != before.labels() {
        labels::keep(tx.conn(), &after.id, &after.labels()).await?;
    }
    // The plan is part of what each key may do; everything else stands in the account's own row.
    let touched = if after.plan == before.plan { Touched::Account } else { Touched::AccountKeys };
    tx.touch(touched, &after.id);
    let (was, is) = differences(rules::facts(before), rules::facts(&after));
    tx.audit(AuditEvent {
        action: "account.edited",
        subject: after.id.clone(),
        account: Some(id),
        before: Some(was),
        after: Some(is),
    });
    Ok(after.view()?)
}

/// Deletes an account with its people, keys and management keys; tombstones tell whose the keys' secrets were.
/// Only for the operator.
pub async fn delete(app: &App, reach: Reach, actor: Actor, id: AccountId) -> Result<(), OpError> {
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let row = store::lock(tx.conn(), reach, id).await?.ok_or(OpError::NotFound)?;
                if reach != Reach::All {
                    return Err(OpError::operator_only("delete accounts"));
                }
                keys::bury_all(tx, id).await?;
                policies::forget(tx, id).await?;
                outbox::forget_account(tx, id).await?;
                notices::forget_account(tx, id).await?;
                people::forget_all(tx, id).await?;
                roles::forget_all(tx, id).await?;
                management::forget_all(tx, id).await?;
                webhooks::forget_all(tx, id).await?;
                leaks::forget_all(tx, id).await?;
                usage::forget(tx, id).await?;
                labels::forget(tx.conn(), &row.id).await?;
                store::delete(tx.conn(), id).await?;
                tx.touch(Touched::AccountKeys, &row.id);
                tx.audit(AuditEvent {
                    action: "account.deleted",
                    subject: row.id.clone(),
                    account: Some(id),
                    before: Some(rules::facts(&row)),
                    after: None,
                });
                Ok(())
            })
        })
        .await
}

/// Takes the account's turn: until the change ends, no other change counts or alters anything below this account.
pub(crate) async fn lock(tx: &mut Tx, reach: Reach, id: AccountId) -> Result<AccountView, OpError> {
    let row = store::lock(tx.conn(), reach, id).await?.ok_or(OpError::NotFound)?;
    Ok(row.view()?)
}

/// An account, on a connection in hand.
pub(crate) async fn seen(conn: &mut Conn, id: AccountId) -> Result<AccountView, OpError> {
    let row = store::get(conn, Reach::Account(id), id).await?.ok_or(OpError::NotFound)?;
    Ok(row.view()?)
}

/// An account's name, on a connection in hand.
pub(crate) async fn name_of(conn: &mut Conn, id: AccountId) -> Result<Option<String>, OpError> {
    Ok(store::get(conn, Reach::Account(id), id).await?.map(|row| row.name))
}

/// What is configured for an account.
pub(crate) fn setup(app: &App, account: &AccountView) -> Result<Arc<ApiSetup>, OpError> {
    app.config.api(&account.api).cloned().ok_or_else(|| {
        OpError::conflict("api_not_configured", format!("the API {} is not in the configuration", account.api))
    })
}

async fn hold(app: &App, tx: &mut Tx, reach: Reach, id: AccountId) -> Result<(AccountRow, Arc<ApiSetup>), OpError> {
    let row = store::lock(tx.conn(), reach, id).await?.ok_or(OpError::NotFound)?;
    let setup = setup(app, &row.view()?)?;
    Ok((row, setup))
}

fn taken(error: sqlx::Error) -> OpError {
    if is_taken(&error, "external_id") {
        return OpError::conflict("external_id_taken", "another account of this API has this external_id");
    }
    if is_taken(&error, "public_id") {
        return OpError::conflict("public_id_taken", "another account of this API has this public_id");
    }
    error.into()
}

impl AccountRow {
    fn labels(&self) -> Labels {
        Labels { metadata: self.metadata.clone(), tags: self.tags.clone() }
    }
}

impl AccountFilter {
    fn texts(&self) -> impl Iterator<Item = &String> {
        let Self { api, external_id, public_id, tag, metadata } = self;
        let member = metadata.iter().flat_map(|(name, value)| [name, value]);
        [api, external_id, public_id, tag].into_iter().flatten().chain(member)
    }
}

/// Which of these public ids are accounts': the account, its API and the id. For the request log alone.
pub async fn of_public_ids(db: &Db, ids: &[String]) -> sqlx::Result<Vec<(AccountId, String, String)>> {
    let rows = store::of_public_ids(&mut db.conn().await?, ids).await?;
    let known = |(id, api, public_id): (String, String, String)| Some((id.parse().ok()?, api, public_id));
    Ok(rows.into_iter().filter_map(known).collect())
}
