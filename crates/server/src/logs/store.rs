//! The SQL of what is missing from the log.

use keyward_core::time::UnixMs;

use super::Missing;
use crate::db::Conn;
use crate::on_db;

// Told again after a crash in between, it is the same.
const NOTE: &str = "insert into log_loss (incarnation, seq, reason, since, until, records) values ($1, $2, $3, $4, $5, $6) \
    on conflict (incarnation, seq, reason) do nothing";
const MISSING: &str = "select reason, min(since), max(until), cast(sum(records) as bigint) from log_loss \
    where until >= $1 and since < $2 group by reason order by reason";
const FORGET: &str = "delete from log_loss where until < $1";

/// One entry of what is missing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Note<'a> {
    pub(super) incarnation: &'a str,
    pub(super) seq: u64,
    pub(super) reason: &'static str,
    pub(super) since: UnixMs,
    pub(super) until: UnixMs,
    pub(super) records: u64,
}

pub(super) async fn note(conn: &mut Conn, note: Note<'_>) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(NOTE)
        .bind(note.incarnation)
        .bind(note.seq as i64)
        .bind(note.reason)
        .bind(note.since.0)
        .bind(note.until.0)
        .bind(note.records as i64)
        .execute(c)
        .await
        .map(drop))
}

/// What is missing of a stretch of time, by reason.
pub(super) async fn missing(conn: &mut Conn, since: UnixMs, until: UnixMs) -> sqlx::Result<Vec<Missing>> {
    let rows: Vec<(String, i64, i64, i64)> =
        on_db!(conn, |c| sqlx::query_as(MISSING).bind(since.0).bind(until.0).fetch_all(c).await)?;
    let missing = |(reason, since, until, records)| Missing {
        reason,
        since: UnixMs(since),
        until: UnixMs(until),
        records: records as u64,
    };
    Ok(rows.into_iter().map(missing).collect())
}

/// Drops what ended before an instant.
pub(super) async fn forget(conn: &mut Conn, before: UnixMs) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(FORGET).bind(before.0).execute(c).await.map(drop))
}
