//! Retention: cuts old events off the beginning of the chain and leaves a signed checkpoint where it begins since.

use std::sync::Arc;

use keyward_core::time::{DAY_MS, UnixMs};
use serde_json::json;

use super::store::{self, Checkpoint, Part};
use super::{AuditFilter, AuditRow};
use crate::app::App;
use crate::changes::{self, Actor, AuditEvent, Tx};
use crate::operation::{OpError, damaged};
use crate::vault::AuditKey;

/// Most events that one change cuts off.
const CUT_AT_ONCE: usize = 1_000;
/// Most such changes in a row; the rest waits for the next time.
const CUTS_MAX: usize = 1_000;

/// Cuts off what is older than the configuration keeps; the last event stays, however old. How many went.
///
/// Every cut is a change of its own with an event of its own. What is to be cut must be whole: a checkpoint would
/// otherwise hide that somebody altered it.
pub async fn retain(app: &App) -> Result<u64, OpError> {
    let Some(days) = app.config.audit.keep_days else { return Ok(0) };
    let mut gone = 0;
    for _ in 0..CUTS_MAX {
        let key = Arc::clone(app.vault.audit());
        let cut = app.changes.run(Actor::system(), move |tx| {
            Box::pin(async move {
                let before = UnixMs(tx.now().0 - i64::from(days) * DAY_MS);
                cut_once(tx, &key, before).await
            })
        });
        let events: u64 = cut.await?;
        gone += events;
        if events < CUT_AT_ONCE as u64 {
            break;
        }
    }
    Ok(gone)
}

async fn cut_once(tx: &mut Tx, key: &AuditKey, before: UnixMs) -> Result<u64, OpError> {
    let head = changes::head(tx.conn()).await?.ok_or_else(|| damaged("the head"))?;
    let (first, mac) = match store::checkpoint(tx.conn()).await? {
        None => (1, Vec::new()),
        Some(last) if key.has_signed(&last.text(&head.history), &last.signature) => (last.seq + 1, last.mac),
        Some(_) => return Err(damaged("the audit's checkpoint").into()),
    };
    let limit = CUT_AT_ONCE as i64 + 1;
    let part = Part::From(i64::MIN, i64::MAX);
    let mut rows = store::list(tx.conn(), None, &AuditFilter::default(), part, limit).await?;
    // Either the last event of all or one more than is cut at once.
    rows.pop();
    let old = rows.iter().position(|row| row.at >= before.0).unwrap_or(rows.len());
    rows.truncate(old);
    let Some(last) = rows.last() else { return Ok(0) };
    if !is_whole(key, &rows, first, mac) {
        let why = "the beginning of the audit was altered; nothing of it is cut off: run `keyward audit verify`";
        return Err(OpError::conflict("audit_altered", why));
    }
    let mut checkpoint = Checkpoint { seq: last.seq, mac: last.mac.clone(), at: last.at, signature: Vec::new() };
    checkpoint.signature = key.sign(&checkpoint.text(&head.history));
    store::cut(tx.conn(), checkpoint.seq).await?;
    store::set_checkpoint(tx.conn(), &checkpoint).await?;
    tx.audit(AuditEvent {
        action: "audit.cut",
        subject: "audit".into(),
        account: None,
        before: None,
        after: Some(json!({ "from": first, "to": checkpoint.seq, "made_before": before.rfc3339() })),
    });
    Ok(rows.len() as u64)
}

fn is_whole(key: &AuditKey, rows: &[AuditRow], first: i64, mut mac: Vec<u8>) -> bool {
    (first..).zip(rows).all(|(seq, row)| {
        let is_next = row.seq == seq && row.link().mac(key, &mac)[..] == row.mac[..];
        mac.clone_from(&row.mac);
        is_next
    })
}
