//! Ending keys: for good but still listed (revoke), or taken off the list (delete).

use keyward_core::ids::{AccountId, KeyId, PersonId};
use keyward_core::key::KeyState;
use serde_json::Value;

use super::hold::{Held, record, shown};
use super::row::KeyRow;
use super::secrets::{self, Reason};
use super::{KeyView, permits, pickup, reminders, seen, store};
use crate::app::App;
use crate::changes::{Actor, AuditEvent, Reach, Touched, Tx};
use crate::labels;
use crate::notices::{self, Kind, Notice};
use crate::operation::OpError;

/// Ends a key for good. It stays listed, answers `key_revoked`, and frees its place and its name.
pub async fn revoke(app: &App, reach: Reach, actor: Actor, id: KeyId) -> Result<KeyView, OpError> {
    let inner = app.clone();
    app.changes.run(actor, move |tx| Box::pin(async move { revoke_in(&inner, tx, reach, id).await })).await
}

/// As [`revoke`], as part of a larger change.
pub(crate) async fn revoke_in(app: &App, tx: &mut Tx, reach: Reach, id: KeyId) -> Result<KeyView, OpError> {
    let held = Held::take(app, tx, reach, id).await?;
    // A key may always end itself: whoever finds it leaked stops it at once.
    if tx.actor().who != format!("key:{id}") {
        permits::manages(tx.actor(), held.row.kind()?)?;
    }
    if held.row.state()? == KeyState::Revoked {
        return shown(app, tx, &held.row).await;
    }
    check_minimum(tx, &held).await?;
    say(app, tx, &held.row).await?;
    let after = ended(tx, &held.row).await?;
    held.write(app, tx, "key.revoked", after).await
}

/// Tells that a key is over, while it can still be said what it was.
pub(super) async fn say(app: &App, tx: &mut Tx, row: &KeyRow) -> Result<(), OpError> {
    if row.state()? == KeyState::Revoked {
        return Ok(());
    }
    let notice = Notice::of_key(Kind::KeyRevoked, row.account()?, row.id()?, "");
    notices::raise(app, tx, notice).await
}

/// The row of a key that is over, once nothing is left with which its secret could be seen or picked up.
pub(super) async fn ended(tx: &mut Tx, row: &KeyRow) -> Result<KeyRow, OpError> {
    secrets::unseal(tx.conn(), &row.id).await?;
    pickup::forget(tx.conn(), &row.id).await?;
    Ok(KeyRow {
        state: KeyState::Revoked.as_str().into(),
        revoked_at: Some(tx.now().0),
        name_unique: None,
        ..row.clone()
    })
}

/// Takes a key off the list; tombstones tell whose its secrets were.
pub async fn delete(app: &App, reach: Reach, actor: Actor, id: KeyId) -> Result<(), OpError> {
    let inner = app.clone();
    app.changes.run(actor, move |tx| Box::pin(async move { delete_in(&inner, tx, reach, id).await })).await
}

pub(super) async fn delete_in(app: &App, tx: &mut Tx, reach: Reach, id: KeyId) -> Result<(), OpError> {
    let held = Held::manage(app, tx, reach, id).await?;
    permits::acts_in_force(tx, &held.account).await?;
    if held.row.state()? != KeyState::Revoked {
        check_minimum(tx, &held).await?;
    }
    say(app, tx, &held.row).await?;
    bury(tx, &held.row).await
}

/// Row r101: where a kind has a minimum, so many keys stay that are neither revoked nor expired. An expired key may
/// go while others are left. The account's row is locked: of two that would each leave the last, one goes first.
async fn check_minimum(tx: &mut Tx, held: &Held) -> Result<(), OpError> {
    if held.row.state()?.has_no_secret_yet() {
        return Ok(());
    }
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
    pickup::forget(tx.conn(), &row.id).await?;
    reminders::forget(tx, &row.id).await?;
    seen::forget(tx.conn(), &row.id).await?;
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

/// Ends the pick-up links that somebody made and nobody has used: the keys wait on for another.
pub(crate) async fn withdraw_links_made_by(tx: &mut Tx, account: AccountId, who: &str) -> Result<(), OpError> {
    Ok(pickup::end_made_by(tx.conn(), account, who).await?)
}

/// Deletes all keys of an account that is being deleted; its minimum holds no longer.
pub(crate) async fn bury_all(tx: &mut Tx, account: AccountId) -> Result<(), OpError> {
    secrets::bury_all(tx, account).await?;
    pickup::forget_all(tx.conn(), account).await?;
    reminders::forget_all(tx, account).await?;
    seen::forget_all(tx.conn(), account).await?;
    store::delete_all(tx.conn(), account).await?;
    Ok(())
}

/// Deletes the keys of a person who is being deleted.
pub(crate) async fn bury_of_person(
    app: &App,
    tx: &mut Tx,
    account: AccountId,
    person: PersonId,
) -> Result<(), OpError> {
    for row in store::of_person(tx.conn(), account, person).await? {
        say(app, tx, &row).await?;
        bury(tx, &row).await?;
    }
    Ok(())
}

/// Revokes the keys of a person who is being shut out: they may get another when they are let in again.
pub(crate) async fn end_of_person(app: &App, tx: &mut Tx, account: AccountId, person: PersonId) -> Result<(), OpError> {
    for row in store::of_person(tx.conn(), account, person).await? {
        if row.state()? != KeyState::Revoked {
            say(app, tx, &row).await?;
            let after = ended(tx, &row).await?;
            record(tx, &row, after, "key.revoked", Value::Null).await?;
        }
    }
    Ok(())
}
