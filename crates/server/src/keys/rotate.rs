//! New secrets for old keys: rotate with an overlap (row r74), reset without one (row r44).

use keyward_core::expiry::Lifetime;
use keyward_core::ids::KeyId;
use keyward_core::key::Kind;
use keyward_core::time::{DAY_MS, SECOND_MS};
use serde_json::{Value, json};

use super::hold::Held;
use super::row::KeyRow;
use super::rules::Asked;
use super::secrets::{self, Reason, SecretRow};
use super::seen::{self, How};
use super::{KeyView, WithSecret, permits};
use crate::app::App;
use crate::changes::{Actor, Reach, Tx};
use crate::notices::{self, Notice};
use crate::operation::{Findings, OpError, damaged};

/// Gives a key a new secret. The old one stays good for `overlap_s` seconds, or ends at once when that is 0. The key
/// ends when it did, unless a lifetime is given; an expired key needs one.
pub async fn rotate(
    app: &App,
    reach: Reach,
    actor: Actor,
    id: KeyId,
    overlap_s: i64,
    lifetime: Option<Lifetime>,
) -> Result<WithSecret, OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| Box::pin(async move { rotate_in(&inner, tx, reach, id, overlap_s, lifetime).await }))
        .await
}

/// As [`rotate`], as part of a larger change.
pub(crate) async fn rotate_in(
    app: &App,
    tx: &mut Tx,
    reach: Reach,
    id: KeyId,
    overlap_s: i64,
    lifetime: Option<Lifetime>,
) -> Result<WithSecret, OpError> {
    let held = Held::manage(app, tx, reach, id).await?;
    held.has_secret()?;
    if held.overlapping(tx).is_some() {
        let message = "the old secret of the last rotation is still good";
        return Err(OpError::conflict("rotation_in_progress", message));
    }
    let after = renewed(&held, tx, reach, lifetime, Some(overlap_s))?;
    held.clear(tx).await?;
    if overlap_s == 0 {
        secrets::bury(tx, held.current()?, Reason::Replaced).await?;
    } else {
        let until = tx.now().plus(overlap_s * SECOND_MS);
        secrets::set_until(tx.conn(), &held.current()?.id, Some(until)).await?;
    }
    let until = (overlap_s > 0).then(|| tx.now().plus(overlap_s * SECOND_MS).rfc3339());
    renew(app, tx, held, after, ("key.rotated", json!({ "overlap_until": until }))).await
}

/// Gives a personal key a new secret; every old one ends at once. The key ends when it did, unless a lifetime is
/// given; an expired key needs one.
pub async fn reset(
    app: &App,
    reach: Reach,
    actor: Actor,
    id: KeyId,
    lifetime: Option<Lifetime>,
) -> Result<WithSecret, OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let held = Held::take(&inner, tx, reach, id).await?;
                permits::manages(tx.actor(), Kind::Personal)?;
                if held.row.kind()? != Kind::Personal {
                    return Err(OpError::conflict("not_personal", "only personal keys are reset; rotate this one"));
                }
                held.has_secret()?;
                let after = renewed(&held, tx, reach, lifetime, None)?;
                for secret in &held.secrets {
                    secrets::bury(tx, secret, Reason::Replaced).await?;
                }
                renew(&inner, tx, held, after, ("key.reset", json!({}))).await
            })
        })
        .await
}

/// Takes a rotation back while its overlap runs: the new secret ends at once, the old one is in force again.
pub async fn cancel_rotation(app: &App, reach: Reach, actor: Actor, id: KeyId) -> Result<KeyView, OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let held = Held::manage(&inner, tx, reach, id).await?;
                held.has_secret()?;
                let old = held.overlapping(tx).ok_or_else(no_rotation)?;
                secrets::bury(tx, held.current()?, Reason::Replaced).await?;
                secrets::set_until(tx.conn(), &old.id, None).await?;
                let after = held.row.clone();
                held.write(&inner, tx, "key.rotation_cancelled", after).await
            })
        })
        .await
}

/// Ends a rotation before its overlap does: the old secret ends at once.
pub async fn complete_rotation(app: &App, reach: Reach, actor: Actor, id: KeyId) -> Result<KeyView, OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let held = Held::manage(&inner, tx, reach, id).await?;
                held.has_secret()?;
                if !held.clear(tx).await? {
                    return Err(no_rotation());
                }
                let after = held.row.clone();
                held.write(&inner, tx, "key.rotation_completed", after).await
            })
        })
        .await
}

fn no_rotation() -> OpError {
    OpError::conflict("no_rotation", "the key has no old secret")
}

impl Held {
    fn current(&self) -> Result<&SecretRow, OpError> {
        Ok(self.secrets.iter().find(|secret| secret.until.is_none()).ok_or_else(|| damaged("a key's secret"))?)
    }

    /// The old secret of an overlap that still runs.
    fn overlapping(&self, tx: &Tx) -> Option<&SecretRow> {
        self.secrets.iter().find(|secret| secret.until.is_some() && secret.is_good(tx.now()))
    }

    /// Buries old secrets, whether or not their overlap has run out; false when there is none.
    async fn clear(&self, tx: &mut Tx) -> Result<bool, OpError> {
        let mut any = false;
        for secret in self.secrets.iter().filter(|secret| secret.until.is_some()) {
            secrets::bury(tx, secret, Reason::Replaced).await?;
            any = true;
        }
        Ok(any)
    }
}

/// The key's row with its new end, when what is asked for keeps the rules.
fn renewed(
    held: &Held,
    tx: &Tx,
    reach: Reach,
    lifetime: Option<Lifetime>,
    overlap_s: Option<i64>,
) -> Result<KeyRow, OpError> {
    let ground = held.ground(reach, tx)?;
    let mut findings = Findings::default();
    let mut after = held.row.clone();
    let overlap_s_max = i64::from(ground.kind.overlap_days_max) * (DAY_MS / SECOND_MS);
    if overlap_s.is_some_and(|overlap_s| !(0..=overlap_s_max).contains(&overlap_s)) {
        findings.note("/overlap_s", format!("a whole number of seconds from 0 to {overlap_s_max}"));
    }
    match lifetime {
        Some(lifetime) => ground.lifetime(&mut after, lifetime, &mut findings),
        None if held.row.is_expired(tx.now()) => findings.note("/expires", "the key has expired: say when it ends"),
        None => {}
    }
    findings.done()?;
    ground.obeys(&after, Asked { lifetime: lifetime.is_some(), ..Asked::default() })?;
    ground.obeys_as_it_is(&after)?;
    Ok(after)
}

async fn renew(
    app: &App,
    tx: &mut Tx,
    held: Held,
    after: KeyRow,
    (action, facts): (&'static str, Value),
) -> Result<WithSecret, OpError> {
    let account = held.account.id;
    let secret = secrets::issue(app, tx, &held.row, held.kind()?).await?;
    let secret = seen::meet(tx, &held.row, held.kind()?, secret, How::Rotated).await?;
    let key = held.write(app, tx, action, after).await?;
    notices::raise(app, tx, Notice::of_key(notices::Kind::KeyRotated, account, key.id, key.version).with(facts))
        .await?;
    Ok(WithSecret { key, secret, pickup: None, replayed: false })
}
