//! The SQL of secrets and tombstones.

use keyward_core::ids::{AccountId, KeyId};
use keyward_core::secret::Digest;
use keyward_core::time::UnixMs;

use super::{SecretRow, TombstoneRow};
use crate::db::Conn;
use crate::on_db;

macro_rules! select {
    () => {
        "select s.id, s.key_id, s.digest, s.pepper_id, s.hint, s.sealed, s.created_at, s.until, s.first_used_at, \
         s.last_used_at from secret s "
    };
}

const OF_KEYS: &str = concat!(select!(), "where s.key_id in (");
const BY_DIGEST: &str =
    concat!(select!(), "join api_key k on k.id = s.key_id where s.digest = $1 and ($2 is null or k.account_id = $2)");
const TOMBSTONE: &str = "select key_id, account_id, name, reason, at from tombstone \
    where digest = $1 and ($2 is null or account_id = $2)";
const TOMBSTONES: &str = "select digest, key_id, account_id, name, reason, at from tombstone where digest in (";
const INSERT: &str = "insert into secret (id, key_id, digest, pepper_id, hint, sealed, created_at, until, last_used_at) \
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const SET_UNTIL: &str = "update secret set until = $2 where id = $1";
const UNSEAL: &str = "update secret set sealed = null where key_id = $1";
const BURY: &str = "insert into tombstone (digest, key_id, account_id, name, reason, at) \
    select s.digest, s.key_id, k.account_id, k.name, $2, $3 from secret s join api_key k on k.id = s.key_id where s.id = $1";
const DELETE: &str = "delete from secret where id = $1";
const BURY_ALL: &str = "insert into tombstone (digest, key_id, account_id, name, reason, at) \
    select s.digest, s.key_id, k.account_id, k.name, 'deleted', $2 from secret s join api_key k on k.id = s.key_id \
    where k.account_id = $1";
const DELETE_ALL: &str = "delete from secret where key_id in (select id from api_key where account_id = $1)";
const FORGET: &str = "delete from tombstone where at < $1";
const FIRST_USED: &str = "update secret set first_used_at = $2 where digest = $1 \
    and (first_used_at is null or first_used_at > $2)";
// The one in force has no `until`, the one before it has. Where nobody could note its first use, the first that is saved
// stands for it.
macro_rules! used {
    ($until:literal) => {
        concat!(
            "update secret set last_used_at = $2, first_used_at = coalesce(first_used_at, $2) \
             where key_id = $1 and until is ",
            $until,
            " and (last_used_at is null or last_used_at < $2)"
        )
    };
}
const USED_CURRENT: &str = used!("null");
const USED_OLD: &str = used!("not null");

/// All secrets of these keys; of each key the one in force first.
pub(in crate::keys) async fn of_keys(conn: &mut Conn, keys: &[&str]) -> sqlx::Result<Vec<SecretRow>> {
    if keys.is_empty() {
        return Ok(vec![]);
    }
    on_db!(conn, |c| {
        let mut sql = sqlx::QueryBuilder::new(OF_KEYS);
        let mut list = sql.separated(", ");
        for key in keys {
            list.push_bind((*key).to_owned());
        }
        sql.push(") order by s.key_id, s.until is not null, s.created_at");
        // As many texts as there are lengths of lists: not worth remembering each on every connection.
        sql.build_query_as().persistent(keys.len() == 1).fetch_all(c).await
    })
}

pub(in crate::keys) async fn by_digest(
    conn: &mut Conn,
    within: Option<AccountId>,
    digest: &Digest,
) -> sqlx::Result<Option<SecretRow>> {
    let within = within.map(|id| id.to_string());
    on_db!(conn, |c| sqlx::query_as(BY_DIGEST).bind(digest.as_slice()).bind(within).fetch_optional(c).await)
}

pub(in crate::keys) async fn tombstone(
    conn: &mut Conn,
    within: Option<AccountId>,
    digest: &Digest,
) -> sqlx::Result<Option<TombstoneRow>> {
    let within = within.map(|id| id.to_string());
    on_db!(conn, |c| sqlx::query_as(TOMBSTONE).bind(digest.as_slice()).bind(within).fetch_optional(c).await)
}

/// Those of these digests that have a tombstone.
pub(super) async fn tombstones(conn: &mut Conn, digests: &[Digest]) -> sqlx::Result<Vec<(Vec<u8>, TombstoneRow)>> {
    if digests.is_empty() {
        return Ok(vec![]);
    }
    type Row = (Vec<u8>, String, String, Option<String>, String, i64);
    let rows: Vec<Row> = on_db!(conn, |c| {
        let mut sql = sqlx::QueryBuilder::new(TOMBSTONES);
        let mut list = sql.separated(", ");
        for digest in digests {
            list.push_bind(digest.to_vec());
        }
        sql.push(")");
        sql.build_query_as().persistent(false).fetch_all(c).await
    })?;
    let row = |(digest, key_id, account_id, name, reason, at)| {
        (digest, TombstoneRow { key_id, account_id, name, reason, at })
    };
    Ok(rows.into_iter().map(row).collect())
}

pub(super) async fn insert(conn: &mut Conn, row: &SecretRow) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(INSERT)
        .bind(&row.id)
        .bind(&row.key_id)
        .bind(&row.digest)
        .bind(&row.pepper_id)
        .bind(&row.hint)
        .bind(&row.sealed)
        .bind(row.created_at)
        .bind(row.until)
        .bind(row.last_used_at)
        .execute(c)
        .await
        .map(drop))
}

pub(in crate::keys) async fn set_until(conn: &mut Conn, secret: &str, until: Option<UnixMs>) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(SET_UNTIL).bind(secret).bind(until.map(|at| at.0)).execute(c).await.map(drop))
}

/// Drops what of a key's secrets could be seen again.
pub(in crate::keys) async fn unseal(conn: &mut Conn, key: &str) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(UNSEAL).bind(key).execute(c).await.map(drop))
}

/// Leaves a tombstone in a secret's place.
pub(super) async fn bury(conn: &mut Conn, secret: &str, reason: &str, now: UnixMs) -> sqlx::Result<()> {
    on_db!(&mut *conn, |c| sqlx::query(BURY).bind(secret).bind(reason).bind(now.0).execute(c).await.map(drop))?;
    on_db!(conn, |c| sqlx::query(DELETE).bind(secret).execute(c).await.map(drop))
}

/// Leaves tombstones in place of all secrets of an account.
pub(super) async fn bury_all(conn: &mut Conn, account: AccountId, now: UnixMs) -> sqlx::Result<()> {
    let account = account.to_string();
    on_db!(&mut *conn, |c| sqlx::query(BURY_ALL).bind(&account).bind(now.0).execute(c).await.map(drop))?;
    on_db!(conn, |c| sqlx::query(DELETE_ALL).bind(&account).execute(c).await.map(drop))
}

/// Drops tombstones older than `before`.
pub(super) async fn forget(conn: &mut Conn, before: UnixMs) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(FORGET).bind(before.0).execute(c).await.map(drop))
}

pub(super) async fn save_last_used(conn: &mut Conn, used: &[(KeyId, bool, UnixMs)]) -> sqlx::Result<()> {
    for (key, is_old, at) in used {
        let sql = if *is_old { USED_OLD } else { USED_CURRENT };
        on_db!(&mut *conn, |c| sqlx::query(sql).bind(key.to_string()).bind(at.0).execute(c).await.map(drop))?;
    }
    Ok(())
}

pub(super) async fn save_first_used(conn: &mut Conn, used: &[(Digest, UnixMs)]) -> sqlx::Result<()> {
    for (digest, at) in used {
        let digest = digest.as_slice();
        on_db!(&mut *conn, |c| sqlx::query(FIRST_USED).bind(digest).bind(at.0).execute(c).await.map(drop))?;
    }
    Ok(())
}
