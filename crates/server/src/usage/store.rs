//! The SQL of which batches usage holds.

use crate::db::Conn;
use crate::on_db;

const BEGIN: &str = "insert into flush (incarnation, seq) values ($1, 0) on conflict (incarnation) do nothing";
const ADVANCE: &str = "update flush set seq = $2 where incarnation = $1 and seq = $2 - 1";
const REACHED: &str = "select seq from flush where incarnation = $1";

/// Moves on to `seq`; `false` where it was reached before. An error where a batch is missing in between.
pub(super) async fn advance(conn: &mut Conn, incarnation: &str, seq: i64) -> sqlx::Result<bool> {
    on_db!(&mut *conn, |c| sqlx::query(BEGIN).bind(incarnation).execute(c).await.map(drop))?;
    let moved: u64 = on_db!(&mut *conn, |c| sqlx::query(ADVANCE)
        .bind(incarnation)
        .bind(seq)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    if moved == 1 {
        return Ok(true);
    }
    let reached = reached(conn, incarnation).await?;
    if reached >= seq {
        return Ok(false);
    }
    Err(sqlx::Error::Protocol(format!("batch {seq} of {incarnation} came after batch {reached}")))
}

pub(super) async fn reached(conn: &mut Conn, incarnation: &str) -> sqlx::Result<i64> {
    let seq: Option<i64> = on_db!(conn, |c| sqlx::query_scalar(REACHED).bind(incarnation).fetch_optional(c).await)?;
    Ok(seq.unwrap_or(0))
}
