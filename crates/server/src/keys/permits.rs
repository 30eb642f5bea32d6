//! Which permissions the operations on keys need: account keys are an affair of keys, personal keys one of people.

use keyward_core::key::{KeyState, Kind};
use keyward_core::role::{Area, Permission};

use super::row::KeyRow;
use super::{KeyFilter, KeyView, store};
use crate::accounts::AccountView;
use crate::changes::{Actor, Tx};
use crate::operation::OpError;

/// What changing keys of a kind needs (rows r16, r37, r43).
const fn to_manage(kind: Kind) -> Permission {
    match kind {
        Kind::Account => Permission::write(Area::Keys),
        Kind::Personal => Permission::write(Area::People),
    }
}

/// Refuses whoever may not change keys of this kind.
pub(super) fn manages(actor: &Actor, kind: Kind) -> Result<(), OpError> {
    needs(actor, to_manage(kind))
}

/// Refuses whoever may not do this.
pub(super) fn needs(actor: &Actor, permission: Permission) -> Result<(), OpError> {
    if actor.may.allow(permission) { Ok(()) } else { Err(OpError::denied(permission)) }
}

/// Refuses a key that acts for itself, at one of the gateway's doors, and is no longer good: its request may have begun
/// before it was ended, and waited for its own body since. The account is locked.
pub(super) async fn acts_in_force(tx: &mut Tx, account: &AccountView) -> Result<(), OpError> {
    let Some(id) = tx.actor().who.strip_prefix("key:").and_then(|id| id.parse().ok()) else { return Ok(()) };
    let row = store::get(tx.conn(), Some(account.id), id).await?;
    let now = tx.now();
    let is_active = row.as_ref().map(KeyRow::state).transpose()? == Some(KeyState::Active);
    if is_active && row.is_some_and(|row| !row.is_expired(now)) && !account.suspended {
        return Ok(());
    }
    Err(OpError::forbidden("key_not_in_force", "the key that asks is no longer in force"))
}

/// Which keys somebody may look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// All of them.
    All,
    /// Personal keys.
    Personal,
}

impl Sight {
    /// What this caller sees.
    pub(crate) fn of(actor: &Actor) -> Result<Self, OpError> {
        let may = |area| actor.may.allow(Permission::read(area));
        match (may(Area::Keys), may(Area::People)) {
            (true, _) => Ok(Self::All),
            (false, true) => Ok(Self::Personal),
            (false, false) => Err(OpError::denied(Permission::read(Area::Keys))),
        }
    }

    /// Refuses to show a key that is out of sight.
    pub(crate) fn holds(self, key: &KeyView) -> Result<(), OpError> {
        let is_in_sight = self == Self::All || key.kind == Kind::Personal;
        if is_in_sight { Ok(()) } else { Err(OpError::denied(Permission::read(Area::Keys))) }
    }

    /// The filter with nothing out of sight in it; `None` when nothing is left.
    pub(crate) fn narrow(self, filter: KeyFilter) -> Option<KeyFilter> {
        match self {
            Self::All => Some(filter),
            Self::Personal if filter.kind == Some(Kind::Account) => None,
            Self::Personal => Some(KeyFilter { kind: Some(Kind::Personal), ..filter }),
        }
    }
}
