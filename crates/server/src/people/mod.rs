//! People: who they are, which accounts they belong to, and as what.
//!
//! A person is one row however many accounts they belong to; what an account sees of them is their *membership*.
//! Accounts never learn of each other through a person they share. The audit names people by id alone, so that erasing
//! one leaves it whole.

mod authority;
mod by_mail;
mod change;
mod invitations;
mod leaving;
mod mailboxes;
mod me;
mod operators;
mod routes;
mod store;

use keyward_core::ids::{AccountId, PersonId};
use keyward_core::name::Name;
use keyward_core::role::Permissions;
use keyward_core::secret::Secret;
use keyward_core::time::UnixMs;
use serde_json::json;

use crate::accounts::{self, AccountView};
use crate::app::App;
use crate::changes::{AuditEvent, Reach, Touched, Tx};
use crate::notices::{self, Notice};
use crate::operation::{Cursor, OpError, Page, Paged};
use crate::outbox;
use crate::roles;
use crate::sessions;

pub use authority::{InAccounts, standing};
pub(crate) use authority::{authority, is_shut_out};
pub use change::{edit, remove};
pub(crate) use invitations::belongs_only_to;
pub use invitations::{accept, accept_own, create, forget_totp, invite_again, look, reset_link};
pub use leaving::{Choice, Known, known_to, remove_with};
pub(crate) use mailboxes::{Mailbox, hears_of, mailboxes, name_of, operators_mailboxes};
pub use me::{Me, OwnAccount, leave, me, rename};
pub use operators::{OperatorView, add_operator, edit_operator, operators, remove_operator};
pub use routes::routes;

const NAME_CHARS_MAX: usize = 200;
const EMAIL_BYTES_MAX: usize = 254;

/// How a membership stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberState {
    /// Asked to join; has not answered.
    Invited,
    /// Belongs to the account.
    Active,
    /// Shut out until somebody lets them in again.
    Suspended,
}

impl MemberState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Invited, Self::Active, Self::Suspended];

    /// Its word in the store and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }
}

/// A person as one account sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberView {
    /// Their id.
    pub id: PersonId,
    /// The account.
    pub account: AccountId,
    /// What the account calls them.
    pub name: String,
    /// Where they sign in and notices go, in lower case; `None`: they only hold personal keys.
    pub email: Option<String>,
    /// Their role's name; whoever never signs in has none.
    pub role: Option<String>,
    /// How they stand.
    pub state: MemberState,
    /// Whether they have an authenticator.
    pub has_totp: bool,
    /// When they last signed in anywhere.
    pub signed_in_at: Option<UnixMs>,
    /// When they were added.
    pub created_at: UnixMs,
    /// Grows with every change; what `ETag` carries.
    pub version: i64,
}

/// A person to be added to an account.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// To this account.
    pub account: AccountId,
    /// Their name.
    pub name: String,
    /// Where they sign in; without one they hold personal keys and never sign in.
    pub email: Option<String>,
    /// Their role; the one that permits least when left out.
    pub role: Option<String>,
}

/// Changes to a membership; `None` leaves as is.
#[derive(Debug, Clone, Default)]
pub struct PersonEdit {
    /// What the account calls them.
    pub name: Option<String>,
    /// Their role.
    pub role: Option<String>,
    /// Shut out, or let in again.
    pub suspended: Option<bool>,
}

/// A link that works once.
#[derive(Clone)]
pub struct OneTimeLink {
    /// What stands behind the `#` of the link.
    pub token: Secret,
    /// Until when it works.
    pub expires_at: UnixMs,
    /// Whether it went to them by mail: then nobody else is shown it.
    pub by_mail: bool,
}

/// A person who was added.
#[derive(Clone)]
pub struct MadePerson {
    /// The person.
    pub person: MemberView,
    /// The link to be handed to them, where they sign in.
    pub invitation: Option<OneTimeLink>,
    /// Whether this repeats an earlier answer.
    pub replayed: bool,
}

/// One person of an account.
pub async fn get(app: &App, reach: Reach, account: AccountId, id: PersonId) -> Result<MemberView, OpError> {
    let account = accounts::get(app, reach, account).await?;
    let row = store::get(&mut app.db.conn().await?, account.id, id).await?.ok_or(OpError::NotFound)?;
    Ok(row.view()?)
}

/// The people of an account, newest first.
pub async fn list(app: &App, reach: Reach, account: AccountId, page: Page) -> Result<Paged<MemberView>, OpError> {
    let fetch = page.fetch()?;
    let account = accounts::get(app, reach, account).await?;
    let rows = store::list(&mut app.db.conn().await?, account.id, fetch).await?;
    let views = rows.iter().map(store::MemberRow::view).collect::<sqlx::Result<Vec<_>>>()?;
    Ok(page.cut(views, |view| Cursor { at: view.created_at.0, id: view.id.to_string() }))
}

/// Whether a person belongs to an account and is not shut out.
pub(crate) async fn is_of(tx: &mut Tx, account: AccountId, id: PersonId) -> Result<bool, OpError> {
    let row = store::get(tx.conn(), account, id).await?;
    Ok(row.map(|row| row.state()).transpose()?.is_some_and(|state| state != MemberState::Suspended))
}

/// Whether a person of the account has an address to sign in with.
pub(crate) async fn signs_in(tx: &mut Tx, account: AccountId, id: PersonId) -> Result<bool, OpError> {
    Ok(store::get(tx.conn(), account, id).await?.is_some_and(|row| row.email.is_some()))
}

/// Whether somebody has this role.
pub(crate) async fn is_role_held(tx: &mut Tx, account: AccountId, role: &str) -> Result<bool, OpError> {
    Ok(store::count_role(tx.conn(), account, role).await? > 0)
}

/// Forgets the people of an account that is being deleted; their keys are gone already.
pub(crate) async fn forget_all(tx: &mut Tx, account: AccountId) -> Result<(), OpError> {
    let people = store::members(tx.conn(), account).await?;
    sessions::end_links_to(tx, account).await?;
    store::delete_members(tx.conn(), account).await?;
    for id in people {
        erase_if_left_over(tx, id.parse().map_err(|_| OpError::NotFound)?).await?;
    }
    Ok(())
}

/// Erases a person whom nothing keeps any more: name, address, password, sign-ins. The audit keeps their id.
async fn erase_if_left_over(tx: &mut Tx, id: PersonId) -> Result<(), OpError> {
    store::lock_person(tx.conn(), id).await?;
    if store::is_left_over(tx.conn(), id).await? {
        sessions::end_all(tx, id).await?;
        notices::forget_choices(tx, None, id).await?;
        outbox::forget_person(tx, id).await?;
        store::delete_person(tx.conn(), id).await?;
        tx.touch(Touched::Other, id.to_string());
        note(tx, "person.erased", id, None, (None, None));
    }
    Ok(())
}

/// What is written of a person in the audit names them by id.
fn note(
    tx: &mut Tx,
    action: &'static str,
    id: PersonId,
    account: Option<AccountId>,
    (before, after): (Option<serde_json::Value>, Option<serde_json::Value>),
) {
    tx.touch(Touched::Other, id.to_string());
    tx.audit(AuditEvent { action, subject: id.to_string(), account, before, after });
}

/// Tells an account's admins what became of somebody.
async fn tell(
    app: &App,
    tx: &mut Tx,
    kind: notices::Kind,
    account: &AccountView,
    row: &store::MemberRow,
) -> Result<(), OpError> {
    let setup = accounts::setup(app, account)?;
    let role = roles::title(tx.conn(), &setup, account.id, &row.role).await?;
    let facts = json!({ "person": { "name": row.name, "role": role, "state": row.state } });
    let mut notice = Notice::of_person(tx, kind, account.id, row.view()?.id, facts);
    // What is about somebody is forgotten with them; that they were removed must outlive them.
    if kind == notices::Kind::PersonRemoved {
        notice.person = None;
    }
    notices::raise(app, tx, notice).await
}

fn covers(own: Permissions, theirs: Permissions) -> Result<(), OpError> {
    if own.cover(theirs) { Ok(()) } else { Err(OpError::more_than_own()) }
}

fn name(text: &str) -> Result<String, keyward_core::name::BadName> {
    Name::parse(text, NAME_CHARS_MAX).map(|name| name.as_str().to_owned())
}

/// A bare address such as `ada@example.com`, in lower case: no comments, no quotes, nothing a header could be
/// broken with (threat T15).
pub(crate) fn mailbox(text: &str) -> Result<String, &'static str> {
    const WRONG: &str = "an e-mail address such as ada@example.com";
    let text = text.trim().to_lowercase();
    let (local, domain) = text.rsplit_once('@').ok_or(WRONG)?;
    let in_local = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let in_domain = |c: char| c.is_alphanumeric() || c == '-';
    let is_local = !local.is_empty() && local.len() <= 64 && local.chars().all(in_local);
    let is_domain = domain.split('.').all(|label| !label.is_empty() && label.chars().all(in_domain));
    if is_local && is_domain && text.len() <= EMAIL_BYTES_MAX { Ok(text) } else { Err(WRONG) }
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
