//! The SQL of notices.

use keyward_core::ids::AccountId;
use serde_json::Value;

use super::Raised;
use crate::db::Conn;
use crate::on_db;
use crate::operation::damaged;

const INSERT: &str = "insert into notice (id, mark, kind, account_id, key_id, person_id, facts, at) \
    values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (mark) do nothing";

const SETTINGS: &str = "select settings from notice_setting where account_id = $1";

/// What an account has set, where it differs from the default.
pub(super) async fn settings(conn: &mut Conn, account: AccountId) -> sqlx::Result<Option<Value>> {
    let text: Option<String> =
        on_db!(conn, |c| sqlx::query_scalar(SETTINGS).bind(account.to_string()).fetch_optional(c).await?);
    text.map(|text| serde_json::from_str(&text)).transpose().map_err(|_| damaged("an account's notice settings"))
}

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
