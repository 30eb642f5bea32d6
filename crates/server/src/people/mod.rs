//! People of accounts: whom personal keys are granted to.

mod routes;
mod store;

use keyward_core::ids::{AccountId, PersonId};
use keyward_core::name::Name;
use keyward_core::time::UnixMs;
use serde_json::{Value, json};

use crate::accounts;
use crate::app::App;
use crate::changes::{Actor, AuditEvent, Reach, Touched, Tx};
use crate::keys;
use crate::operation::{Cursor, Findings, Idempotency, OpError, Page, Paged, is_taken, new_id, recall, remember};
use store::PersonRow;

pub use routes::routes;

const NAME_CHARS_MAX: usize = 200;
const EMAIL_BYTES_MAX: usize = 254;

/// A person as they may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonView {
    /// Their id.
    pub id: PersonId,
    /// Whose person.
    pub account: AccountId,
    /// Their name.
    pub name: String,
    /// Where notices go, in lower case; unique in the account.
    pub email: Option<String>,
    /// When they were added.
    pub created_at: UnixMs,
}

/// A person to be added.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// To this account.
    pub account: AccountId,
    /// Their name.
    pub name: String,
    /// Where notices go.
    pub email: Option<String>,
}

/// A person, or the one that an earlier request with the same token added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadePerson {
    /// The person.
    pub person: PersonView,
    /// Whether this repeats an earlier answer.
    pub replayed: bool,
}

/// Adds a person to an account.
pub async fn create(
    app: &App,
    reach: Reach,
    actor: Actor,
    new: NewPerson,
    idempotency: Option<Idempotency>,
) -> Result<MadePerson, OpError> {
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let account = accounts::lock(tx, reach, new.account).await?;
                if let Some(made) = recall(tx, idempotency.as_ref()).await? {
                    let id = made.parse().map_err(|_| OpError::NotFound)?;
                    let row = store::get(tx.conn(), Some(account.id), id).await?.ok_or(OpError::NotFound)?;
                    return Ok(MadePerson { person: row.view()?, replayed: true });
                }
                let row = written(&new, tx.now())?;
                store::insert(tx.conn(), &row).await.map_err(taken)?;
                tx.touch(Touched::Other, &row.id);
                note(tx, "person.created", &row, account.id, true);
                remember(tx, idempotency.as_ref(), &row.id).await?;
                Ok(MadePerson { person: row.view()?, replayed: false })
            })
        })
        .await
}

/// One person.
pub async fn get(app: &App, reach: Reach, id: PersonId) -> Result<PersonView, OpError> {
    let row = store::get(&mut app.db.conn().await?, within(reach), id).await?.ok_or(OpError::NotFound)?;
    Ok(row.view()?)
}

/// The people of an account, newest first.
pub async fn list(app: &App, reach: Reach, account: AccountId, page: Page) -> Result<Paged<PersonView>, OpError> {
    let fetch = page.fetch()?;
    let account = accounts::get(app, reach, account).await?;
    let rows = store::list(&mut app.db.conn().await?, account.id, fetch).await?;
    let views = rows.iter().map(PersonRow::view).collect::<sqlx::Result<Vec<_>>>()?;
    Ok(page.cut(views, |view| Cursor { at: view.created_at.0, id: view.id.to_string() }))
}

/// Deletes a person together with the keys they hold.
pub async fn delete(app: &App, reach: Reach, actor: Actor, id: PersonId) -> Result<(), OpError> {
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let row = store::get(tx.conn(), within(reach), id).await?.ok_or(OpError::NotFound)?;
                let account = row.view()?.account;
                accounts::lock(tx, reach, account).await?;
                // Again, now that nobody else changes the account.
                let row = store::get(tx.conn(), Some(account), id).await?.ok_or(OpError::NotFound)?;
                keys::bury_of_person(tx, account, id).await?;
                store::delete(tx.conn(), account, id).await?;
                tx.touch(Touched::Other, &row.id);
                note(tx, "person.deleted", &row, account, false);
                Ok(())
            })
        })
        .await
}

/// Whether a person belongs to an account.
pub(crate) async fn is_of(tx: &mut Tx, account: AccountId, id: PersonId) -> Result<bool, OpError> {
    Ok(store::get(tx.conn(), Some(account), id).await?.is_some())
}

/// Deletes the people of an account that is being deleted; their keys are gone already.
pub(crate) async fn forget_all(tx: &mut Tx, account: AccountId) -> Result<(), OpError> {
    store::delete_all(tx.conn(), account).await?;
    Ok(())
}

fn within(reach: Reach) -> Option<AccountId> {
    match reach {
        Reach::All => None,
        Reach::Account(id) => Some(id),
    }
}

fn written(new: &NewPerson, now: UnixMs) -> Result<PersonRow, OpError> {
    let mut findings = Findings::default();
    let name = findings.take("/name", Name::parse(&new.name, NAME_CHARS_MAX));
    let email = new.email.as_deref().and_then(|email| findings.take("/email", mailbox(email)));
    findings.done()?;
    Ok(PersonRow {
        id: PersonId::new(new_id(now)).to_string(),
        account_id: new.account.to_string(),
        name: name.map(|name| name.as_str().to_owned()).unwrap_or_default(),
        email,
        created_at: now.0,
    })
}

/// A bare address such as `ada@example.com`, in lower case: no comments, no quotes, nothing a header could be
/// broken with (threat T15).
fn mailbox(text: &str) -> Result<String, &'static str> {
    const WRONG: &str = "an e-mail address such as ada@example.com";
    let text = text.trim().to_lowercase();
    let (local, domain) = text.rsplit_once('@').ok_or(WRONG)?;
    let in_local = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let in_domain = |c: char| c.is_alphanumeric() || c == '-';
    let is_local = !local.is_empty() && local.len() <= 64 && local.chars().all(in_local);
    let is_domain = domain.split('.').all(|label| !label.is_empty() && label.chars().all(in_domain));
    if is_local && is_domain && text.len() <= EMAIL_BYTES_MAX { Ok(text) } else { Err(WRONG) }
}

fn note(tx: &mut Tx, action: &'static str, row: &PersonRow, account: AccountId, is_new: bool) {
    let facts: Value = json!({ "name": row.name, "email": row.email });
    let (before, after) = if is_new { (None, Some(facts)) } else { (Some(facts), None) };
    tx.audit(AuditEvent { action, subject: row.id.clone(), account: Some(account), before, after });
}

fn taken(error: sqlx::Error) -> OpError {
    if is_taken(&error, "email") {
        return OpError::conflict("email_taken", "another person of this account has this address");
    }
    error.into()
}

#[cfg(test)]
mod tests {
    use super::mailbox;

    #[test]
    fn mailboxes_are_bare_addresses() {
        assert_eq!(mailbox(" Ada@Example.COM ").as_deref(), Ok("ada@example.com"));
        for bad in ["", "ada", "@b.c", "a@", "a b@c.d", "a@b\r\nBcc: x@y.z", "\"a\"@b.c", "A <a@b.c>", "a@b..c"] {
            assert!(mailbox(bad).is_err(), "{bad}");
        }
    }
}
