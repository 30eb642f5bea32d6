//! Management keys: what authenticates automation to the management API. Each belongs to the operator or to one
//! account, is shown once and kept as a digest.

mod routes;
mod store;

use keyward_core::expiry::{ExpiryRules, Lifetime};
use keyward_core::ids::{AccountId, ManagementKeyId, PersonId};
use keyward_core::key::Environment;
use keyward_core::name::Name;
use keyward_core::role::{Area, Permission, Permissions};
use keyward_core::secret::{Alphabet, Format, Secret};
use keyward_core::time::UnixMs;
use serde_json::json;

use crate::accounts;
use crate::app::App;
use crate::changes::{Actor, AuditEvent, Reach, Touched, Tx};
use crate::db::Conn;
use crate::operation::{Cursor, Findings, Idempotency, OpError, Page, Paged, new_id, recall, remember};
use crate::people;
use crate::sessions;
use crate::vault;
use store::ManagementKeyRow;

pub use routes::routes;

const NAME_CHARS_MAX: usize = 100;
const PREFIX: &str = "kwm_";
const LETTERS: usize = 40;
/// What it takes to end management keys.
pub(crate) const WRITE: Permission = Permission::write(Area::Settings);
/// Most management keys of an account.
const KEYS_MAX: i64 = 1_000;
/// Most management keys of one person that are listed.
const MADE_MAX: i64 = 1_000;

/// A management key as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagementKeyView {
    /// Its id.
    pub id: ManagementKeyId,
    /// Its name.
    pub name: String,
    /// Prefix and last four letters.
    pub hint: String,
    /// The one account it manages; `None`: all of them.
    pub account: Option<AccountId>,
    /// What it may do there.
    pub may: Permissions,
    /// When it ends.
    pub expires_at: Option<UnixMs>,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: UnixMs,
    /// When it was revoked.
    pub revoked_at: Option<UnixMs>,
}

/// A management key to be made.
#[derive(Debug, Clone)]
pub struct NewManagementKey {
    /// Its name.
    pub name: String,
    /// The one account it shall manage; `None`: all of them, for the operator's own.
    pub account: Option<AccountId>,
    /// What it may do; everything its maker may, when left out.
    pub permissions: Option<Vec<String>>,
    /// How long it shall live.
    pub lifetime: Lifetime,
}

/// A management key with its secret.
#[derive(Clone)]
pub struct MadeManagementKey {
    /// The key.
    pub key: ManagementKeyView,
    /// The secret in clear; `None` when an earlier request already received it.
    pub secret: Option<Secret>,
    /// Whether this repeats an earlier answer.
    pub replayed: bool,
}

/// The shape of management keys.
pub fn format() -> Format {
    Format::new(PREFIX, Alphabet::Base62, LETTERS).expect("34 letters of 62 are more than 128 random bits")
}

/// Makes a management key; nobody makes one that reaches further than their own (threat T4).
pub async fn create(
    app: &App,
    reach: Reach,
    actor: Actor,
    new: NewManagementKey,
    idempotency: Option<Idempotency>,
) -> Result<MadeManagementKey, OpError> {
    if matches!(reach, Reach::Account(_)) && new.account.is_none() {
        return Err(OpError::operator_only("make management keys for all accounts"));
    }
    let inner = app.clone();
    app.changes
        .run(actor, move |tx| {
            Box::pin(async move {
                let account = match new.account {
                    Some(account) => Some(accounts::lock(tx, reach, account).await?),
                    None => None,
                };
                if let Some(made) = recall(tx, idempotency.as_ref()).await? {
                    let id = made.parse().map_err(|_| OpError::NotFound)?;
                    let row = store::get(tx.conn(), reach.within(), id).await?.ok_or(OpError::NotFound)?;
                    return Ok(MadeManagementKey { key: row.view()?, secret: None, replayed: true });
                }
                let own = match &account {
                    Some(account) => people::authority(&inner, tx, account).await?,
                    None => tx.actor().may,
                };
                let made = make(&inner, tx, &new, own).await?;
                remember(tx, idempotency.as_ref(), &made.key.id.to_string()).await?;
                Ok(made)
            })
        })
        .await
}

async fn make(app: &App, tx: &mut Tx, new: &NewManagementKey, own: Permissions) -> Result<MadeManagementKey, OpError> {
    let now = tx.now();
    let mut findings = Findings::default();
    let name = findings.take("/name", Name::parse(&new.name, NAME_CHARS_MAX));
    let end = findings.take("/expires", ExpiryRules::default().end(new.lifetime, now));
    let may = match &new.permissions {
        None => Some(own),
        Some(words) => findings.take("/permissions", Permissions::parse(words.iter().map(String::as_str))),
    };
    findings.done()?;
    let may = may.unwrap_or_default();
    if !own.cover(may) {
        return Err(OpError::more_than_own());
    }
    sessions::demand_recent_of(tx)?;
    if let Some(account) = new.account
        && store::count(tx.conn(), account).await? >= KEYS_MAX
    {
        let message = format!("an account has at most {KEYS_MAX} management keys, revoked ones among them");
        return Err(OpError::conflict("key_maximum_reached", message));
    }
    let id = ManagementKeyId::new(new_id(now));
    let maker = tx.actor().who.clone();
    let root = root_of(tx.conn(), &maker).await?;
    // What nobody's person made stands for itself.
    let stands_alone = !root.starts_with("person:") && !root.starts_with("management_key:");
    let format = format();
    let secret = format.generate(Environment::Live, &mut vault::random);
    let row = ManagementKeyRow {
        id: id.to_string(),
        name: name.map(|name| name.as_str().to_owned()).unwrap_or_default(),
        hint: format.hint(&secret, Environment::Live),
        account_id: new.account.map(|id| id.to_string()),
        permissions: may.words().join(" "),
        expires_at: end.flatten().map(|end| end.0),
        created_by: maker,
        root: if stands_alone { format!("management_key:{id}") } else { root },
        created_at: now.0,
        revoked_at: None,
    };
    let digest = app.vault.pepper().digest(secret.expose());
    store::insert(tx.conn(), &row, &digest, app.vault.pepper_id()).await?;
    tx.touch(Touched::Other, &row.id);
    tx.audit(AuditEvent {
        action: "management_key.created",
        subject: row.id.clone(),
        account: new.account,
        before: None,
        after: Some(json!({
            "name": row.name,
            "permissions": may.words(),
            "expires_at": row.expires_at.map(|at| UnixMs(at).rfc3339()),
        })),
    });
    Ok(MadeManagementKey { key: row.view()?, secret: Some(secret), replayed: false })
}

/// Whose secret this is; `None` for anything but a management key in force.
pub async fn authenticate(app: &App, secret: &Secret) -> Result<Option<ManagementKeyView>, OpError> {
    // A wrong shape or checksum can't be one of ours: no need to ask the store.
    if format().check(secret.expose()).is_err() {
        return Ok(None);
    }
    let digest = app.vault.pepper().digest(secret.expose());
    let mut conn = app.db.conn().await?;
    let Some(row) = store::by_digest(&mut conn, &digest).await? else { return Ok(None) };
    let key = row.view()?;
    let now = app.clock.now();
    let is_expired = key.expires_at.is_some_and(|end| end <= now);
    if key.revoked_at.is_some() || is_expired {
        return Ok(None);
    }
    // What somebody made acts for them: while they are shut out, so is it.
    let person = row.root.strip_prefix("person:").and_then(|id| id.parse().ok());
    if let Some(person) = person
        && people::is_shut_out(&mut conn, person, key.account).await?
    {
        return Ok(None);
    }
    Ok(Some(key))
}

/// Management keys, newest first, revoked ones among them.
pub async fn list(app: &App, reach: Reach, page: Page) -> Result<Paged<ManagementKeyView>, OpError> {
    let fetch = page.fetch()?;
    let rows = store::list(&mut app.db.conn().await?, reach.within(), fetch).await?;
    let views = rows.iter().map(ManagementKeyRow::view).collect::<sqlx::Result<Vec<_>>>()?;
    Ok(page.cut(views, |view| Cursor { at: view.created_at.0, id: view.id.to_string() }))
}

/// One management key.
pub async fn get(app: &App, reach: Reach, id: ManagementKeyId) -> Result<ManagementKeyView, OpError> {
    let row = store::get(&mut app.db.conn().await?, reach.within(), id).await?.ok_or(OpError::NotFound)?;
    Ok(row.view()?)
}

/// Ends a management key for good; revoking it again changes nothing.
pub async fn revoke(app: &App, reach: Reach, actor: Actor, id: ManagementKeyId) -> Result<ManagementKeyView, OpError> {
    app.changes.run(actor, move |tx| Box::pin(async move { revoke_in(tx, reach, id).await })).await
}

/// As [`revoke`], as part of a larger change.
pub(crate) async fn revoke_in(tx: &mut Tx, reach: Reach, id: ManagementKeyId) -> Result<ManagementKeyView, OpError> {
    let row = store::get(tx.conn(), reach.within(), id).await?.ok_or(OpError::NotFound)?;
    let mut key = row.view()?;
    if key.revoked_at.is_some() {
        return Ok(key);
    }
    let now = tx.now();
    store::revoke(tx.conn(), id, now).await?;
    tx.touch(Touched::Other, &row.id);
    let account = key.account;
    tx.audit(AuditEvent { action: "management_key.revoked", subject: row.id, account, before: None, after: None });
    key.revoked_at = Some(now);
    Ok(key)
}

/// The management keys in force that a person made, newest first.
pub(crate) async fn made_by(
    conn: &mut Conn,
    reach: Reach,
    person: PersonId,
    now: UnixMs,
) -> Result<Vec<ManagementKeyView>, OpError> {
    let rows = store::living_by(conn, reach.within(), &format!("person:{person}"), now, MADE_MAX).await?;
    Ok(rows.iter().map(ManagementKeyRow::view).collect::<sqlx::Result<_>>()?)
}

/// What a management key is called.
pub(crate) async fn name_of(conn: &mut Conn, id: ManagementKeyId) -> Result<Option<String>, OpError> {
    Ok(store::get(conn, None, id).await?.map(|row| row.name))
}

/// Who stands behind an actor: a key that made a key stands for whoever made the first.
pub(crate) async fn root_of(conn: &mut Conn, actor: &str) -> Result<String, OpError> {
    let id = actor.strip_prefix("management_key:").and_then(|id| id.parse().ok());
    let Some(id) = id else { return Ok(actor.to_owned()) };
    Ok(store::get(conn, None, id).await?.map_or_else(|| actor.to_owned(), |row| row.root))
}

/// Who made the management key that an actor is; `None` for every other actor.
pub(crate) async fn maker_of(conn: &mut Conn, actor: &str) -> Result<Option<String>, OpError> {
    let Some(id) = actor.strip_prefix("management_key:").and_then(|id| id.parse().ok()) else { return Ok(None) };
    Ok(store::get(conn, None, id).await?.map(|row| row.created_by))
}

/// Deletes the management keys of an account that is being deleted.
pub(crate) async fn forget_all(tx: &mut Tx, account: AccountId) -> Result<(), OpError> {
    store::delete_all(tx.conn(), account).await?;
    Ok(())
}
