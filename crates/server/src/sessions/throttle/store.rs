//! The SQL of counted attempts. A bucket is one instant: until when what was taken from it weighs.

use keyward_core::time::UnixMs;

use crate::db::Conn;
use crate::on_db;

// Takes in one step or not at all: no two attempts see the same room.
const TAKE: &str = "insert into attempt (bucket, until) values ($1, $2 + $3) on conflict (bucket) do update \
    set until = case when attempt.until > $2 then attempt.until else $2 end + $3 \
    where attempt.until <= $2 + $4 returning until";
const GIVE_BACK: &str = "update attempt set until = until - $2 where bucket = $1";
const UNTIL: &str = "select until from attempt where bucket = $1";
const KEEP_UNTIL: &str = "insert into attempt (bucket, until) values ($1, $2) on conflict (bucket) do update \
    set until = $2";
const FORGET: &str = "delete from attempt where bucket = $1";
const SWEEP: &str = "delete from attempt where until <= $1";

/// Whether there was room.
pub(super) async fn take(
    conn: &mut Conn,
    bucket: &str,
    now: UnixMs,
    cost_ms: i64,
    slack_ms: i64,
) -> sqlx::Result<bool> {
    let until: Option<i64> = on_db!(conn, |c| sqlx::query_scalar(TAKE)
        .bind(bucket)
        .bind(now.0)
        .bind(cost_ms)
        .bind(slack_ms)
        .fetch_optional(c)
        .await)?;
    Ok(until.is_some())
}

pub(super) async fn give_back(conn: &mut Conn, bucket: &str, cost_ms: i64) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(GIVE_BACK).bind(bucket).bind(cost_ms).execute(c).await.map(drop))
}

pub(super) async fn until(conn: &mut Conn, bucket: &str) -> sqlx::Result<Option<i64>> {
    on_db!(conn, |c| sqlx::query_scalar(UNTIL).bind(bucket).fetch_optional(c).await)
}

pub(super) async fn keep_until(conn: &mut Conn, bucket: &str, until: UnixMs) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(KEEP_UNTIL).bind(bucket).bind(until.0).execute(c).await.map(drop))
}

pub(super) async fn forget(conn: &mut Conn, bucket: &str) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(FORGET).bind(bucket).execute(c).await.map(drop))
}

pub(super) async fn sweep(conn: &mut Conn, now: UnixMs) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(SWEEP).bind(now.0).execute(c).await.map(drop))
}
