//! Changes: the only way to alter the store.
//!
//! A change is one transaction with its audit event and the next epoch. It runs in a task of its own, so that a
//! client that hangs up does not undo half of it; queued changes share a commit; the reply waits until the keyring
//! has applied the change.

/// Who makes a change, for the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// `key:key_…`, `management_key:mk_…`, `cli` or `system`.
    pub who: String,
    /// The address the request came from, where there is one.
    pub origin: Option<String>,
}

/// What a caller of the management API can see: everything, or one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The operator's: every account.
    All,
    /// One account's; every other object is as good as missing (threat T3).
    Account(keyward_core::ids::AccountId),
}
