//! Dry runs: which keys a change would touch. The change is made by its own rules and undone; the keys are then found
//! by looking at them as they are.

use keyward_core::ids::{AccountId, KeyId};
use keyward_core::key::KeyState;
use keyward_core::policy::{Breach, Policy, Proposed};
use keyward_core::time::UnixMs;

use super::hold::{Held, shown};
use super::narrower::{Side, narrower};
use super::{KeyEdit, KeyFilter, KeyView, edit, end, read};
use crate::accounts::{self, AccountView};
use crate::app::App;
use crate::changes::{Actor, Reach, Tx};
use crate::operation::{self, OpError, Page};

/// Most keys of an answer.
const TOUCHED_MAX: usize = 200;
/// Most keys of an account that are looked at, so many at a time.
const LOOKED_AT_MAX: usize = 10_000;
const PAGE: u32 = 200;

/// Which keys a change would touch.
#[derive(Debug, Clone, PartialEq)]
pub struct Impact {
    /// They, newest first.
    pub keys: Vec<TouchedKey>,
    /// Whether there may be others.
    pub more: bool,
}

/// A key that a change would touch.
#[derive(Debug, Clone, PartialEq)]
pub struct TouchedKey {
    /// The key as it is.
    pub key: KeyView,
    /// What would become of it.
    pub why: String,
}

/// What could be done to one key.
#[derive(Debug, Clone)]
pub enum Deed {
    /// Change it, if it is still this version.
    Edit(Box<KeyEdit>, Option<i64>),
    /// Switch it off.
    Disable,
    /// End it for good.
    Revoke,
    /// Take it off the list.
    Delete,
}

/// Whom something done to one key would touch: that key, or nobody.
pub async fn rehearse(app: &App, reach: Reach, actor: Actor, id: KeyId, deed: Deed) -> Result<Impact, OpError> {
    let inner = app.clone();
    let would = operation::rehearse(&app.changes, actor, move |tx| {
        Box::pin(async move { touched(&inner, tx, reach, id, deed).await })
    });
    Ok(Impact { keys: would.await?.into_iter().collect(), more: false })
}

async fn touched(app: &App, tx: &mut Tx, reach: Reach, id: KeyId, deed: Deed) -> Result<Option<TouchedKey>, OpError> {
    let held = Held::take(app, tx, reach, id).await?;
    let key = shown(app, tx, &held.row).await?;
    let was = held.row.state()?;
    let why = match deed {
        Deed::Edit(edit, if_version) => {
            let after = edit::edit_in(app, tx, reach, id, *edit, if_version).await?;
            let plan = held.account.plan.as_deref();
            let (before, after) = (Side { key: &key, plan }, Side { key: &after, plan });
            narrower(&held.setup, before, after, tx.now())
        }
        Deed::Disable => {
            edit::switch_in(app, tx, reach, id, KeyState::Disabled, "key.disabled").await?;
            (was == KeyState::Active).then(|| "is switched off: its next request is refused".to_owned())
        }
        Deed::Revoke => {
            end::revoke_in(app, tx, reach, id).await?;
            (was != KeyState::Revoked).then(|| "ends for good".to_owned())
        }
        Deed::Delete => {
            end::delete_in(app, tx, reach, id).await?;
            Some("ends and goes off the list".to_owned())
        }
    };
    Ok(why.map(|why| TouchedKey { key, why }))
}

/// The keys of an account that its policy would refuse if they were made as they are.
pub(crate) async fn breaking(app: &App, account: AccountId, policy: &Policy) -> Result<Impact, OpError> {
    let now = app.clock.now();
    let why = |key: &KeyView| {
        let proposed = Proposed {
            end: Some(key.expires_at),
            addresses: Some(key.addresses.len()),
            scopes: Some(key.scopes.iter().map(String::as_str).collect()),
        };
        let breaches = policy.judge(&proposed, now);
        let all = breaches.iter().map(Breach::to_string).collect::<Vec<_>>();
        (!all.is_empty())
            .then(|| format!("keeps working, and can't be extended or rotated as it is: {}", all.join("; ")))
    };
    scan(app, account, why).await
}

/// The keys of an account that an edit of it would touch.
pub(crate) async fn touched_by_account(
    app: &App,
    before: &AccountView,
    after: &AccountView,
) -> Result<Impact, OpError> {
    let setup = accounts::setup(app, before)?;
    let now = app.clock.now();
    let is_suspended = after.suspended && !before.suspended;
    let why = |key: &KeyView| {
        if is_suspended {
            return Some("is refused while the account is suspended".to_owned());
        }
        if before.accepted_keys.accepts(key.kind) && !after.accepted_keys.accepts(key.kind) {
            return Some("is refused: the account no longer accepts keys of its kind".to_owned());
        }
        let side = |account: &AccountView| account.plan.clone();
        let (was, is) = (side(before), side(after));
        narrower(&setup, Side { key, plan: was.as_deref() }, Side { key, plan: is.as_deref() }, now)
    };
    scan(app, before.id, why).await
}

/// The keys of an account that are not over and of which there is something to say.
async fn scan(app: &App, account: AccountId, why: impl Fn(&KeyView) -> Option<String>) -> Result<Impact, OpError> {
    let filter = KeyFilter { account: Some(account), ..KeyFilter::default() };
    let (mut keys, mut looked_at, mut cursor) = (Vec::new(), 0, None);
    loop {
        let page = Page { limit: PAGE, cursor };
        let page = read::list(app, Reach::Account(account), filter.clone(), page).await?;
        looked_at += page.items.len();
        for key in page.items.into_iter().filter(|key| !is_over(key, app.clock.now())) {
            let Some(why) = why(&key) else { continue };
            if keys.len() == TOUCHED_MAX {
                return Ok(Impact { keys, more: true });
            }
            keys.push(TouchedKey { key, why });
        }
        cursor = page.next_cursor;
        if cursor.is_none() || looked_at >= LOOKED_AT_MAX {
            return Ok(Impact { keys, more: cursor.is_some() });
        }
    }
}

fn is_over(key: &KeyView, now: UnixMs) -> bool {
    key.state == KeyState::Revoked || key.expires_at.is_some_and(|end| end <= now)
}
