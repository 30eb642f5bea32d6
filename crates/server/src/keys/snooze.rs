//! Not being reminded of a key's end for a while.

use keyward_core::ids::KeyId;
use keyward_core::time::{DAY_MS, UnixMs};
use serde_json::json;

use super::hold::{Held, record, shown};
use super::row::KeyRow;
use super::{KeyView, reminders};
use crate::app::App;
use crate::changes::{Actor, Reach};
use crate::operation::OpError;

/// For how many days somebody can choose not to be reminded.
const DAYS_MAX: i64 = 365;

/// Lets nobody be reminded of a key's end until then; `None`: as always from now on. That it has ended is told all the
/// same.
pub async fn snooze(
    app: &App,
    reach: Reach,
    actor: Actor,
    id: KeyId,
    until: Option<UnixMs>,
) -> Result<KeyView, OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let held = Held::manage(&inner, tx, reach, id).await?;
                held.is_not_revoked()?;
                if held.row.expires_at.is_none() {
                    return Err(OpError::conflict("no_expiry", "the key has no end to be reminded of"));
                }
                held.is_not_expired(tx)?;
                let now = tx.now();
                let is_fit = |until: UnixMs| until > now && until <= now.plus(DAYS_MAX * DAY_MS);
                if until.is_some_and(|until| !is_fit(until)) {
                    return Err(OpError::field("/until", format!("within the next {DAYS_MAX} days")));
                }
                if held.row.snoozed_until == until.map(|until| until.0) {
                    return shown(&inner, tx, &held.row).await;
                }
                reminders::snooze(tx, &held.row.id, until).await?;
                let after = KeyRow { snoozed_until: until.map(|until| until.0), ..held.row.clone() };
                let action = if until.is_some() { "key.snoozed" } else { "key.snooze_ended" };
                let more = json!({ "snoozed_until": until.map(UnixMs::rfc3339) });
                let after = record(tx, &held.row, after, action, more).await?;
                shown(&inner, tx, &after).await
            })
        })
        .await
}
