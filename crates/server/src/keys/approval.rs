//! Approval: a key with scopes that the account's policy lists gets its secret only after a second admin has agreed.

use keyward_core::ids::KeyId;
use keyward_core::key::KeyState;
use keyward_core::name::Name;
use keyward_core::role::{Area, Permission};
use serde_json::{Value, json};

use super::end::ended;
use super::hold::{Held, record, shown};
use super::row::KeyRow;
use super::{KeyView, permits};
use crate::app::App;
use crate::changes::{Actor, Reach, Tx};
use crate::management;
use crate::operation::{Findings, OpError};

const REASON_CHARS_MAX: usize = 500;

/// For a scope that is not given without a second admin.
pub(super) fn approval_needed() -> OpError {
    let why = "the account's policy wants a second admin's approval for one of these scopes; make a new key with it";
    OpError::conflict("approval_needed", why)
}

/// Lets a key that waits for approval have a secret: its requester collects it, or somebody with a link does. Nobody
/// approves the own request.
pub async fn approve(
    app: &App,
    reach: Reach,
    actor: Actor,
    id: KeyId,
    if_version: Option<i64>,
) -> Result<KeyView, OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let held = waiting(&inner, tx, reach, id).await?;
                if if_version.is_some_and(|version| version != held.row.version) {
                    return Err(OpError::PreconditionFailed);
                }
                if is_own(tx, &held.row.created_by).await? {
                    let why = "somebody else must approve what you asked for";
                    return Err(OpError::forbidden("own_request", why));
                }
                held.is_not_expired(tx)?;
                held.ground(reach, tx)?.obeys_as_it_is(&held.row)?;
                let after = KeyRow { state: KeyState::AwaitingPickup.as_str().into(), ..held.row.clone() };
                held.write(&inner, tx, "key.approved", after).await
            })
        })
        .await
}

/// Turns a request down: the key is revoked.
pub async fn decline(
    app: &App,
    reach: Reach,
    actor: Actor,
    id: KeyId,
    reason: Option<String>,
) -> Result<KeyView, OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let held = waiting(&inner, tx, reach, id).await?;
                let mut findings = Findings::default();
                let reason = reason.as_deref();
                let reason = reason.and_then(|text| findings.take("/reason", Name::parse(text, REASON_CHARS_MAX)));
                findings.done()?;
                let after = ended(tx, &held.row).await?;
                let more = reason.map_or(Value::Null, |reason| json!({ "reason": reason.as_str() }));
                let after = record(tx, &held.row, after, "key.declined", more).await?;
                shown(&inner, tx, &after).await
            })
        })
        .await
}

/// A key that waits for an admin, held by one.
async fn waiting(app: &App, tx: &mut Tx, reach: Reach, id: KeyId) -> Result<Held, OpError> {
    let held = Held::manage(app, tx, reach, id).await?;
    permits::needs(tx.actor(), Permission::write(Area::Settings))?;
    if held.row.state()? != KeyState::Pending {
        return Err(OpError::conflict("not_pending", "the key does not wait for approval"));
    }
    Ok(held)
}

/// Whether the actor asked for the key: in person, or through management keys, however many made each other.
async fn is_own(tx: &mut Tx, requester: &str) -> Result<bool, OpError> {
    let approver = tx.actor().who.clone();
    let roots = [management::root_of(tx.conn(), &approver).await?, management::root_of(tx.conn(), requester).await?];
    // A key that the command line made stands for itself, but not against the command line.
    let makers = [management::maker_of(tx.conn(), &roots[0]).await?, management::maker_of(tx.conn(), &roots[1]).await?];
    Ok(roots[0] == roots[1] || makers[0].as_ref() == Some(&roots[1]) || makers[1].as_ref() == Some(&roots[0]))
}
