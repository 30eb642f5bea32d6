//! Showing secrets again, where their kind allows it. Every showing is in the audit.

use keyward_core::ids::{AccountId, KeyId};
use keyward_core::key::{KeyState, Kind, KindRules, Visibility};
use serde_json::json;

use super::hold::{Held, shown};
use super::row::KeyRow;
use super::secrets;
use super::{WithSecret, store};
use crate::accounts;
use crate::app::App;
use crate::changes::{Actor, AuditEvent, Reach, Tx};
use crate::operation::{OpError, damaged};

/// Shows a key's secret again. `local` is somebody at the machine's own command line.
///
/// | kind's secrets are seen by | account's management key | operator's management key | local |
/// |---|---|---|---|
/// | nobody again (`once`) | no | no | no |
/// | their owner (`owner`, row r42) | no | no | yes |
/// | roles with access (`always`) | yes | no | yes |
pub async fn reveal(app: &App, reach: Reach, actor: Actor, id: KeyId, local: bool) -> Result<WithSecret, OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let held = Held::take(&inner, tx, reach, id).await?;
                may_see(held.kind()?, reach, local)?;
                held.is_not_revoked()?;
                tx.audit(AuditEvent {
                    action: "key.revealed",
                    subject: held.row.id.clone(),
                    account: Some(held.account.id),
                    before: None,
                    after: None,
                });
                opened(&inner, tx, &held.row).await
            })
        })
        .await
}

/// Shows the secrets of all of an account's keys of a kind, revoked ones aside, newest first: for APIs whose keys
/// list each other (row r93). One line in the audit.
pub async fn reveal_all(app: &App, account: AccountId, actor: Actor, kind: Kind) -> Result<Vec<WithSecret>, OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let reach = Reach::Account(account);
                let holder = accounts::lock(tx, reach, account).await?;
                let setup = accounts::setup(&inner, &holder)?;
                let rules = setup.api.kind(kind).ok_or(OpError::NotFound)?;
                may_see(rules, reach, false)?;
                let rows = store::of_kind(tx.conn(), account, kind).await?;
                let mut all = Vec::with_capacity(rows.len());
                for row in &rows {
                    if row.state()? != KeyState::Revoked {
                        all.push(opened(&inner, tx, row).await?);
                    }
                }
                tx.audit(AuditEvent {
                    action: "key.all_revealed",
                    subject: account.to_string(),
                    account: Some(account),
                    before: None,
                    after: Some(json!({ "kind": kind.as_str(), "keys": all.len() })),
                });
                Ok(all)
            })
        })
        .await
}

fn may_see(kind: &KindRules, reach: Reach, local: bool) -> Result<(), OpError> {
    match (kind.visibility, reach, local) {
        (Visibility::Once, _, _) => {
            Err(OpError::forbidden("secret_not_kept", "the secret was shown once and not kept; rotate the key"))
        }
        (Visibility::Owner | Visibility::Always, _, true) | (Visibility::Always, Reach::Account(_), false) => Ok(()),
        (Visibility::Owner, _, false) => {
            Err(OpError::forbidden("owner_only", "only the person who holds the key can see its secret"))
        }
        (Visibility::Always, Reach::All, false) => {
            Err(OpError::forbidden("operator_reveals_nothing", "the operator sees no secrets of an account"))
        }
    }
}

async fn opened(app: &App, tx: &mut Tx, row: &KeyRow) -> Result<WithSecret, OpError> {
    let all = secrets::of(tx.conn(), row).await?;
    let current = all.iter().find(|secret| secret.until.is_none()).ok_or_else(|| damaged("a key's secret"))?;
    let secret = secrets::open(app, row, current)?;
    Ok(WithSecret { key: shown(app, tx, row).await?, secret: Some(secret), replayed: false })
}
