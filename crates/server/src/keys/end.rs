//! Ending keys: for good but still listed (revoke), or taken off the list (delete).

use keyward_core::ids::{AccountId, KeyId, PersonId};
use keyward_core::key::KeyState;

use super::hold::Held;
use super::row::KeyRow;
use super::secrets::{self, Reason};
use super::{KeyView, store};
use crate::app::App;
use crate::changes::{Actor, AuditEvent, Reach, Touched, Tx};
use crate::labels;
use crate::operation::OpError;

/// Ends a key for good. It stays listed, answers `key_revoked`, and frees its place and its name.
pub async fn revoke(app: &App, reach: Reach, actor: Actor, id: KeyId) -> Result<KeyView, OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let held = Held::take(&inner, tx, reach, id).await?;
                if held.row.state()? != KeyState::Revoked {
                    check_minimum(tx, &held).await?;
                }
                revoke_held(&inner, tx, held).await
            })
        })
        .await
}

async fn revoke_held(app: &App, tx: &mut Tx, held: Held) -> Result<KeyView, OpError> {
    let mut after = held.row.clone();
    if held.row.state()? != KeyState::Revoked {
        after.state = KeyState::Revoked.as_str().into();
        after.revoked_at = Some(tx.now().0);
        after.name_unique = None;
        secrets::unseal(tx.conn(), &after.id).await?;
    }
    held.settle(app, tx, "key.revoked", after).await
}

/// Takes a key off the list; tombstones tell whose its secrets were.
pub async fn delete(app: &App, reach: Reach, actor: Actor, id: KeyId) -> Result<(), OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let held = Held::take(&inner, tx, reach, id).await?;
                if held.row.state()? != KeyState::Revoked {
                    check_minimum(tx, &held).await?;
                }
                bury(tx, &held.row).await
            })
        })
        .await
}

/// Row r101: where a kind has a minimum, so many keys stay that are neither revoked nor expired. An expired key may
/// go while others are left. The account's row is locked: of two that would each leave the last, one goes first.
async fn check_minimum(tx: &mut Tx, held: &Held) -> Result<(), OpError> {
    // A kind that is no longer configured keeps nothing.
    let Some(kind) = held.setup.api.kind(held.row.kind()?).filter(|kind| kind.count_min > 0) else { return Ok(()) };
    let now = tx.now();
    let living_at = (!held.row.is_expired(now)).then_some(now);
    let left = store::count_others(tx.conn(), &held.row, living_at, kind.count_min).await?;
    if left >= i64::from(kind.count_min) {
        return Ok(());
    }
    Err(OpError::conflict("last_key", "The last API key can't be deleted. Create a new one first."))
}

async fn bury(tx: &mut Tx, row: &KeyRow) -> Result<(), OpError> {
    for secret in secrets::of(tx.conn(), row).await? {
        secrets::bury(tx, &secret, Reason::Deleted).await?;
    }
    labels::forget(tx.conn(), &row.id).await?;
    store::delete(tx.conn(), row).await?;
    tx.touch(Touched::Key, &row.id);
    tx.audit(AuditEvent {
        action: "key.deleted",
        subject: row.id.clone(),
        account: Some(row.account()?),
        before: Some(row.facts()),
        after: None,
    });
    Ok(())
}

/// Deletes all keys of an account that is being deleted; its minimum holds no longer.
pub(crate) async fn bury_all(tx: &mut Tx, account: AccountId) -> Result<(), OpError> {
    secrets::bury_all(tx, account).await?;
    store::delete_all(tx.conn(), account).await?;
    Ok(())
}

/// Revokes the keys of a person who is being shut out: they may get another when they are let in again.
pub(crate) async fn end_of_person(app: &App, tx: &mut Tx, account: AccountId, person: PersonId) -> Result<(), OpError> {
    for row in store::of_person(tx.conn(), account, person).await? {
        let id = row.id.parse().map_err(|_| OpError::NotFound)?;
        let held = Held::take(app, tx, Reach::Account(account), id).await?;
        revoke_held(app, tx, held).await?;
    }
    Ok(())
}

/// Deletes the keys of a person who is being deleted.
pub(crate) async fn bury_of_person(tx: &mut Tx, account: AccountId, person: PersonId) -> Result<(), OpError> {
    for row in store::of_person(tx.conn(), account, person).await? {
        bury(tx, &row).await?;
    }
    Ok(())
}
