//! The SQL of labels.

use crate::db::Conn;
use crate::on_db;

const FORGET: &str = "delete from attribute where owner_id = $1";
const KEEP: &str = "insert into attribute (owner_id, name, value) values ($1, $2, $3)";

pub(super) async fn forget(conn: &mut Conn, owner: &str) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(FORGET).bind(owner).execute(c).await.map(drop))
}

pub(super) async fn keep(conn: &mut Conn, owner: &str, attributes: &[(String, String)]) -> sqlx::Result<()> {
    for (name, value) in attributes {
        on_db!(&mut *conn, |c| sqlx::query(KEEP).bind(owner).bind(name).bind(value).execute(c).await.map(drop))?;
    }
    Ok(())
}
