//! Where people are told by mail what concerns them.

use keyward_core::ids::{AccountId, PersonId};

use super::store;
use crate::config::ApiSetup;
use crate::db::Conn;
use crate::operation::OpError;
use crate::roles;

/// A mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mailbox {
    /// Its address.
    pub(crate) email: String,
    /// Whose; `None`: of nobody who signs in.
    pub(crate) person: Option<PersonId>,
}

/// The admins of an account and those of `concerned` who belong to it, as far as they have an address and are not shut
/// out.
pub(crate) async fn mailboxes(
    conn: &mut Conn,
    setup: &ApiSetup,
    account: AccountId,
    concerned: &[PersonId],
) -> Result<Vec<Mailbox>, OpError> {
    let admins = roles::admins(setup);
    let rows = store::reachable(conn, account, &admins, concerned).await?;
    rows.into_iter().map(mailbox).collect()
}

/// Those who run the deployment and are not shut out.
pub(crate) async fn operators_mailboxes(conn: &mut Conn) -> Result<Vec<Mailbox>, OpError> {
    let rows = store::operators(conn).await?.into_iter().filter(|row| !row.suspended);
    rows.filter_map(|row| Some((row.id, row.email?))).map(mailbox).collect()
}

fn mailbox((person, email): (String, String)) -> Result<Mailbox, OpError> {
    let person = person.parse().map_err(|_| crate::operation::damaged("a person's id"))?;
    Ok(Mailbox { email, person: Some(person) })
}

/// Whether notices of an account, or of the operator where none is named, can concern a person at all.
pub(crate) async fn hears_of(conn: &mut Conn, person: PersonId, account: Option<AccountId>) -> Result<bool, OpError> {
    Ok(match account {
        Some(account) => store::get(conn, account, person).await?.is_some(),
        None => store::person(conn, person).await?.is_some_and(|row| row.operator),
    })
}

/// What somebody is called: in an account, or else by themselves.
pub(crate) async fn name_of(
    conn: &mut Conn,
    person: PersonId,
    account: Option<AccountId>,
) -> Result<Option<String>, OpError> {
    if let Some(account) = account
        && let Some(row) = store::get(conn, account, person).await?
    {
        return Ok(Some(row.name));
    }
    Ok(store::person(conn, person).await?.map(|row| row.name))
}
