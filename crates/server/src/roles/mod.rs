//! Roles: what the configuration names for an API, and what an account makes for itself.
//!
//! A role of the configuration can't be changed here. One of an account's own never permits everything: that is what
//! the admin's role is for, and the last admin can be told by the configuration alone.

mod routes;
mod store;

use keyward_core::ids::AccountId;
use keyward_core::name::Name;
use keyward_core::role::Permissions;
use serde_json::json;

use crate::accounts::{self, AccountView};
use crate::app::App;
use crate::changes::{Actor, AuditEvent, Reach, Touched, Tx};
use crate::config::ApiSetup;
use crate::db::Conn;
use crate::operation::{Findings, OpError, damaged};
use crate::people;

pub use routes::routes;

/// Most roles of an account's own.
const OWN_MAX: usize = 50;
const NAME_LETTERS_MAX: usize = 50;
const TITLE_CHARS_MAX: usize = 100;

/// A role as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleView {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// What it is for; empty for an account's own.
    pub description: String,
    /// What it permits.
    pub may: Permissions,
    /// Whether the account made it for itself.
    pub own: bool,
}

/// A role as an account wants it.
#[derive(Debug, Clone)]
pub struct RoleSpec {
    /// What people call it; its name when left out.
    pub title: Option<String>,
    /// What it permits, as words.
    pub permissions: Vec<String>,
}

/// Every role that people of the account can have: the API's, then its own.
pub async fn list(app: &App, reach: Reach, account: AccountId) -> Result<Vec<RoleView>, OpError> {
    let account = accounts::get(app, reach, account).await?;
    let setup = accounts::setup(app, &account)?;
    all(&mut app.db.conn().await?, &setup, account.id).await
}

pub(crate) async fn all(conn: &mut Conn, setup: &ApiSetup, account: AccountId) -> Result<Vec<RoleView>, OpError> {
    let own = store::list(conn, account).await?;
    let own = own.iter().filter(|row| configured(setup, &row.name).is_none());
    let own = own.map(store::RoleRow::view).collect::<sqlx::Result<Vec<_>>>()?;
    Ok(setup.roles.iter().map(view).chain(own).collect())
}

/// What a role permits; `None` when there is no such role.
pub(crate) async fn permissions(
    conn: &mut Conn,
    setup: &ApiSetup,
    account: AccountId,
    name: &str,
) -> sqlx::Result<Option<Permissions>> {
    if let Some(role) = configured(setup, name) {
        return Ok(Some(role.may));
    }
    store::get(conn, account, name).await?.map(|row| row.view().map(|view| view.may)).transpose()
}

/// What people call a role; its name where it is no longer there, nothing for no role.
pub(crate) async fn title(
    conn: &mut Conn,
    setup: &ApiSetup,
    account: AccountId,
    name: &str,
) -> Result<String, OpError> {
    if let Some(role) = configured(setup, name) {
        return Ok(role.title);
    }
    let own = store::get(conn, account, name).await?.map(|row| row.title);
    Ok(own.unwrap_or_else(|| name.to_owned()))
}

/// The names of the roles that permit everything.
pub(crate) fn admins(setup: &ApiSetup) -> Vec<&str> {
    let all = setup.roles.iter().filter(|role| role.permissions == Permissions::ALL);
    all.map(|role| role.name.as_str()).collect()
}

/// The role of people who are given none: the one that permits least.
pub(crate) fn least(setup: &ApiSetup) -> String {
    let least = setup.roles.iter().min_by_key(|role| role.permissions.count());
    least.map(|role| role.name.clone()).unwrap_or_default()
}

fn configured(setup: &ApiSetup, name: &str) -> Option<RoleView> {
    setup.roles.iter().find(|role| role.name == name).map(view)
}

fn view(role: &crate::config::Role) -> RoleView {
    RoleView {
        name: role.name.clone(),
        title: role.title.clone(),
        description: role.description.clone(),
        may: role.permissions,
        own: false,
    }
}

/// Makes or changes a role of the account's own. Nobody makes one that permits more than they may themselves, nor
/// changes one that does (threat T4).
pub async fn put(
    app: &App,
    reach: Reach,
    actor: Actor,
    account: AccountId,
    name: String,
    spec: RoleSpec,
) -> Result<RoleView, OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| Box::pin(async move { put_in(&inner, tx, reach, account, &name, &spec).await }))
        .await
}

async fn put_in(
    app: &App,
    tx: &mut Tx,
    reach: Reach,
    account: AccountId,
    name: &str,
    spec: &RoleSpec,
) -> Result<RoleView, OpError> {
    let account = accounts::lock(tx, reach, account).await?;
    let role = read(&*accounts::setup(app, &account)?, name, spec)?;
    let own = people::authority(app, tx, &account).await?;
    let before = store::get(tx.conn(), account.id, name).await?.map(|row| row.view()).transpose()?;
    let covers = own.cover(role.may) && before.as_ref().is_none_or(|before| own.cover(before.may));
    if !covers {
        return Err(OpError::more_than_own());
    }
    if before.as_ref() == Some(&role) {
        return Ok(role);
    }
    if before.is_none() && store::list(tx.conn(), account.id).await?.len() >= OWN_MAX {
        return Err(OpError::conflict("role_maximum_reached", format!("an account has at most {OWN_MAX} own roles")));
    }
    store::put(tx.conn(), account.id, &role).await?;
    note(tx, &account, "role.changed", before.as_ref(), Some(&role));
    Ok(role)
}

fn read(setup: &ApiSetup, name: &str, spec: &RoleSpec) -> Result<RoleView, OpError> {
    let mut findings = Findings::default();
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    let is_word = (1..=NAME_LETTERS_MAX).contains(&name.len()) && name.bytes().all(is_letter);
    if !is_word {
        findings.note("", format!("a role's name is 1 to {NAME_LETTERS_MAX} of a-z 0-9 - _"));
    }
    if configured(setup, name).is_some() {
        return Err(OpError::conflict("role_configured", "this role is the API's own and can't be changed"));
    }
    let title = spec.title.as_deref().unwrap_or(name);
    let title = findings.take("/title", Name::parse(title, TITLE_CHARS_MAX));
    let words = spec.permissions.iter().map(String::as_str);
    let may = findings.take("/permissions", Permissions::parse(words)).unwrap_or_default();
    if may == Permissions::ALL {
        findings.note("/permissions", "everything is what the admin's role permits; leave something out");
    }
    findings.done()?;
    let title = title.map(|title| title.as_str().to_owned()).unwrap_or_default();
    Ok(RoleView { name: name.into(), title, description: String::new(), may, own: true })
}

/// Removes a role of the account's own that nobody has.
pub async fn delete(app: &App, reach: Reach, actor: Actor, account: AccountId, name: String) -> Result<(), OpError> {
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let account = accounts::lock(tx, reach, account).await?;
                let row = store::get(tx.conn(), account.id, &name).await?.ok_or(OpError::NotFound)?;
                let before = row.view()?;
                let own = people::authority(&inner, tx, &account).await?;
                if !own.cover(before.may) {
                    return Err(OpError::more_than_own());
                }
                if people::is_role_held(tx, account.id, &name).await? {
                    return Err(OpError::conflict(
                        "role_in_use",
                        "somebody has this role; give them another one first",
                    ));
                }
                store::delete(tx.conn(), account.id, &name).await?;
                note(tx, &account, "role.deleted", Some(&before), None);
                Ok(())
            })
        })
        .await
}

/// Deletes the roles of an account that is being deleted.
pub(crate) async fn forget_all(tx: &mut Tx, account: AccountId) -> Result<(), OpError> {
    store::delete_all(tx.conn(), account).await?;
    Ok(())
}

fn note(tx: &mut Tx, account: &AccountView, action: &'static str, before: Option<&RoleView>, after: Option<&RoleView>) {
    let facts = |role: &RoleView| json!({ "name": role.name, "title": role.title, "permissions": role.may.words() });
    tx.touch(Touched::Other, account.id.to_string());
    tx.audit(AuditEvent {
        action,
        subject: account.id.to_string(),
        account: Some(account.id),
        before: before.map(facts),
        after: after.map(facts),
    });
}

impl store::RoleRow {
    fn view(&self) -> sqlx::Result<RoleView> {
        let may = Permissions::parse(self.permissions.split_whitespace());
        Ok(RoleView {
            name: self.name.clone(),
            title: self.title.clone(),
            description: String::new(),
            may: may.map_err(|_| damaged("a role's permissions"))?,
            own: true,
        })
    }
}
