//! A key held by one change: its account locked, its row and secrets read, its new state written.

use std::sync::Arc;

use keyward_core::ids::{AccountId, KeyId};
use keyward_core::key::{KeyState, KindRules};
use keyward_core::policy::Policy;
use serde_json::Value;

use super::row::KeyRow;
use super::rules::Ground;
use super::secrets::SecretRow;
use super::{KeyView, permits, read, reminders, secrets, store};
use crate::accounts::{self, AccountView};
use crate::app::App;
use crate::audit::differences;
use crate::changes::{AuditEvent, Reach, Touched, Tx};
use crate::config::ApiSetup;
use crate::labels;
use crate::operation::{OpError, is_taken};
use crate::policies;

/// A key that no other change can touch meanwhile.
pub(super) struct Held {
    pub(super) account: AccountView,
    pub(super) setup: Arc<ApiSetup>,
    pub(super) row: KeyRow,
    pub(super) secrets: Vec<SecretRow>,
    pub(super) policy: Policy,
}

impl Held {
    /// Locks the account, then reads the key: in this order, or the row could be old when it is judged.
    pub(super) async fn take(app: &App, tx: &mut Tx, reach: Reach, id: KeyId) -> Result<Self, OpError> {
        let within = super::within(reach);
        let account = store::account_of(tx.conn(), within, id).await?.ok_or(OpError::NotFound)?;
        let account: AccountId = account.parse().map_err(|_| OpError::NotFound)?;
        let account = accounts::lock(tx, reach, account).await?;
        let row = store::get(tx.conn(), Some(account.id), id).await?.ok_or(OpError::NotFound)?;
        let secrets = secrets::of(tx.conn(), &row).await?;
        let setup = accounts::setup(app, &account)?;
        let policy = policies::of(tx, account.id).await?;
        Ok(Self { account, setup, row, secrets, policy })
    }

    /// Like [`Held::take`], for a change to the key: refuses whoever may not change keys of its kind.
    pub(super) async fn manage(app: &App, tx: &mut Tx, reach: Reach, id: KeyId) -> Result<Self, OpError> {
        let held = Self::take(app, tx, reach, id).await?;
        permits::manages(tx.actor(), held.row.kind()?)?;
        Ok(held)
    }

    /// The rules of the key's kind.
    pub(super) fn kind(&self) -> Result<&KindRules, OpError> {
        let kind = self.row.kind()?;
        self.setup.api.kind(kind).ok_or_else(|| {
            OpError::conflict(
                "kind_not_configured",
                "this API no longer issues keys of this kind; it can only be deleted",
            )
        })
    }

    pub(super) fn ground(&self, reach: Reach, tx: &Tx) -> Result<Ground<'_>, OpError> {
        Ok(Ground {
            setup: &self.setup,
            kind: self.kind()?,
            account: &self.account,
            reach,
            now: tx.now(),
            policy: &self.policy,
        })
    }

    /// Refuses what can't be done to a revoked key.
    pub(super) fn is_not_revoked(&self) -> Result<(), OpError> {
        if self.row.state()? == KeyState::Revoked {
            return Err(OpError::conflict("key_revoked", "the key was revoked, which is for good"));
        }
        Ok(())
    }

    /// Refuses what needs a secret, where the key has none yet or no longer.
    pub(super) fn has_secret(&self) -> Result<(), OpError> {
        self.is_not_revoked()?;
        if self.row.state()?.has_no_secret_yet() {
            return Err(OpError::conflict("no_secret_yet", "the key waits for its first secret"));
        }
        Ok(())
    }

    /// Writes the key's new row and the audit of it; a row that is as it was leaves no trace.
    pub(super) async fn settle(
        self,
        app: &App,
        tx: &mut Tx,
        action: &'static str,
        after: KeyRow,
    ) -> Result<KeyView, OpError> {
        if after == self.row {
            return shown(app, tx, &after).await;
        }
        self.write(app, tx, action, after).await
    }

    /// Like [`Held::settle`], for changes that are not all in the row.
    pub(super) async fn write(
        self,
        app: &App,
        tx: &mut Tx,
        action: &'static str,
        after: KeyRow,
    ) -> Result<KeyView, OpError> {
        let after = record(tx, &self.row, after, action, Value::Null).await?;
        shown(app, tx, &after).await
    }
}

/// Writes a key's new row and the audit of it, with what else there is to say.
pub(super) async fn record(
    tx: &mut Tx,
    before: &KeyRow,
    after: KeyRow,
    action: &'static str,
    more: Value,
) -> Result<KeyRow, OpError> {
    let after = KeyRow { updated_at: tx.now().0, version: before.version + 1, ..after };
    store::save(tx.conn(), &after).await.map_err(taken)?;
    let ends_otherwise = after.expires_at != before.expires_at;
    let after = KeyRow { snoozed_until: after.snoozed_until.filter(|_| !ends_otherwise), ..after };
    if ends_otherwise || after.state()? == KeyState::Revoked {
        reminders::keep(tx, &after).await?;
    } else if after.state != before.state {
        reminders::look_again(tx, &after.id).await?;
    }
    if after.labels() != before.labels() {
        labels::keep(tx.conn(), &after.id, &after.labels()).await?;
    }
    tx.touch(Touched::Key, &after.id);
    let (was, mut is) = differences(before.facts(), after.facts());
    if let (Value::Object(is), Value::Object(more)) = (&mut is, more) {
        is.extend(more);
    }
    tx.audit(AuditEvent {
        action,
        subject: after.id.clone(),
        account: Some(after.account()?),
        before: Some(was),
        after: Some(is),
    });
    Ok(after)
}

/// The key as it stands inside the change.
pub(super) async fn shown(app: &App, tx: &mut Tx, row: &KeyRow) -> Result<KeyView, OpError> {
    let now = tx.now();
    Ok(read::view(app, tx.conn(), row, now).await?)
}

/// Refuses a name or an external id that another key has.
pub(super) async fn check_uniqueness(tx: &mut Tx, row: &KeyRow) -> Result<(), OpError> {
    if row.name_unique.is_some() && store::is_name_taken(tx.conn(), row).await? {
        return Err(name_taken());
    }
    if row.external_id.is_some() && store::is_external_id_taken(tx.conn(), row).await? {
        return Err(external_id_taken());
    }
    Ok(())
}

/// What a unique constraint means.
pub(super) fn taken(error: sqlx::Error) -> OpError {
    match () {
        () if is_taken(&error, "name_unique") => name_taken(),
        () if is_taken(&error, "external_id") => external_id_taken(),
        () => error.into(),
    }
}

fn name_taken() -> OpError {
    OpError::conflict("name_taken", "another key of this account has this name")
}

fn external_id_taken() -> OpError {
    OpError::conflict("external_id_taken", "another key of this account has this external_id")
}
