//! The SQL of reminders.

use keyward_core::ids::AccountId;
use keyward_core::time::UnixMs;

use super::super::row::KeyRow;
use crate::db::Conn;
use crate::on_db;

// Who has said that they want to sleep has said it of an end that is no longer so.
const PUT: &str = "insert into reminder (key_id, account_id, expires_at, since, due_at) values ($1, $2, $3, $4, $5) \
    on conflict (key_id) do update set expires_at = excluded.expires_at, since = excluded.since, \
    due_at = excluded.due_at, snoozed_until = null, snoozed_by = null";
const GET: &str = "select key_id, account_id, expires_at, since, due_at, snoozed_until from reminder where key_id = $1";
const DUE: &str = "select key_id, account_id, expires_at, since, due_at, snoozed_until from reminder \
    where due_at <= $1 order by due_at, key_id limit $2";
const SETTLE: &str = "update reminder set since = $2, due_at = $3 where key_id = $1";
const SNOOZE: &str = "update reminder set snoozed_until = $2, snoozed_by = $3, due_at = $4 where key_id = $1";
// What has passed by other days is not told; who sleeps is told after it what fell into that time.
const ALL_DUE: &str = "update reminder set due_at = $2, since = case when snoozed_until > $2 then since else $2 end \
    where account_id = $1 and due_at > $2";
const DUE_AT: &str = "update reminder set due_at = $2 where key_id = $1";
const DELETE: &str = "delete from reminder where key_id = $1";
const DELETE_ALL: &str = "delete from reminder where account_id = $1";

/// One row.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct ReminderRow {
    pub(super) key_id: String,
    pub(super) account_id: String,
    pub(super) expires_at: i64,
    pub(super) since: i64,
    pub(super) due_at: i64,
    pub(super) snoozed_until: Option<i64>,
}

pub(super) async fn put(conn: &mut Conn, row: &KeyRow, end: UnixMs, since: UnixMs, due: UnixMs) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(PUT)
        .bind(&row.id)
        .bind(&row.account_id)
        .bind(end.0)
        .bind(since.0)
        .bind(due.0)
        .execute(c)
        .await
        .map(drop))
}

pub(super) async fn get(conn: &mut Conn, key: &str) -> sqlx::Result<Option<ReminderRow>> {
    on_db!(conn, |c| sqlx::query_as(GET).bind(key).fetch_optional(c).await)
}

/// Those that are due, the longest first.
pub(super) async fn due(conn: &mut Conn, now: UnixMs, max: i64) -> sqlx::Result<Vec<ReminderRow>> {
    on_db!(conn, |c| sqlx::query_as(DUE).bind(now.0).bind(max).fetch_all(c).await)
}

pub(super) async fn settle(conn: &mut Conn, key: &str, since: UnixMs, due: UnixMs) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(SETTLE).bind(key).bind(since.0).bind(due.0).execute(c).await.map(drop))
}

/// Due at once: a look finds out when it is next.
pub(super) async fn snooze(
    conn: &mut Conn,
    key: &str,
    until: Option<UnixMs>,
    by: &str,
    now: UnixMs,
) -> sqlx::Result<()> {
    let by = until.map(|_| by);
    on_db!(conn, |c| sqlx::query(SNOOZE)
        .bind(key)
        .bind(until.map(|until| until.0))
        .bind(by)
        .bind(now.0)
        .execute(c)
        .await
        .map(drop))
}

pub(super) async fn due_at(conn: &mut Conn, key: &str, at: UnixMs) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(DUE_AT).bind(key).bind(at.0).execute(c).await.map(drop))
}

pub(super) async fn all_due(conn: &mut Conn, account: AccountId, now: UnixMs) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(ALL_DUE).bind(account.to_string()).bind(now.0).execute(c).await.map(drop))
}

pub(super) async fn delete(conn: &mut Conn, key: &str) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(DELETE).bind(key).execute(c).await.map(drop))
}

pub(super) async fn delete_all(conn: &mut Conn, account: AccountId) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(DELETE_ALL).bind(account.to_string()).execute(c).await.map(drop))
}
