//! What somebody who leaves an account still knows: the keys they made or saw a secret of, and what becomes of each.

use std::collections::BTreeSet;

use keyward_core::ids::{AccountId, KeyId, ManagementKeyId, PersonId};
use keyward_core::key::Kind;
use keyward_core::role::{Area, Permission, Permissions};
use serde_json::{Map, Value, json};

use super::authority::{authority, of_role};
use super::change::part;
use super::{covers, store};
use crate::accounts;
use crate::app::App;
use crate::changes::{Actor, Reach, Tx};
use crate::keys::{self, Seen, WithSecret};
use crate::management::{self, ManagementKeyView};
use crate::operation::{Findings, OpError};

/// Most keys of one removal.
const CHOICES_MAX: usize = 1_000;
/// Longest overlap of a rotation: thirty days.
const OVERLAP_S_MAX: i64 = 30 * 86_400;

/// What a person knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// Keys they made, or saw a secret of that is still good; newest first.
    pub keys: Vec<Seen>,
    /// Management keys in force that they made, newest first.
    pub management_keys: Vec<ManagementKeyView>,
}

/// What becomes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// It gets a new secret; the old one stays good for so many seconds.
    Rotate(KeyId, i64),
    /// It ends for good.
    Revoke(KeyId),
    /// A management key ends for good.
    RevokeManagementKey(ManagementKeyId),
}

/// What a person of an account would leave with.
/// Whoever asks sees of it what they may see anyway.
pub async fn known_to(
    app: &App,
    reach: Reach,
    may: Permissions,
    account: AccountId,
    id: PersonId,
) -> Result<Known, OpError> {
    let account = accounts::get(app, reach, account).await?;
    let mut conn = app.db.conn().await?;
    store::get(&mut conn, account.id, id).await?.ok_or(OpError::NotFound)?;
    let mut keys = keys::seen_by(app, &mut conn, account.id, id).await?;
    keys.retain(|seen| seen.key.kind == Kind::Personal || may.allow(Permission::read(Area::Keys)));
    let own = Reach::Account(account.id);
    let management_keys = if may.allow(Permission::read(Area::Settings)) {
        management::made_by(&mut conn, own, id, app.clock.now()).await?
    } else {
        vec![]
    };
    Ok(Known { keys, management_keys })
}

/// Removes a person from an account and, in the same change, does to the keys they know what was chosen for each. The
/// rotated keys come back with their new secrets. Everything happens or nothing does.
pub async fn remove_with(
    app: &App,
    reach: Reach,
    actor: Actor,
    (account, id): (AccountId, PersonId),
    choices: Vec<Choice>,
) -> Result<Vec<WithSecret>, OpError> {
    judge(&choices)?;
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let account = accounts::lock(tx, reach, account).await?;
                let row = store::get(tx.conn(), account.id, id).await?.ok_or(OpError::NotFound)?;
                let theirs = of_role(&inner, tx.conn(), &account, &row.role).await?;
                covers(authority(&inner, tx, &account).await?, theirs)?;
                let mut chosen = Map::new();
                let mut rotated = Vec::new();
                for choice in &choices {
                    let (subject, word) = choice.said();
                    rotated.extend(carry_out(&inner, tx, Reach::Account(account.id), *choice).await?);
                    chosen.insert(subject, word);
                }
                part(&inner, tx, &account, &row, Some(Value::Object(chosen))).await?;
                Ok(rotated)
            })
        })
        .await
}

async fn carry_out(app: &App, tx: &mut Tx, own: Reach, choice: Choice) -> Result<Option<WithSecret>, OpError> {
    match choice {
        Choice::Rotate(key, overlap_s) => keys::rotate_in(app, tx, own, key, overlap_s, None).await.map(Some),
        Choice::Revoke(key) => keys::revoke_in(app, tx, own, key).await.map(|_| None),
        Choice::RevokeManagementKey(key) => {
            if !tx.actor().may.allow(management::WRITE) {
                return Err(OpError::denied(management::WRITE));
            }
            management::revoke_in(tx, own, key).await.map(|_| None)
        }
    }
}

fn judge(choices: &[Choice]) -> Result<(), OpError> {
    let mut findings = Findings::default();
    if choices.len() > CHOICES_MAX {
        findings.note("/keys", format!("at most {CHOICES_MAX}"));
    }
    let mut seen = BTreeSet::new();
    for (at, choice) in choices.iter().enumerate() {
        if !seen.insert(choice.said().0) {
            findings.note(format!("/keys/{at}"), "twice");
        }
        if matches!(choice, Choice::Rotate(_, overlap_s) if !(0..=OVERLAP_S_MAX).contains(overlap_s)) {
            findings.note(format!("/keys/{at}/overlap_s"), format!("0 to {OVERLAP_S_MAX} seconds"));
        }
    }
    findings.done()
}

impl Choice {
    /// What the audit says of it.
    fn said(&self) -> (String, Value) {
        match self {
            Self::Rotate(key, overlap_s) => (key.to_string(), json!({ "rotate": { "overlap_s": overlap_s } })),
            Self::Revoke(key) => (key.to_string(), json!("revoke")),
            Self::RevokeManagementKey(key) => (key.to_string(), json!("revoke")),
        }
    }
}
