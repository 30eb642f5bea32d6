//! The secrets of keys: made, kept as digests, sealed where their kind may be seen again, buried when they end.

mod store;

use keyward_core::ids::{AccountId, KeyId, SecretId};
use keyward_core::key::{KindRules, Visibility};
use keyward_core::secret::{Digest, Secret};
use keyward_core::time::{DAY_MS, UnixMs};

use super::row::KeyRow;
use crate::app::App;
use crate::changes::Tx;
use crate::db::{Conn, Db};
use crate::operation::{damaged, new_id};
use crate::vault;

pub(super) use store::{by_digest, of_keys, set_until, tombstone, unseal};

/// For how long a request with an ended secret can be told apart.
const TOMBSTONES_KEPT_MS: i64 = 400 * DAY_MS;

/// One row. It holds no secret in clear.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct SecretRow {
    pub(super) id: String,
    pub(super) key_id: String,
    pub(super) digest: Vec<u8>,
    pub(super) pepper_id: String,
    pub(super) hint: String,
    pub(super) sealed: Option<Vec<u8>>,
    pub(super) created_at: i64,
    pub(super) until: Option<i64>,
    pub(super) first_used_at: Option<i64>,
    pub(super) last_used_at: Option<i64>,
}

/// What is left of an ended secret.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct TombstoneRow {
    pub(super) key_id: String,
    pub(super) account_id: String,
    pub(super) name: Option<String>,
    pub(super) reason: String,
    pub(super) at: i64,
}

/// What a tombstone tells of a secret that is nobody's any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grave {
    /// Its digest.
    pub digest: Digest,
    /// The key it was of.
    pub key: KeyId,
    /// That key's account.
    pub account: AccountId,
    /// Whether another secret took its place; its key was deleted otherwise.
    pub replaced: bool,
}

/// Which of these digests have a tombstone. For the request log alone: no decision looks there.
pub async fn graves(db: &Db, digests: &[Digest]) -> sqlx::Result<Vec<Grave>> {
    let mut conn = db.conn().await?;
    let rows = store::tombstones(&mut conn, digests).await?;
    let grave = |(digest, row): (Vec<u8>, TombstoneRow)| {
        Ok(Grave {
            digest: digest.as_slice().try_into().map_err(|_| damaged("a tombstone's digest"))?,
            key: row.key_id.parse().map_err(|_| damaged("a tombstone's key"))?,
            account: row.account_id.parse().map_err(|_| damaged("a tombstone's account"))?,
            replaced: row.reason == Reason::Replaced.as_str(),
        })
    };
    rows.into_iter().map(grave).collect()
}

/// Why a secret ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// Its key was deleted.
    Deleted,
    /// Another took its place.
    Replaced,
}

impl Reason {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Replaced => "replaced",
        }
    }
}

impl SecretRow {
    pub(super) fn id(&self) -> sqlx::Result<SecretId> {
        self.id.parse().map_err(|_| damaged("a secret's id"))
    }

    pub(super) fn digest(&self) -> sqlx::Result<Digest> {
        self.digest.as_slice().try_into().map_err(|_| damaged("a secret's digest"))
    }

    /// Whether it is in force or its overlap still runs.
    pub(super) fn is_good(&self, now: UnixMs) -> bool {
        self.until.is_none_or(|until| until > now.0)
    }
}

/// All secrets of one key, the one in force first.
pub(super) async fn of(conn: &mut Conn, key: &KeyRow) -> sqlx::Result<Vec<SecretRow>> {
    of_keys(conn, &[&key.id]).await
}

/// Makes a secret and puts it in force.
pub(super) async fn issue(app: &App, tx: &mut Tx, key: &KeyRow, rules: &KindRules) -> sqlx::Result<Secret> {
    let now = tx.now();
    let environment = key.environment()?;
    let secret = rules.format.generate(environment, &mut vault::random);
    let id = SecretId::new(new_id(now));
    let sealed = match rules.visibility {
        Visibility::Once => None,
        Visibility::Owner | Visibility::Always => Some(app.vault.seal(key.account()?, key.id()?, id, &secret)),
    };
    let row = SecretRow {
        id: id.to_string(),
        key_id: key.id.clone(),
        digest: app.vault.pepper().digest(secret.expose()).to_vec(),
        pepper_id: app.vault.pepper_id().to_owned(),
        hint: rules.format.hint(&secret, environment),
        sealed,
        created_at: now.0,
        until: None,
        first_used_at: None,
        last_used_at: None,
    };
    store::insert(tx.conn(), &row).await?;
    Ok(secret)
}

/// Ends a secret and leaves its tombstone.
pub(super) async fn bury(tx: &mut Tx, secret: &SecretRow, reason: Reason) -> sqlx::Result<()> {
    let now = tx.now();
    store::forget(tx.conn(), now.plus(-TOMBSTONES_KEPT_MS)).await?;
    store::bury(tx.conn(), &secret.id, reason.as_str(), now).await
}

/// Ends all secrets of an account and leaves their tombstones.
pub(super) async fn bury_all(tx: &mut Tx, account: AccountId) -> sqlx::Result<()> {
    let now = tx.now();
    store::bury_all(tx.conn(), account, now).await
}

/// The secret in clear, of a kind whose secrets may be seen again.
pub(super) fn open(app: &App, key: &KeyRow, secret: &SecretRow) -> sqlx::Result<Secret> {
    let sealed = secret.sealed.as_deref().ok_or_else(|| damaged("a sealed secret"))?;
    let opened = app.vault.unseal(key.account()?, key.id()?, secret.id()?, sealed);
    opened.map_err(|error| sqlx::Error::Decode(error.into()))
}

/// Saves when secrets were last accepted: of each key its secret in force or, where the flag is set, the one before.
pub async fn save_last_used(conn: &mut Conn, used: &[(KeyId, bool, UnixMs)]) -> sqlx::Result<()> {
    // In parts: a change waits behind one of them only.
    for part in used.chunks(SAVED_AT_ONCE) {
        conn.begin_write().await?;
        let saved = store::save_last_used(conn, part).await;
        conn.run(if saved.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
        saved?;
    }
    Ok(())
}

/// Saves when secrets were accepted for the first time.
pub async fn save_first_used(conn: &mut Conn, used: &[(Digest, UnixMs)]) -> sqlx::Result<()> {
    for part in used.chunks(SAVED_AT_ONCE) {
        conn.begin_write().await?;
        let saved = store::save_first_used(conn, part).await;
        conn.run(if saved.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
        saved?;
    }
    Ok(())
}

/// Most first or last uses that share a transaction.
const SAVED_AT_ONCE: usize = 500;
