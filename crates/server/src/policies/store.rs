//! The SQL of policies.

use keyward_core::ids::AccountId;

use crate::db::Conn;
use crate::on_db;

const GET: &str = "select rules, version from policy where account_id = $1";
const SAVE: &str = "insert into policy (account_id, rules, version) values ($1, $2, $3) \
    on conflict (account_id) do update set rules = excluded.rules, version = excluded.version";
const DELETE: &str = "delete from policy where account_id = $1";

/// One row.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct PolicyRow {
    /// JSON.
    pub(super) rules: String,
    pub(super) version: i64,
}

pub(super) async fn get(conn: &mut Conn, account: AccountId) -> sqlx::Result<Option<PolicyRow>> {
    on_db!(conn, |c| sqlx::query_as(GET).bind(account.to_string()).fetch_optional(c).await)
}

pub(super) async fn save(conn: &mut Conn, account: AccountId, rules: &str, version: i64) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(SAVE).bind(account.to_string()).bind(rules).bind(version).execute(c).await.map(drop))
}

pub(super) async fn delete(conn: &mut Conn, account: AccountId) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(DELETE).bind(account.to_string()).execute(c).await.map(drop))
}
