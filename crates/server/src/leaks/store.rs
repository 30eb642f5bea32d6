//! The SQL of leaks.

use keyward_core::ids::{AccountId, KeyId};
use keyward_core::policy::Exposed;
use keyward_core::time::UnixMs;

use crate::db::Conn;
use crate::on_db;

const IS_KNOWN: &str = "select count(*) from leak where mark = $1";
const INSERT: &str = "insert into leak (mark, account_id, key_id, done, at) values ($1, $2, $3, $4, $5)";
const DELETE_ALL: &str = "delete from leak where account_id = $1";
const SWEEP: &str = "delete from leak where at < $1";

pub(super) async fn is_known(conn: &mut Conn, mark: &str) -> sqlx::Result<bool> {
    let count: i64 = on_db!(conn, |c| sqlx::query_scalar(IS_KNOWN).bind(mark).fetch_one(c).await)?;
    Ok(count > 0)
}

pub(super) async fn insert(
    conn: &mut Conn,
    mark: &str,
    account: AccountId,
    key: KeyId,
    done: Exposed,
    now: UnixMs,
) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(INSERT)
        .bind(mark)
        .bind(account.to_string())
        .bind(key.to_string())
        .bind(done.as_str())
        .bind(now.0)
        .execute(c)
        .await
        .map(drop))
}

pub(super) async fn delete_all(conn: &mut Conn, account: AccountId) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(DELETE_ALL).bind(account.to_string()).execute(c).await.map(drop))
}

pub(super) async fn sweep(conn: &mut Conn, before: UnixMs) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(SWEEP).bind(before.0).execute(c).await.map(drop))
}
