//! Usage: what becomes of records once they are durable in the log.

mod store;

use crate::app::App;
use crate::logs::{Incarnation, Record};

/// Takes one batch of records into usage, exactly once.
///
/// Batches of an incarnation are numbered from 1 without gaps and come in order, from the log's own task, after their
/// records are durable. The number is stored in the same transaction as what was counted; a batch that was taken
/// before (a retry after a COMMIT whose outcome was unknown, a replay at start) changes nothing and is no error. An
/// error leaves nothing behind, and the batch comes again.
///
/// `records` may be empty: a number that stands for records which could not be read again.
pub async fn absorb(app: &App, incarnation: Incarnation, seq: u64, records: &[Record]) -> sqlx::Result<()> {
    let _ = records;
    let mut conn = app.db.conn().await?;
    conn.begin_write().await?;
    let done = store::advance(&mut conn, &incarnation.to_string(), seq as i64).await;
    conn.run(if done.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
    done.map(drop)
}

/// The number of the last batch that was taken of an incarnation; 0 for none.
pub async fn absorbed(app: &App, incarnation: Incarnation) -> sqlx::Result<u64> {
    let mut conn = app.db.conn().await?;
    store::reached(&mut conn, &incarnation.to_string()).await.map(|seq| seq as u64)
}
