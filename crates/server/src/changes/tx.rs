//! What a change is given to work with.

use keyward_core::ids::{AccountId, PersonId};
use keyward_core::role::Permissions;
use keyward_core::time::UnixMs;
use serde_json::Value;

use super::{Actor, SignedIn};
use crate::db::Conn;

/// What of the keyring a change touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touched {
    /// One key: its row, its secrets, its tombstones.
    Key,
    /// An account's own row.
    Account,
    /// An account's row and all of its keys.
    AccountKeys,
    /// Nothing the data plane looks at.
    Other,
}

impl Touched {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Account => "account",
            Self::AccountKeys => "account_keys",
            Self::Other => "other",
        }
    }
}

/// One line of the audit: what was done, never with a secret.
#[derive(Debug, Clone)]
pub struct AuditEvent {
    /// Such as `key.revoked`.
    pub action: &'static str,
    /// The id of what it was done to.
    pub subject: String,
    /// The account it belongs to.
    pub account: Option<AccountId>,
    /// How it was.
    pub before: Option<Value>,
    /// How it is now.
    pub after: Option<Value>,
}

/// One change in the making.
#[derive(Debug)]
pub struct Tx {
    pub(super) conn: Conn,
    pub(super) now: UnixMs,
    pub(super) actor: Actor,
    pub(super) touched: Vec<(Touched, String)>,
    pub(super) events: Vec<AuditEvent>,
}

impl Tx {
    /// The connection, inside the transaction.
    pub fn conn(&mut self) -> &mut Conn {
        &mut self.conn
    }

    /// The instant of the change.
    pub fn now(&self) -> UnixMs {
        self.now
    }

    /// Who makes it.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// From here on the change is this person's own: they have just proved who they are.
    pub(crate) fn act_as(&mut self, person: PersonId) {
        let signed_in = SignedIn { id: person, proved_at: self.now };
        self.actor = Actor::person(signed_in, self.actor.origin.take(), Permissions::NONE);
    }

    /// Says what the keyring must look at again.
    pub fn touch(&mut self, kind: Touched, subject: impl Into<String>) {
        self.touched.push((kind, subject.into()));
    }

    /// Adds to the audit.
    pub fn audit(&mut self, event: AuditEvent) {
        self.events.push(event);
    }
}
