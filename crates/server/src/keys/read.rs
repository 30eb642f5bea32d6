//! Looking at keys.

use keyward_core::ids::{AccountId, KeyId, SecretId};
use keyward_core::name::Name;
use keyward_core::secret::{Digest, Secret};
use keyward_core::time::UnixMs;

use super::row::KeyRow;
use super::secrets::Reason;
use super::{KeyFilter, KeyView, PickupBy, Whose, pickup, search, secrets, store, within};
use crate::app::App;
use crate::changes::Reach;
use crate::db::{Conn, Db};
use crate::operation::{Cursor, OpError, Page, Paged, damaged};

/// Longer names are nobody's.
const NAME_CHARS_MAX: usize = 1_000;

/// One key.
pub async fn get(app: &App, reach: Reach, id: KeyId) -> Result<KeyView, OpError> {
    let mut conn = app.db.conn().await?;
    let row = store::get(&mut conn, within(reach), id).await?.ok_or(OpError::NotFound)?;
    Ok(view(app, &mut conn, &row, app.clock.now()).await?)
}

/// One key as it may be shown.
pub(super) async fn view(app: &App, conn: &mut Conn, row: &KeyRow, now: UnixMs) -> sqlx::Result<KeyView> {
    let secrets = secrets::of(conn, row).await?;
    let mut view = row.view(app, &secrets, now)?;
    wait(conn, &mut view, now).await?;
    Ok(view)
}

/// Notes for whom a key's secret waits.
async fn wait(conn: &mut Conn, view: &mut KeyView, now: UnixMs) -> sqlx::Result<()> {
    if view.state.has_no_secret_yet() {
        let row = pickup::of(conn, &view.id.to_string()).await?;
        view.pickup_by = row.map(|row| PickupBy { link_expires_at: row.link_end(now), recipient: row.recipient });
    }
    Ok(())
}

/// Keys, newest first. Standings are as of now.
pub async fn list(app: &App, reach: Reach, filter: KeyFilter, page: Page) -> Result<Paged<KeyView>, OpError> {
    let fetch = page.fetch()?;
    let nothing = Paged { items: vec![], next_cursor: None };
    // No stored text holds a NUL, and PostgreSQL refuses to compare with one.
    if filter.texts().any(|text| text.contains('\0')) {
        return Ok(nothing);
    }
    let name = filter.name.as_deref().map(|name| Name::parse(name, NAME_CHARS_MAX)).transpose();
    let Ok(name) = name else { return Ok(nothing) };
    let filter = KeyFilter { name: name.map(|name| name.folded().to_owned()), ..filter };
    let Some(words) = search::words(filter.search.as_deref().unwrap_or_default())? else { return Ok(nothing) };
    let now = app.clock.now();
    let mut conn = app.db.conn().await?;
    let rows = store::list(&mut conn, within(reach), &filter, &words, now, fetch).await?;
    let views = views(app, &mut conn, &rows, now).await?;
    Ok(page.cut(views, |view| Cursor { at: view.created_at.0, id: view.id.to_string() }))
}

pub(super) async fn views(app: &App, conn: &mut Conn, rows: &[KeyRow], now: UnixMs) -> sqlx::Result<Vec<KeyView>> {
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let mut of_key = std::collections::HashMap::<String, Vec<_>>::new();
    for secret in secrets::of_keys(conn, &ids).await? {
        of_key.entry(secret.key_id.clone()).or_default().push(secret);
    }
    let of = |row: &KeyRow| of_key.get(&row.id).map_or(&[][..], Vec::as_slice);
    let mut views = rows.iter().map(|row| row.view(app, of(row), now)).collect::<sqlx::Result<Vec<_>>>()?;
    for view in &mut views {
        wait(conn, view, now).await?;
    }
    Ok(views)
}

/// Whose a secret is, or was.
pub async fn find(app: &App, reach: Reach, secret: &Secret) -> Result<Whose, OpError> {
    find_digest(app, reach, &app.vault.pepper().digest(secret.expose())).await
}

/// Whose a secret is, or was, by its digest.
pub async fn find_digest(app: &App, reach: Reach, digest: &Digest) -> Result<Whose, OpError> {
    let mut conn = app.db.conn().await?;
    let now = app.clock.now();
    let Some(secret) = secrets::by_digest(&mut conn, within(reach), digest).await? else {
        let tombstone = secrets::tombstone(&mut conn, within(reach), digest).await?;
        let Some(left) = tombstone else { return Ok(Whose::Unknown) };
        return Ok(Whose::Gone {
            key: left.key_id.parse().map_err(|_| damaged("a tombstone's key"))?,
            account: left.account_id.parse().map_err(|_| damaged("a tombstone's account"))?,
            name: left.name,
            reason: left.reason,
            at: UnixMs(left.at),
        });
    };
    let key: KeyId = secret.key_id.parse().map_err(|_| damaged("a secret's key"))?;
    // Deleted between the two looks.
    let Some(row) = store::get(&mut conn, within(reach), key).await? else { return Ok(Whose::Unknown) };
    if let Some(until) = secret.until.filter(|_| !secret.is_good(now)) {
        // Its overlap has run out; the next rotation will bury it.
        let (account, reason) = (row.account()?, Reason::Replaced.as_str().to_owned());
        return Ok(Whose::Gone { key, account, name: row.name, reason, at: UnixMs(until) });
    }
    let id: SecretId = secret.id()?;
    let all = secrets::of(&mut conn, &row).await?;
    Ok(Whose::Key(Box::new(row.view(app, &all, now)?), id))
}

/// The account of a key, where it is within reach.
pub async fn account_of(app: &App, reach: Reach, id: KeyId) -> Result<AccountId, OpError> {
    let account = store::account_of(&mut app.db.conn().await?, within(reach), id).await?.ok_or(OpError::NotFound)?;
    Ok(account.parse().map_err(|_| damaged("a key's account"))?)
}

impl KeyFilter {
    fn texts(&self) -> impl Iterator<Item = &String> {
        let Self { api, name, external_id, tag, metadata, .. } = self;
        let member = metadata.iter().flat_map(|(name, value)| [name, value]);
        [api, name, external_id, tag].into_iter().flatten().chain(member)
    }
}

/// What these keys are called, those that are called anything; deleted ones by their tombstones.
pub async fn names_of(db: &Db, keys: &[KeyId]) -> sqlx::Result<Vec<(KeyId, String)>> {
    let mut conn = db.conn().await?;
    let rows = store::names_of(&mut conn, keys).await?;
    let named = |(id, name): (String, String)| Some((id.parse().ok()?, name));
    Ok(rows.into_iter().filter_map(named).collect())
}
