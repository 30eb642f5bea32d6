//! The SQL of repeated creates.

use keyward_core::time::UnixMs;

use crate::db::Conn;
use crate::on_db;

const FORGET: &str = "delete from idempotency where at < $1";
const RECALL: &str = "select request, subject from idempotency where actor = $1 and token = $2";
const REMEMBER: &str = "insert into idempotency (actor, token, request, subject, at) values ($1, $2, $3, $4, $5)";

pub(super) async fn forget(conn: &mut Conn, before: UnixMs) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(FORGET).bind(before.0).execute(c).await.map(drop))
}

/// The request and what it made.
pub(super) async fn recall(conn: &mut Conn, actor: &str, token: &str) -> sqlx::Result<Option<(String, String)>> {
    on_db!(conn, |c| sqlx::query_as(RECALL).bind(actor).bind(token).fetch_optional(c).await)
}

pub(super) async fn remember(
    conn: &mut Conn,
    [actor, token, request, subject]: [&str; 4],
    now: UnixMs,
) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(REMEMBER)
        .bind(actor)
        .bind(token)
        .bind(request)
        .bind(subject)
        .bind(now.0)
        .execute(c)
        .await
        .map(drop))
}
