//! The chain: every event carries a keyed hash of itself and of the event before it, and the store's head a seal on
//! where the chain ends. What is covered, and in which order, is said here and nowhere else.

use crate::changes::Head;
use crate::vault::AuditKey;

/// One event as it stands in the store, without its hash.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link<'a> {
    pub(crate) seq: i64,
    pub(crate) epoch: i64,
    pub(crate) place: i64,
    pub(crate) at: i64,
    pub(crate) actor: &'a str,
    pub(crate) origin: Option<&'a str>,
    pub(crate) action: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) account_id: Option<&'a str>,
    pub(crate) before: Option<&'a str>,
    pub(crate) after: Option<&'a str>,
}

impl Link<'_> {
    /// Its hash, after the event with that one.
    pub(crate) fn mac(&self, key: &AuditKey, previous: &[u8]) -> [u8; 32] {
        // Every column, so that a new one can't be forgotten.
        let Self { seq, epoch, place, at, actor, origin, action, subject, account_id, before, after } = *self;
        key.sum("event")
            .field(previous)
            .number(seq)
            .number(epoch)
            .number(place)
            .number(at)
            .field(actor.as_bytes())
            .maybe(origin)
            .field(action.as_bytes())
            .field(subject.as_bytes())
            .maybe(account_id)
            .maybe(before)
            .maybe(after)
            .done()
    }
}

/// What the head row is sealed with: a copy of an earlier event's hash does not make it the last one.
pub(crate) fn seal(key: &AuditKey, head: &Head) -> [u8; 32] {
    key.sum("head")
        .field(head.history.as_bytes())
        .number(head.epoch)
        .field(head.hash.as_bytes())
        .number(head.audit_seq)
        .field(&head.audit_mac)
        .done()
}

/// Whether nobody but us wrote where the chain ends. The head of a new store is sealed when its audit key is: one that
/// was emptied later has no seal.
pub(crate) fn is_sealed(key: &AuditKey, head: &Head) -> bool {
    head.audit_seal == seal(key, head)
}
