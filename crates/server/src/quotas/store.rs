//! Quotas in the store: saved now and then, so that a lost file of counters gives nobody a fresh budget.

use crate::db::Conn;
use crate::limits::QuotaUse;
use crate::on_db;

const SAVE: &str = "insert into quota_used (holder, name, period, used) values ($1, $2, $3, $4) \
    on conflict (holder, name) do update set period = excluded.period, used = excluded.used";
const SAVED: &str = "select holder, name, period, used from quota_used";

/// Most quotas that share a transaction.
const SAVED_AT_ONCE: usize = 500;

/// Saves what was used of these quotas.
pub async fn save(conn: &mut Conn, all: &[QuotaUse]) -> sqlx::Result<()> {
    for part in all.chunks(SAVED_AT_ONCE) {
        conn.begin_write().await?;
        let saved = save_part(conn, part).await;
        conn.run(if saved.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
        saved?;
    }
    Ok(())
}

async fn save_part(conn: &mut Conn, part: &[QuotaUse]) -> sqlx::Result<()> {
    for one in part {
        on_db!(conn, |c| sqlx::query(SAVE)
            .bind(&one.holder)
            .bind(&one.name)
            .bind(one.period)
            .bind(one.used)
            .execute(c)
            .await
            .map(drop))?;
    }
    Ok(())
}

/// Everything that was saved.
pub async fn saved(conn: &mut Conn) -> sqlx::Result<Vec<QuotaUse>> {
    let rows: Vec<(String, String, i64, i64)> = on_db!(conn, |c| sqlx::query_as(SAVED).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(holder, name, period, used)| QuotaUse { holder, name, period, used }).collect())
}
