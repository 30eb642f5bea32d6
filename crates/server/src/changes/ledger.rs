//! Where the audit is written: each event after the one before it, under a key that is not in the store.

use keyward_core::time::UnixMs;
use serde_json::{Value, json};

use super::store::{self, Head};
use super::{Actor, AuditEvent};
use crate::audit::{self, Link};
use crate::db::Conn;
use crate::vault::{AuditKey, hex};

/// The end of the chain, while the head row is held.
pub(super) struct Ledger<'k> {
    pub(super) head: Head,
    pub(super) now: UnixMs,
    key: &'k AuditKey,
    /// What is to be told before anything else: the head was not as we left it.
    alarm: Option<Value>,
}

impl<'k> Ledger<'k> {
    /// Goes on where the head says. Somebody else may have altered it; changes then go on, since a store that takes
    /// no revocation would serve whoever did it, but the next event says so for ever.
    pub(super) async fn open(conn: &mut Conn, key: &'k AuditKey, head: Head, now: UnixMs) -> sqlx::Result<Self> {
        let mut ledger = Self { head, now, key, alarm: None };
        let head = &mut ledger.head;
        if !audit::is_sealed(key, head) {
            tracing::error!(seq = head.audit_seq, "the head of the audit was altered; run `keyward audit verify`");
            let found = json!({ "epoch": head.epoch, "seq": head.audit_seq, "mac": hex(&head.audit_mac) });
            ledger.alarm = Some(found);
            if let Some((seq, mac)) = store::last_event(conn).await? {
                (head.audit_seq, head.audit_mac) = (seq, mac);
            }
        }
        Ok(ledger)
    }

    /// Writes one change's events.
    pub(super) async fn enter(&mut self, conn: &mut Conn, actor: &Actor, events: &[AuditEvent]) -> sqlx::Result<()> {
        for (place, event) in (0..).zip(events) {
            self.write(conn, actor, event, place).await?;
        }
        let Some(found) = self.alarm.take() else { return Ok(()) };
        let alarm = AuditEvent {
            action: audit::BROKEN,
            subject: "head".into(),
            account: None,
            before: None,
            after: Some(json!({ "found": found })),
        };
        self.write(conn, &Actor::system(), &alarm, events.len() as i64).await
    }

    async fn write(&mut self, conn: &mut Conn, actor: &Actor, event: &AuditEvent, place: i64) -> sqlx::Result<()> {
        let text = |value: &Option<Value>| value.as_ref().map(ToString::to_string);
        let account = event.account.map(|id| id.to_string());
        let (before, after) = (text(&event.before), text(&event.after));
        let link = Link {
            seq: self.head.audit_seq.saturating_add(1),
            epoch: self.head.epoch,
            place,
            at: self.now.0,
            actor: &actor.who,
            origin: actor.origin.as_deref(),
            action: event.action,
            subject: &event.subject,
            account_id: account.as_deref(),
            before: before.as_deref(),
            after: after.as_deref(),
        };
        let mac = link.mac(self.key, &self.head.audit_mac);
        store::add_event(conn, &link, &mac).await?;
        self.head.audit_seq = link.seq;
        self.head.audit_mac = mac.to_vec();
        Ok(())
    }

    /// The head as it is to be kept.
    pub(super) fn close(mut self) -> Head {
        self.head.audit_seal = audit::seal(self.key, &self.head).to_vec();
        self.head
    }
}
