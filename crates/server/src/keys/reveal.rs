//! Showing secrets again, where their kind allows it. Every showing is in the audit.

use keyward_core::ids::{AccountId, KeyId};
use keyward_core::key::{KeyState, Kind, KindRules, Visibility};
use keyward_core::secret::Secret;
use keyward_core::time::DAY_MS;
use serde_json::json;

use super::hold::{Held, shown};
use super::row::KeyRow;
use super::secrets;
use super::seen::{self, How};
use super::{WithSecret, permits, store};
use crate::accounts;
use crate::app::App;
use crate::changes::{Actor, AuditEvent, Reach, Tx};
use crate::notices::{self, Notice};
use crate::operation::{OpError, damaged};
use crate::sessions;

/// Shows a key's secret again. `local` is somebody at the machine's own command line.
///
/// | kind's secrets are seen by | holder | may write keys of this kind | operator | local |
/// |---|---|---|---|---|
/// | nobody again (`once`) | no | no | no | no |
/// | their owner (`owner`, row r42) | yes | no | no | yes |
/// | roles with access (`always`, rows r85, r96) | yes | yes | no | yes |
///
/// A person must have proved lately who they are, and nobody sees more than so many in an hour.
pub async fn reveal(app: &App, reach: Reach, actor: Actor, id: KeyId, local: bool) -> Result<WithSecret, OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let held = Held::take(&inner, tx, reach, id).await?;
                let rules = held.kind()?;
                if !local {
                    may_see(tx, rules, reach, held.row.person_id.as_deref())?;
                }
                is_kept(rules)?;
                held.has_secret()?;
                if !local {
                    inner.pace.take(&tx.actor().who, tx.now())?;
                }
                tx.audit(AuditEvent {
                    action: "key.revealed",
                    subject: held.row.id.clone(),
                    account: Some(held.account.id),
                    before: None,
                    after: None,
                });
                say(&inner, tx, &held).await?;
                let secret = opened(&inner, tx, &held.row).await?;
                let secret = seen::meet(tx, &held.row, rules, secret, How::Revealed).await?;
                Ok(WithSecret { key: shown(&inner, tx, &held.row).await?, secret, pickup: None, replayed: false })
            })
        })
        .await
}

/// Tells once a day of each who looks.
async fn say(app: &App, tx: &mut Tx, held: &Held) -> Result<(), OpError> {
    let mark = format!("{} {}", tx.actor().who, tx.now().0.div_euclid(DAY_MS));
    let notice = Notice::of_key(notices::Kind::KeyRevealed, held.account.id, held.row.id()?, mark);
    notices::raise(app, tx, notice).await
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
                is_kept(rules)?;
                may_see(tx, rules, reach, None)?;
                let rows = store::of_kind(tx.conn(), account, kind).await?;
                let mut all = Vec::with_capacity(rows.len());
                for row in &rows {
                    let state = row.state()?;
                    if state != KeyState::Revoked && !state.has_no_secret_yet() {
                        let secret = match opened(&inner, tx, row).await {
                            // One that was not kept must not hide the others.
                            Err(OpError::Forbidden { .. }) => None,
                            other => Some(other?),
                        };
                        let key = shown(&inner, tx, row).await?;
                        all.push(WithSecret { key, secret, pickup: None, replayed: false });
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

fn is_kept(rules: &KindRules) -> Result<(), OpError> {
    if rules.visibility == Visibility::Once {
        let why = "the secret was shown once and not kept; rotate the key";
        return Err(OpError::forbidden("secret_not_kept", why));
    }
    Ok(())
}

fn may_see(tx: &Tx, rules: &KindRules, reach: Reach, holder: Option<&str>) -> Result<(), OpError> {
    let actor = tx.actor();
    let is_holder = actor.person.is_some_and(|person| holder == Some(&*person.id.to_string()));
    if !is_holder {
        match (rules.visibility, reach) {
            // That nobody sees it again is for those to know who might have.
            (Visibility::Once, _) | (Visibility::Always, Reach::Account(_)) => permits::manages(actor, rules.kind)?,
            (Visibility::Owner, _) => {
                let why = "only the person who holds the key can see its secret";
                return Err(OpError::forbidden("owner_only", why));
            }
            (Visibility::Always, Reach::All) => {
                let why = "the operator sees no secrets of an account";
                return Err(OpError::forbidden("operator_reveals_nothing", why));
            }
        }
    }
    match actor.person {
        Some(person) if !sessions::is_recent(tx.now(), person.proved_at) => {
            Err(OpError::forbidden("sign_in_again", "sign in again to see a secret"))
        }
        Some(_) | None => Ok(()),
    }
}

async fn opened(app: &App, tx: &mut Tx, row: &KeyRow) -> Result<Secret, OpError> {
    let all = secrets::of(tx.conn(), row).await?;
    let current = all.iter().find(|secret| secret.until.is_none()).ok_or_else(|| damaged("a key's secret"))?;
    if current.sealed.is_none() {
        // Made while the kind's secrets were shown once.
        return Err(OpError::forbidden("secret_not_kept", "the secret was shown once and not kept; rotate the key"));
    }
    Ok(secrets::open(app, row, current)?)
}
