//! The SQL of links.

use keyward_core::ids::AccountId;
use keyward_core::secret::Digest;

use super::PickupRow;
use crate::db::Conn;
use crate::on_db;

macro_rules! select {
    () => {
        "select key_id, digest, recipient, created_by, created_at, expires_at from pickup where "
    };
}

const OF: &str = concat!(select!(), "key_id = $1");
const BY_DIGEST: &str = concat!(select!(), "digest = $1");
const PUT: &str = "insert into pickup (key_id, digest, recipient, created_by, created_at, expires_at) \
    values ($1, $2, $3, $4, $5, $6) on conflict (key_id) do update set digest = excluded.digest, \
    recipient = excluded.recipient, created_by = excluded.created_by, created_at = excluded.created_at, \
    expires_at = excluded.expires_at";
const END_MADE_BY: &str = "update pickup set digest = null, expires_at = null where created_by = $2 \
    and key_id in (select id from api_key where account_id = $1)";
const FORGET: &str = "delete from pickup where key_id = $1";
const FORGET_ALL: &str = "delete from pickup where key_id in (select id from api_key where account_id = $1)";

pub(in crate::keys) async fn of(conn: &mut Conn, key: &str) -> sqlx::Result<Option<PickupRow>> {
    on_db!(conn, |c| sqlx::query_as(OF).bind(key).fetch_optional(c).await)
}

pub(in crate::keys) async fn by_digest(conn: &mut Conn, digest: &Digest) -> sqlx::Result<Option<PickupRow>> {
    on_db!(conn, |c| sqlx::query_as(BY_DIGEST).bind(digest.as_slice()).fetch_optional(c).await)
}

pub(super) async fn put(conn: &mut Conn, row: &PickupRow) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(PUT)
        .bind(&row.key_id)
        .bind(&row.digest)
        .bind(&row.recipient)
        .bind(&row.created_by)
        .bind(row.created_at)
        .bind(row.expires_at)
        .execute(c)
        .await
        .map(drop))
}

/// Ends a key's link.
pub(in crate::keys) async fn forget(conn: &mut Conn, key: &str) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(FORGET).bind(key).execute(c).await.map(drop))
}

/// Ends the links that somebody made; the keys wait on.
pub(in crate::keys) async fn end_made_by(conn: &mut Conn, account: AccountId, who: &str) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(END_MADE_BY).bind(account.to_string()).bind(who).execute(c).await.map(drop))
}

/// Ends the links of all keys of an account.
pub(in crate::keys) async fn forget_all(conn: &mut Conn, account: AccountId) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(FORGET_ALL).bind(account.to_string()).execute(c).await.map(drop))
}
