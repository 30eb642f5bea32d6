//! Who may do what: permissions by role, and the rules about giving them away (threat T4).

use keyward_core::ids::{AccountId, PersonId};
use keyward_core::role::Permissions;

use super::{MemberState, store};
use crate::accounts::{self, AccountView};
use crate::app::App;
use crate::changes::Tx;
use crate::db::Conn;
use crate::operation::OpError;
use crate::roles;

/// Most accounts of one person that are looked at.
pub(super) const ACCOUNTS_MAX: i64 = 1_000;

/// Where a signed-in person stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InAccounts {
    /// In this account.
    One {
        /// Which.
        account: AccountId,
        /// What they may do there.
        may: Permissions,
        /// Whether the account demands an authenticator.
        totp_required: bool,
    },
    /// Not in the account they named.
    NotThere,
    /// In no account.
    None,
    /// In more than one; they named none.
    Several,
}

/// Where a person stands, in the account they name or the only one they have.
pub async fn standing(app: &App, person: PersonId, chosen: Option<AccountId>) -> Result<InAccounts, OpError> {
    let mut conn = app.db.conn().await?;
    let account = if let Some(account) = chosen {
        account
    } else {
        let all = store::of_person(&mut conn, person, ACCOUNTS_MAX).await?;
        let active = all.iter().filter(|row| row.state == MemberState::Active.as_str());
        let mut active = active.map(|row| row.view().map(|view| view.account));
        match (active.next().transpose()?, active.next()) {
            (None, _) => return Ok(InAccounts::None),
            (Some(only), None) => only,
            (Some(_), Some(_)) => return Ok(InAccounts::Several),
        }
    };
    let Some(row) = store::get(&mut conn, account, person).await? else { return Ok(InAccounts::NotThere) };
    if row.state()? != MemberState::Active {
        return Ok(InAccounts::NotThere);
    }
    let view = accounts::seen(&mut conn, account).await?;
    let may = of_role(app, &mut conn, &view, &row.role).await?;
    Ok(InAccounts::One { account, may, totp_required: view.totp_required })
}

/// What the actor of a change may do in an account, read again inside the change: a role that was taken away
/// meanwhile gives nothing any more.
pub(crate) async fn authority(app: &App, tx: &mut Tx, account: &AccountView) -> Result<Permissions, OpError> {
    let Some(person) = tx.actor().person else { return Ok(tx.actor().may) };
    let is_everywhere = tx.actor().may == Permissions::ALL;
    let own = store::person(tx.conn(), person.id).await?;
    let is_operator = own.as_ref().is_some_and(|row| row.operator && !row.suspended);
    if is_operator && is_everywhere {
        return Ok(Permissions::ALL);
    }
    let Some(row) = store::get(tx.conn(), account.id, person.id).await? else { return Ok(Permissions::NONE) };
    if row.state()? != MemberState::Active || row.suspended {
        return Ok(Permissions::NONE);
    }
    of_role(app, tx.conn(), account, &row.role).await
}

/// Whether somebody is shut out of an account, or of the deployment where none is named: what they made to act for
/// them acts no more. Whoever was removed from an account is not: what becomes of their keys was chosen then.
pub(crate) async fn is_shut_out(
    conn: &mut Conn,
    person: PersonId,
    account: Option<AccountId>,
) -> Result<bool, OpError> {
    match account {
        None => Ok(store::person(conn, person).await?.is_none_or(|row| !row.operator || row.suspended)),
        Some(account) => {
            let row = store::get(conn, account, person).await?;
            let state = row.as_ref().map(store::MemberRow::state).transpose()?;
            let runs_all = store::person(conn, person).await?.is_some_and(|row| row.operator && !row.suspended);
            let is_suspended = state == Some(MemberState::Suspended) || row.is_some_and(|row| row.suspended);
            Ok(is_suspended && !runs_all)
        }
    }
}

/// What a role permits in an account; one that is not known any more permits nothing, and so does every role of an API
/// that is no longer configured.
pub(super) async fn of_role(
    app: &App,
    conn: &mut Conn,
    account: &AccountView,
    role: &str,
) -> Result<Permissions, OpError> {
    let Some(setup) = app.config.api(&account.api) else { return Ok(Permissions::NONE) };
    Ok(roles::permissions(conn, setup, account.id, role).await?.unwrap_or_default())
}

/// Refuses to leave an account without an admin, where this person is its last. The account is locked: of two requests
/// that would each take one of the last two, one comes first.
pub(super) async fn keep_an_admin(
    app: &App,
    tx: &mut Tx,
    account: &AccountView,
    leaving: &store::MemberRow,
) -> Result<(), OpError> {
    // Without its API nobody is an admin of it.
    let Some(setup) = app.config.api(&account.api) else { return Ok(()) };
    let admins = roles::admins(setup);
    let is_admin = leaving.state()? == MemberState::Active && admins.contains(&leaving.role.as_str());
    if !is_admin || store::count_others(tx.conn(), account.id, leaving.view()?.id, &admins).await? > 0 {
        return Ok(());
    }
    Err(OpError::conflict("last_admin", "the account's last admin stays; make somebody else an admin first"))
}
