//! The SQL of identities: whom a provider means.

use keyward_core::ids::PersonId;
use keyward_core::time::UnixMs;

use crate::db::Conn;
use crate::on_db;
use crate::operation::damaged;

const FIND: &str = "select person_id from identity where provider = $1 and subject = $2";
const INSERT: &str = "insert into identity (provider, subject, person_id, created_at) values ($1, $2, $3, $4)";

pub(super) async fn find(conn: &mut Conn, issuer: &str, subject: &str) -> sqlx::Result<Option<PersonId>> {
    let found: Option<String> =
        on_db!(conn, |c| sqlx::query_scalar(FIND).bind(issuer).bind(subject).fetch_optional(c).await)?;
    found.map(|id| id.parse().map_err(|_| damaged("an identity's person"))).transpose()
}

pub(super) async fn insert(
    conn: &mut Conn,
    issuer: &str,
    subject: &str,
    person: PersonId,
    now: UnixMs,
) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(INSERT)
        .bind(issuer)
        .bind(subject)
        .bind(person.to_string())
        .bind(now.0)
        .execute(c)
        .await
        .map(drop))
}
