//! What signed-in people do about themselves.

use keyward_core::ids::{AccountId, PersonId};
use keyward_core::role::Permissions;
use keyward_core::time::UnixMs;

use super::authority::{ACCOUNTS_MAX, of_role};
use super::change::part;
use super::store;
use super::{MemberState, name, note};
use crate::accounts;
use crate::app::App;
use crate::changes::{Actor, Reach};
use crate::operation::OpError;

/// A person to themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Me {
    /// Their id.
    pub id: PersonId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: Option<String>,
    /// Whether they run the deployment.
    pub operator: bool,
    /// Whether they have an authenticator.
    pub has_totp: bool,
    /// When they last signed in.
    pub signed_in_at: Option<UnixMs>,
    /// The accounts they belong to or are invited to, oldest first.
    pub accounts: Vec<OwnAccount>,
}

/// One of a person's accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAccount {
    /// Its id.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// Its API.
    pub api: String,
    /// Their role there.
    pub role: String,
    /// What they may do there.
    pub may: Permissions,
    /// How they stand there.
    pub state: MemberState,
}

/// Who the signed-in person is, and where they belong.
pub async fn me(app: &App, id: PersonId) -> Result<Me, OpError> {
    let mut conn = app.db.conn().await?;
    let person = store::person(&mut conn, id).await?.ok_or(OpError::NotFound)?;
    let mut own = Vec::new();
    for row in store::of_person(&mut conn, id, ACCOUNTS_MAX).await? {
        let member = row.view()?;
        let account = accounts::seen(&mut conn, member.account).await?;
        let may = match member.state {
            MemberState::Active => of_role(app, &mut conn, &account, &row.role).await?,
            MemberState::Invited | MemberState::Suspended => Permissions::NONE,
        };
        own.push(OwnAccount {
            account: account.id,
            name: account.name,
            api: account.api,
            role: row.role,
            may,
            state: member.state,
        });
    }
    Ok(Me {
        id,
        name: person.name,
        email: person.email,
        operator: person.operator,
        has_totp: person.has_totp,
        signed_in_at: person.signed_in_at.map(UnixMs),
        accounts: own,
    })
}

/// Changes the own name; what accounts call the person is theirs to say.
pub async fn rename(app: &App, actor: Actor, own: String) -> Result<(), OpError> {
    let own = name(&own).map_err(|why| OpError::field("/name", why.to_string()))?;
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let id = tx.actor().person.ok_or(OpError::NotFound)?.id;
                store::rename(tx.conn(), id, &own).await?;
                note(tx, "person.renamed", id, None, (None, None));
                Ok(())
            })
        })
        .await
}

/// Leaves an account, or declines its invitation. The last admin stays.
pub async fn leave(app: &App, actor: Actor, account: AccountId) -> Result<(), OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let id = tx.actor().person.ok_or(OpError::NotFound)?.id;
                let account = accounts::lock(tx, Reach::Account(account), account).await?;
                let row = store::get(tx.conn(), account.id, id).await?.ok_or(OpError::NotFound)?;
                part(&inner, tx, &account, &row, None).await
            })
        })
        .await
}
