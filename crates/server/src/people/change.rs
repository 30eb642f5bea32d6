//! Changing and ending memberships.

use keyward_core::ids::{AccountId, PersonId};
use serde_json::{Value, json};

use super::authority::{authority, keep_an_admin, of_role};
use super::store::{self, MemberRow};
use super::{MemberState, MemberView, PersonEdit, covers, erase_if_left_over, name, note, tell};
use crate::accounts::{self, AccountView};
use crate::app::App;
use crate::audit::differences;
use crate::changes::{Actor, Reach, Tx};
use crate::keys;
use crate::notices;
use crate::operation::{Findings, OpError};
use crate::outbox;
use crate::roles;
use crate::sessions;

/// Changes what an account calls a person, their role, or whether they are shut out. Nobody touches somebody who may
/// more than they do, nor gives more than they have (threat T4); the last admin stays one.
pub async fn edit(
    app: &App,
    reach: Reach,
    actor: Actor,
    (account, id): (AccountId, PersonId),
    edit: PersonEdit,
    if_version: Option<i64>,
) -> Result<MemberView, OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let account = accounts::lock(tx, reach, account).await?;
                let row = store::get(tx.conn(), account.id, id).await?.ok_or(OpError::NotFound)?;
                if if_version.is_some_and(|version| version != row.version) {
                    return Err(OpError::PreconditionFailed);
                }
                let after = edited(&inner, tx, &account, &row, &edit).await?;
                settle(&inner, tx, &account, &row, after).await
            })
        })
        .await
}

async fn edited(
    app: &App,
    tx: &mut Tx,
    account: &AccountView,
    row: &MemberRow,
    edit: &PersonEdit,
) -> Result<MemberRow, OpError> {
    let PersonEdit { name: shown, role, suspended } = edit;
    let setup = accounts::setup(app, account)?;
    let mut findings = Findings::default();
    let mut after = row.clone();
    if let Some(shown) = shown {
        after.name = findings.take("/name", name(shown)).unwrap_or_default();
    }
    if let Some(role) = role {
        if roles::permissions(tx.conn(), &setup, account.id, role).await?.is_none() {
            findings.note("/role", "this account has no such role");
        }
        if row.email.is_none() {
            findings.note("/role", "a role is of use to people who sign in, and this one has no address");
        }
        after.role.clone_from(role);
    }
    findings.done()?;
    after.state = match (suspended, row.state()?) {
        (Some(true), MemberState::Invited) => {
            return Err(OpError::conflict("not_joined", "this person has not joined yet; withdraw the invitation"));
        }
        (Some(true), MemberState::Active | MemberState::Suspended) => MemberState::Suspended,
        (Some(false), MemberState::Suspended) => MemberState::Active,
        (None | Some(false), same) => same,
    }
    .as_str()
    .into();
    Ok(after)
}

async fn settle(
    app: &App,
    tx: &mut Tx,
    account: &AccountView,
    row: &MemberRow,
    after: MemberRow,
) -> Result<MemberView, OpError> {
    if after == *row {
        return Ok(row.view()?);
    }
    let own = authority(app, tx, account).await?;
    covers(own, of_role(app, tx.conn(), account, &row.role).await?)?;
    covers(own, of_role(app, tx.conn(), account, &after.role).await?)?;
    let stays_as_they_are = after.state == row.state && after.role == row.role;
    let setup = accounts::setup(app, account)?;
    let is_admin_after = after.state()? == MemberState::Active && roles::admins(&setup).contains(&after.role.as_str());
    if !stays_as_they_are && !is_admin_after {
        keep_an_admin(app, tx, account, row).await?;
    }
    store::save_member(tx.conn(), &after).await?;
    let id = row.view()?.id;
    if after.state()? == MemberState::Suspended && row.state()? != MemberState::Suspended {
        keys::end_of_person(app, tx, account.id, id).await?;
        end_links_made(tx, account, id).await?;
        outbox::withdraw(tx, account.id, id).await?;
    }
    let (was, is) = differences(facts(row), facts(&after));
    note(tx, "person.edited", id, Some(account.id), (Some(was), Some(is)));
    if !stays_as_they_are {
        tell(app, tx, notices::Kind::PersonChanged, account, &after).await?;
    }
    Ok(MemberRow { version: row.version + 1, ..after }.view()?)
}

/// What somebody sent out and nobody has used yet leads nowhere any more: they may have kept it.
async fn end_links_made(tx: &mut Tx, account: &AccountView, id: PersonId) -> Result<(), OpError> {
    let who = format!("person:{id}");
    sessions::end_links_made_by(tx, &who, Some(account.id)).await?;
    keys::withdraw_links_made_by(tx, account.id, &who).await
}

/// By id and without names: erasing a person leaves the audit whole.
fn facts(row: &MemberRow) -> serde_json::Value {
    json!({ "role": row.role, "state": row.state })
}

/// Removes a person from an account together with the keys they hold; their invitation ends. Whoever is in no account
/// then, and does not run the deployment, is erased.
pub async fn remove(app: &App, reach: Reach, actor: Actor, account: AccountId, id: PersonId) -> Result<(), OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let account = accounts::lock(tx, reach, account).await?;
                let row = store::get(tx.conn(), account.id, id).await?.ok_or(OpError::NotFound)?;
                let theirs = of_role(&inner, tx.conn(), &account, &row.role).await?;
                covers(authority(&inner, tx, &account).await?, theirs)?;
                part(&inner, tx, &account, &row, None).await
            })
        })
        .await
}

/// Ends a membership, whoever asked for it; what was chosen for the keys they know is part of the audit.
pub(super) async fn part(
    app: &App,
    tx: &mut Tx,
    account: &AccountView,
    row: &MemberRow,
    chosen: Option<Value>,
) -> Result<(), OpError> {
    keep_an_admin(app, tx, account, row).await?;
    let id = row.view()?.id;
    keys::bury_of_person(app, tx, account.id, id).await?;
    end_links_made(tx, account, id).await?;
    sessions::end_links(tx, id, account.id).await?;
    store::delete_member(tx.conn(), account.id, id).await?;
    outbox::withdraw(tx, account.id, id).await?;
    notices::forget_choices(tx, Some(account.id), id).await?;
    let chosen = chosen.map(|keys| json!({ "keys": keys }));
    tell(app, tx, notices::Kind::PersonRemoved, account, row).await?;
    note(tx, "person.removed", id, Some(account.id), (Some(facts(row)), chosen));
    erase_if_left_over(tx, id).await
}
