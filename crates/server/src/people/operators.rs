//! The operator's people: those who run the deployment.

use keyward_core::ids::PersonId;
use keyward_core::time::{DAY_MS, UnixMs};
use serde_json::json;

use super::authority::{ACCOUNTS_MAX, keep_an_admin};
use super::invitations::{link, person};
use super::store::{self, PersonRow};
use super::{OneTimeLink, erase_if_left_over, mailbox, name, note};
use crate::accounts;
use crate::app::App;
use crate::changes::{Actor, Reach, Tx};
use crate::operation::{Findings, OpError};
use crate::sessions::{self, LinkKind};

const INVITATION_MS: i64 = 7 * DAY_MS;

/// Somebody who runs the deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorView {
    /// Their id.
    pub id: PersonId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Whether they have a password or were only invited.
    pub joined: bool,
    /// Whether they are shut out.
    pub suspended: bool,
    /// Whether they have an authenticator.
    pub has_totp: bool,
    /// When they last signed in.
    pub signed_in_at: Option<UnixMs>,
    /// When they were added.
    pub created_at: UnixMs,
}

impl PersonRow {
    fn operator(&self) -> sqlx::Result<OperatorView> {
        Ok(OperatorView {
            id: self.id()?,
            name: self.name.clone(),
            email: self.email.clone().unwrap_or_default(),
            joined: self.operator,
            suspended: self.suspended,
            has_totp: self.has_totp,
            signed_in_at: self.signed_in_at.map(UnixMs),
            created_at: UnixMs(self.created_at),
        })
    }
}

/// All of them, oldest first; then those who were invited and have not joined.
pub async fn operators(app: &App) -> Result<Vec<OperatorView>, OpError> {
    let mut conn = app.db.conn().await?;
    let mut rows = store::operators(&mut conn).await?;
    for id in sessions::invited(&mut conn, LinkKind::Operator, app.clock.now()).await? {
        let row = store::person(&mut conn, id).await?;
        rows.extend(row.filter(|row| !row.operator));
    }
    Ok(rows.iter().map(PersonRow::operator).collect::<sqlx::Result<_>>()?)
}

/// Invites somebody to run the deployment. Nobody does before they have answered: an address alone proves nothing,
/// also not one that somebody signs in with already.
pub async fn add_operator(
    app: &App,
    actor: Actor,
    shown: String,
    email: String,
) -> Result<(OperatorView, OneTimeLink), OpError> {
    let mut findings = Findings::default();
    let shown = findings.take("/name", name(&shown)).unwrap_or_default();
    let email = findings.take("/email", mailbox(&email)).unwrap_or_default();
    findings.done()?;
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                sessions::demand_recent_of(tx)?;
                let id = person(tx, &shown, Some(&email)).await?;
                store::lock_person(tx.conn(), id).await?;
                let row = store::person(tx.conn(), id).await?.ok_or(OpError::NotFound)?;
                if row.operator {
                    return Err(OpError::conflict("email_taken", "somebody with this address is an operator already"));
                }
                note(tx, "operator.invited", id, None, (None, None));
                let invitation = link(&inner, tx, LinkKind::Operator, id, None, INVITATION_MS).await?;
                Ok((row.operator()?, invitation))
            })
        })
        .await
}

/// Shuts an operator out, or lets them in again. The last one who can sign in stays.
pub async fn edit_operator(app: &App, actor: Actor, id: PersonId, suspended: bool) -> Result<OperatorView, OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let row = held(tx, id).await?;
                if row.suspended != suspended {
                    if suspended {
                        keep_an_operator(tx, id).await?;
                        keep_their_accounts_admins(&inner, tx, id).await?;
                        end_doors(tx, id).await?;
                    }
                    store::set_operator(tx.conn(), id, true, suspended).await?;
                    let state = |is: bool| Some(json!({ "suspended": is }));
                    note(tx, "operator.edited", id, None, (state(row.suspended), state(suspended)));
                }
                Ok(PersonRow { suspended, ..row }.operator()?)
            })
        })
        .await
}

/// Takes the deployment out of somebody's hands, or their invitation back; what they are in accounts stays. The last one
/// who can sign in stays.
pub async fn remove_operator(app: &App, actor: Actor, id: PersonId) -> Result<(), OpError> {
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                if sessions::end_invitation(tx, LinkKind::Operator, id).await? {
                    note(tx, "operator.uninvited", id, None, (None, None));
                    return erase_if_left_over(tx, id).await;
                }
                held(tx, id).await?;
                keep_an_operator(tx, id).await?;
                store::set_operator(tx.conn(), id, false, false).await?;
                end_doors(tx, id).await?;
                note(tx, "operator.removed", id, None, (None, None));
                erase_if_left_over(tx, id).await
            })
        })
        .await
}

/// Their sign-ins end, and what they sent out leads nowhere; what they sign in with stays theirs.
async fn end_doors(tx: &mut Tx, id: PersonId) -> Result<(), OpError> {
    sessions::end_sign_ins(tx, id).await?;
    sessions::end_links_made_by(tx, &format!("person:{id}"), None).await
}

/// Takes the turn of all operators, then reads one: two changes at once count one after the other.
async fn held(tx: &mut Tx, id: PersonId) -> Result<PersonRow, OpError> {
    store::lock_operators(tx.conn()).await?;
    store::person(tx.conn(), id).await?.filter(|row| row.operator).ok_or(OpError::NotFound)
}

async fn keep_an_operator(tx: &mut Tx, leaving: PersonId) -> Result<(), OpError> {
    let leaving = leaving.to_string();
    let able = |row: &&PersonRow| row.has_password && !row.suspended && row.id != leaving;
    let all = store::operators(tx.conn()).await?;
    let counts = all.iter().any(|row| row.id == leaving && row.has_password && !row.suspended);
    if !counts || all.iter().any(|row| able(&row)) {
        return Ok(());
    }
    Err(OpError::conflict("last_operator", "the last operator stays; add somebody else first"))
}

/// Somebody who is shut out altogether is no admin anywhere: accounts keep one all the same.
async fn keep_their_accounts_admins(app: &App, tx: &mut Tx, id: PersonId) -> Result<(), OpError> {
    for row in store::of_person(tx.conn(), id, ACCOUNTS_MAX).await? {
        let account = accounts::lock(tx, Reach::All, row.view()?.account).await?;
        // Again, now that nobody else changes the account.
        if let Some(row) = store::get(tx.conn(), account.id, id).await? {
            keep_an_admin(app, tx, &account, &row).await?;
        }
    }
    Ok(())
}
