//! The SQL of recovery codes.

use keyward_core::ids::PersonId;
use keyward_core::secret::Digest;

use crate::db::Conn;
use crate::on_db;

const INSERT: &str = "insert into recovery_code (person_id, digest) values ($1, $2)";
const USE_UP: &str = "delete from recovery_code where person_id = $1 and digest = $2";
const COUNT: &str = "select count(*) from recovery_code where person_id = $1";
const FORGET: &str = "delete from recovery_code where person_id = $1";

pub(super) async fn insert(conn: &mut Conn, person: PersonId, digest: &Digest) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(INSERT).bind(person.to_string()).bind(digest.as_slice()).execute(c).await.map(drop))
}

/// Whether it was there.
pub(super) async fn use_up(conn: &mut Conn, person: PersonId, digest: &Digest) -> sqlx::Result<bool> {
    let rows = on_db!(conn, |c| sqlx::query(USE_UP)
        .bind(person.to_string())
        .bind(digest.as_slice())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

pub(super) async fn count(conn: &mut Conn, person: PersonId) -> sqlx::Result<i64> {
    on_db!(conn, |c| sqlx::query_scalar(COUNT).bind(person.to_string()).fetch_one(c).await)
}

pub(super) async fn forget(conn: &mut Conn, person: PersonId) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(FORGET).bind(person.to_string()).execute(c).await.map(drop))
}
