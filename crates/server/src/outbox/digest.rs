//! The daily digest: what waited for its time goes out as one mail for each mailbox and account.

use keyward_core::ids::{AccountId, ParcelId, PersonId};
use serde_json::{Value, json};

use super::store;
use crate::app::App;
use crate::changes::{Actor, Tx};
use crate::notices::{self, Kind, Notice, Raised};
use crate::operation::{OpError, new_id};

/// Most parcels that one change folds.
const PARCELS_MAX: i64 = 500;
/// Most notices of one digest; what is more goes into another.
const ITEMS_MAX: usize = 100;

/// A parcel that waited for a digest, and its time has come.
pub(super) struct Held {
    pub(super) id: ParcelId,
    pub(super) account: Option<AccountId>,
    pub(super) target: String,
    pub(super) person: Option<PersonId>,
    pub(super) notice: Raised,
}

/// Folds parcels whose digest is due; how many. What is alone goes out as itself.
pub async fn fold_once(app: &App) -> Result<usize, OpError> {
    // Without a mail server what is held waits for the next.
    if app.config.mail.is_none() {
        return Ok(0);
    }
    if !store::is_any_held(&mut app.db.conn().await?, app.clock.now()).await? {
        return Ok(0);
    }
    let inner = app.clone();
    app.changes.run(Actor::system(), move |tx| Box::pin(async move { fold(&inner, tx).await })).await
}

async fn fold(app: &App, tx: &mut Tx) -> Result<usize, OpError> {
    let now = tx.now();
    let mut taken = Vec::new();
    for held in store::held(tx.conn(), now, PARCELS_MAX).await? {
        // Another node may have folded it while this one looked.
        if store::fold(tx.conn(), held.id, now).await? {
            taken.push(held);
        }
    }
    let alike = |a: &Held, b: &Held| a.target == b.target && a.account == b.account;
    for group in taken.chunk_by(alike).flat_map(|group| group.chunks(ITEMS_MAX)) {
        match group {
            [alone] => store::release(tx.conn(), alone.id, now).await?,
            [first, ..] => notices::raise(app, tx, digest(first, group, new_id(now))).await?,
            [] => {}
        }
    }
    Ok(taken.len())
}

fn digest(first: &Held, group: &[Held], id: uuid::Uuid) -> Notice {
    let item = |held: &Held| {
        let Raised { kind, at, facts, .. } = &held.notice;
        json!({ "kind": kind.as_str(), "at": at.rfc3339(), "facts": facts })
    };
    let items: Vec<Value> = group.iter().map(item).collect();
    Notice {
        kind: Kind::Digest,
        account: first.account,
        key: None,
        person: first.person,
        mark: format!("{} {id}", Kind::Digest.as_str()),
        facts: json!({ "items": items }),
        only_to: Some(first.target.clone()),
        link: None,
    }
}
