//! Handing over the secret of a key that has none yet: to whoever has its link, or to who asked for the key.

use keyward_core::ids::KeyId;
use keyward_core::key::KeyState;
use keyward_core::secret::Secret;
use serde_json::json;

use super::hold::{Held, record, shown};
use super::pickup::{self, PickupRow};
use super::row::KeyRow;
use super::seen::{self, How};
use super::{KeyView, PickupLook, PickupView, WithSecret, read, secrets, store};
use crate::accounts;
use crate::app::App;
use crate::changes::{Actor, Reach, Tx};
use crate::notices::{self, Kind, Notice};
use crate::operation::{Findings, OpError, damaged};
use crate::people;

/// Makes a link with which a waiting key's secret is picked up; the one before it ends. Without a recipient the one
/// before stays.
pub async fn send_for_pickup(
    app: &App,
    reach: Reach,
    actor: Actor,
    id: KeyId,
    recipient: Option<String>,
) -> Result<(KeyView, PickupView), OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let held = Held::manage(&inner, tx, reach, id).await?;
                held.awaits_pickup()?;
                held.is_not_expired(tx)?;
                held.ground(reach, tx)?.obeys_as_it_is(&held.row)?;
                let signs_in = holder_signs_in(tx, &held).await?;
                pickup::is_for_others(held.kind()?, signs_in).map_err(|why| OpError::conflict("no_pickup", why))?;
                let mut findings = Findings::default();
                let recipient = match recipient.as_deref() {
                    Some(text) => pickup::recipient("/recipient", text, &mut findings),
                    None => pickup::of(tx.conn(), &held.row.id).await?.and_then(|row| row.recipient),
                };
                findings.done()?;
                let link = pickup::send(&inner, tx, &held.row, recipient).await?;
                // For whom it is stays out of the audit, which holds no person's name.
                let more = json!({ "link_expires_at": link.expires_at.rfc3339() });
                let after = record(tx, &held.row, held.row.clone(), "key.pickup_sent", more).await?;
                Ok((shown(&inner, tx, &after).await?, link))
            })
        })
        .await
}

/// Ends a waiting key's link. The key keeps waiting, for another.
pub async fn withdraw_link(app: &App, reach: Reach, actor: Actor, id: KeyId) -> Result<KeyView, OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let held = Held::manage(&inner, tx, reach, id).await?;
                held.awaits_pickup()?;
                let Some(row) = pickup::of(tx.conn(), &held.row.id).await?.filter(|row| row.digest.is_some()) else {
                    return Err(OpError::conflict("no_link", "the key has no link"));
                };
                // Who was to pick it up stays noted: nobody else collects the secret.
                pickup::intend(tx, &held.row, row.recipient).await?;
                let after = held.row.clone();
                held.write(&inner, tx, "key.pickup_withdrawn", after).await
            })
        })
        .await
}

/// What a link is for. Looking does not use it up.
pub async fn look_at_link(app: &App, token: &Secret) -> Result<PickupLook, OpError> {
    let mut conn = app.db.conn().await?;
    let link = link_of(app, &mut conn, token).await?;
    let now = app.clock.now();
    let key: KeyId = link.key_id.parse().map_err(|_| damaged("a link's key"))?;
    let row = store::get(&mut conn, None, key).await?.ok_or(OpError::NotFound)?;
    let link_expires_at = link.link_end(now).filter(|_| is_waiting(&row)).ok_or(OpError::NotFound)?;
    if row.is_expired(now) {
        return Err(OpError::NotFound);
    }
    let key = read::views(app, &mut conn, std::slice::from_ref(&row), now).await?.pop().ok_or(OpError::NotFound)?;
    let account_name = accounts::seen(&mut conn, key.account).await?.name;
    Ok(PickupLook { key, account_name, recipient: link.recipient, link_expires_at })
}

/// Makes a waiting key's secret and hands it to whoever has its link, once. Every other link is as good as none.
pub async fn pick_up(app: &App, origin: Option<String>, token: &Secret) -> Result<WithSecret, OpError> {
    let link = link_of(app, &mut app.db.conn().await?, token).await?;
    let id: KeyId = link.key_id.parse().map_err(|_| damaged("a link's key"))?;
    let inner = app.clone();
    app.changes
        .run(Actor::link(id, origin), move |tx| {
            Box::pin(async move {
                let held = Held::take(&inner, tx, Reach::All, id).await?;
                // Again, now that nobody else changes the account: of two with one link the first gets it.
                let current = pickup::of(tx.conn(), &held.row.id).await?.ok_or(OpError::NotFound)?;
                let is_good = current.digest == link.digest && current.link_end(tx.now()).is_some();
                if !is_good || !is_waiting(&held.row) || held.row.is_expired(tx.now()) {
                    return Err(OpError::NotFound);
                }
                hand_over(&inner, tx, Reach::All, held, "key.picked_up").await
            })
        })
        .await
}

/// Makes an approved key's secret and hands it to who asked for the key, once.
pub async fn collect(app: &App, reach: Reach, actor: Actor, id: KeyId) -> Result<WithSecret, OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let held = Held::manage(&inner, tx, reach, id).await?;
                held.awaits_pickup()?;
                if held.row.created_by != tx.actor().who {
                    let why = "only who asked for the key collects its secret";
                    return Err(OpError::forbidden("not_your_request", why));
                }
                held.is_not_expired(tx)?;
                if pickup::of(tx.conn(), &held.row.id).await?.is_some() {
                    let why = "the secret is for whoever has the link: send it, or make a new one";
                    return Err(OpError::conflict("sent_for_pickup", why));
                }
                hand_over(&inner, tx, reach, held, "key.collected").await
            })
        })
        .await
}

async fn hand_over(
    app: &App,
    tx: &mut Tx,
    reach: Reach,
    held: Held,
    action: &'static str,
) -> Result<WithSecret, OpError> {
    // The policy may have become narrower since the key was asked for.
    held.ground(reach, tx)?.obeys_as_it_is(&held.row)?;
    pickup::forget(tx.conn(), &held.row.id).await?;
    let secret = secrets::issue(app, tx, &held.row, held.kind()?).await?;
    let secret = seen::meet(tx, &held.row, held.kind()?, secret, How::PickedUp).await?;
    let after = KeyRow { state: KeyState::Active.as_str().into(), ..held.row.clone() };
    let account = held.account.id;
    let key = held.write(app, tx, action, after).await?;
    if action == "key.picked_up" {
        notices::raise(app, tx, Notice::of_key(Kind::KeyPickedUp, account, key.id, "")).await?;
    }
    Ok(WithSecret { key, secret, pickup: None, replayed: false })
}

/// Whether the key is held by somebody who signs in.
async fn holder_signs_in(tx: &mut Tx, held: &Held) -> Result<bool, OpError> {
    match held.row.person_id.as_deref().and_then(|id| id.parse().ok()) {
        None => Ok(false),
        Some(person) => people::signs_in(tx, held.account.id, person).await,
    }
}

async fn link_of(app: &App, conn: &mut crate::db::Conn, token: &Secret) -> Result<PickupRow, OpError> {
    // A wrong shape or checksum can't be one of ours: no need to ask the store.
    if pickup::format().check(token.expose()).is_err() {
        return Err(OpError::NotFound);
    }
    let digest = app.vault.pepper().digest(token.expose());
    pickup::by_digest(conn, &digest).await?.ok_or(OpError::NotFound)
}

fn is_waiting(row: &KeyRow) -> bool {
    row.state == KeyState::AwaitingPickup.as_str()
}

impl Held {
    /// Refuses what only a key can have done to it whose secret waits to be picked up.
    fn awaits_pickup(&self) -> Result<(), OpError> {
        self.is_not_revoked()?;
        match self.row.state()? {
            KeyState::AwaitingPickup => Ok(()),
            KeyState::Pending => Err(OpError::conflict("not_approved", "the key still waits for approval")),
            _ => Err(OpError::conflict("not_awaiting_pickup", "the key has its secret already")),
        }
    }

    /// Refuses to give a key a secret that would be of no use.
    pub(super) fn is_not_expired(&self, tx: &Tx) -> Result<(), OpError> {
        if self.row.is_expired(tx.now()) {
            return Err(OpError::conflict("key_expired", "the key has expired: give it a new end first"));
        }
        Ok(())
    }
}
