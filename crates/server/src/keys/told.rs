//! What those who are told of a key are told it is, and who they are.

use keyward_core::ids::{KeyId, PersonId};
use keyward_core::time::UnixMs;
use serde_json::{Value, json};

use super::row::KeyRow;
use super::{secrets, store};
use crate::db::Conn;
use crate::operation::OpError;

/// A key in a notice.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    /// What it is: never with a secret.
    pub(crate) facts: Value,
    /// Addresses without a sign-in.
    pub(crate) contacts: Vec<String>,
    created_by: String,
    person: Option<String>,
}

impl Told {
    /// Who made it, and who holds it.
    pub(crate) fn people(&self) -> impl Iterator<Item = PersonId> {
        let maker = self.created_by.strip_prefix("person:");
        maker.into_iter().chain(self.person.as_deref()).filter_map(|id| id.parse().ok())
    }
}

/// What is told of a key as it stands inside a change; `None` once it is deleted.
pub(crate) async fn told(conn: &mut Conn, id: KeyId) -> Result<Option<Told>, OpError> {
    let Some(row) = store::get(conn, None, id).await? else { return Ok(None) };
    let secrets = secrets::of(conn, &row).await?;
    let current = secrets.iter().find(|secret| secret.until.is_none());
    let hint = current.map(|secret| secret.hint.clone());
    let facts = facts(&row, hint);
    let contacts = row.contacts.split_whitespace().map(str::to_owned).collect();
    Ok(Some(Told { facts, contacts, created_by: row.created_by, person: row.person_id }))
}

fn facts(row: &KeyRow, hint: Option<String>) -> Value {
    json!({
        "name": row.name,
        "hint": hint,
        "kind": row.kind,
        "environment": row.environment,
        "state": row.state,
        "expires_at": row.expires_at.map(|at| UnixMs(at).rfc3339()),
    })
}
