//! The SQL of roles.

use keyward_core::ids::AccountId;

use super::RoleView;
use crate::db::Conn;
use crate::on_db;

const LIST: &str = "select name, title, permissions from role where account_id = $1 order by name";
const GET: &str = "select name, title, permissions from role where account_id = $1 and name = $2";
const PUT: &str = "insert into role (account_id, name, title, permissions) values ($1, $2, $3, $4) \
    on conflict (account_id, name) do update set title = excluded.title, permissions = excluded.permissions";
const DELETE: &str = "delete from role where account_id = $1 and name = $2";
const DELETE_ALL: &str = "delete from role where account_id = $1";

/// One row.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct RoleRow {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) permissions: String,
}

pub(super) async fn list(conn: &mut Conn, account: AccountId) -> sqlx::Result<Vec<RoleRow>> {
    on_db!(conn, |c| sqlx::query_as(LIST).bind(account.to_string()).fetch_all(c).await)
}

pub(super) async fn get(conn: &mut Conn, account: AccountId, name: &str) -> sqlx::Result<Option<RoleRow>> {
    // No stored text holds a NUL, and PostgreSQL refuses to compare with one.
    if name.contains('\0') {
        return Ok(None);
    }
    on_db!(conn, |c| sqlx::query_as(GET).bind(account.to_string()).bind(name).fetch_optional(c).await)
}

pub(super) async fn put(conn: &mut Conn, account: AccountId, role: &RoleView) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(PUT)
        .bind(account.to_string())
        .bind(&role.name)
        .bind(&role.title)
        .bind(role.may.words().join(" "))
        .execute(c)
        .await
        .map(drop))
}

pub(super) async fn delete(conn: &mut Conn, account: AccountId, name: &str) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(DELETE).bind(account.to_string()).bind(name).execute(c).await.map(drop))
}

pub(super) async fn delete_all(conn: &mut Conn, account: AccountId) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(DELETE_ALL).bind(account.to_string()).execute(c).await.map(drop))
}
