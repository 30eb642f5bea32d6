//! The SQL of notices.

use super::Raised;
use crate::db::Conn;
use crate::on_db;

const INSERT: &str = "insert into notice (id, mark, kind, account_id, key_id, person_id, facts, at) \
    values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (mark) do nothing";

/// Whether it is a new one.
pub(super) async fn insert(conn: &mut Conn, notice: &Raised, mark: &str) -> sqlx::Result<bool> {
    let written = on_db!(conn, |c| sqlx::query(INSERT)
        .bind(notice.id.to_string())
        .bind(mark)
        .bind(notice.kind.as_str())
        .bind(notice.account.map(|id| id.to_string()))
        .bind(notice.key.map(|id| id.to_string()))
        .bind(notice.person.map(|id| id.to_string()))
        .bind(notice.facts.to_string())
        .bind(notice.at.0)
        .execute(c)
        .await?
        .rows_affected());
    Ok(written == 1)
}
