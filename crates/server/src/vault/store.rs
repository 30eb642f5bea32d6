//! The vault's SQL: facts that tell whether pepper, key-encryption key and audit key are the right ones.

use crate::db::Conn;
use crate::on_db;

const FACT: &str = "select value from fact where name = $1";
const SET_FACT: &str = "insert into fact (name, value) values ($1, $2)";

pub(super) async fn fact(conn: &mut Conn, name: &str) -> sqlx::Result<Option<String>> {
    on_db!(conn, |c| sqlx::query_scalar(FACT).bind(name).fetch_optional(c).await)
}

pub(super) async fn set_fact(conn: &mut Conn, name: &str, value: &str) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(SET_FACT).bind(name).bind(value).execute(c).await.map(drop))
}
