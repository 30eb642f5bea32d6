//! The SQL of links.

use keyward_core::ids::{AccountId, PersonId};
use keyward_core::secret::Digest;
use keyward_core::time::UnixMs;

use crate::db::Conn;
use crate::on_db;

const INSERT: &str = "insert into link (digest, kind, person_id, account_id, created_by, created_at, expires_at) \
    values ($1, $2, $3, $4, $5, $6, $7)";
const GET: &str = "select kind, person_id, account_id, expires_at from link where digest = $1";
const TAKE: &str = "delete from link where digest = $1 returning kind, person_id, account_id, expires_at";
const END_ALIKE: &str = "delete from link where kind = $1 and coalesce(person_id, '') = $2 \
    and coalesce(account_id, '') = $3 \
    and ($4 is null or created_by = $4)";
const END_ACCOUNT: &str = "delete from link where account_id = $1";
const END_MADE_BY: &str = "delete from link where created_by = $1 and ($2 is null or account_id = $2)";
const PEOPLE: &str = "select person_id from link where kind = $1 and expires_at > $2 and person_id is not null \
    order by created_at limit 1000";
const END_KIND: &str = "delete from link where kind = $1 and person_id = $2";
const END_PERSON: &str = "delete from link where person_id = $1";
const END_TO: &str = "delete from link where person_id = $1 and account_id = $2";
const SWEEP: &str = "delete from link where expires_at <= $1";

/// One row.
#[derive(sqlx::FromRow)]
pub(super) struct LinkRow {
    pub(super) kind: String,
    pub(super) person_id: Option<String>,
    pub(super) account_id: Option<String>,
    pub(super) expires_at: i64,
}

pub(super) async fn insert(conn: &mut Conn, row: &LinkRow, digest: &Digest, by: &str, now: UnixMs) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(INSERT)
        .bind(digest.as_slice())
        .bind(&row.kind)
        .bind(&row.person_id)
        .bind(&row.account_id)
        .bind(by)
        .bind(now.0)
        .bind(row.expires_at)
        .execute(c)
        .await
        .map(drop))
}

pub(super) async fn get(conn: &mut Conn, digest: &Digest) -> sqlx::Result<Option<LinkRow>> {
    on_db!(conn, |c| sqlx::query_as(GET).bind(digest.as_slice()).fetch_optional(c).await)
}

pub(super) async fn take(conn: &mut Conn, digest: &Digest) -> sqlx::Result<Option<LinkRow>> {
    on_db!(conn, |c| sqlx::query_as(TAKE).bind(digest.as_slice()).fetch_optional(c).await)
}

/// Ends those of the same kind for the same person and account; only this maker's, where one is given.
pub(super) async fn end_alike(conn: &mut Conn, row: &LinkRow, of_whom: Option<&str>) -> sqlx::Result<()> {
    let (person, account) = (row.person_id.as_deref(), row.account_id.as_deref());
    on_db!(conn, |c| sqlx::query(END_ALIKE)
        .bind(&row.kind)
        .bind(person.unwrap_or_default())
        .bind(account.unwrap_or_default())
        .bind(of_whom)
        .execute(c)
        .await
        .map(drop))
}

/// Whether there was one.
pub(super) async fn end_kind(conn: &mut Conn, kind: &str, person: PersonId) -> sqlx::Result<bool> {
    let person = person.to_string();
    let done = on_db!(conn, |c| sqlx::query(END_KIND).bind(kind).bind(person).execute(c).await?.rows_affected());
    Ok(done > 0)
}

pub(super) async fn end_account(conn: &mut Conn, account: AccountId) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(END_ACCOUNT).bind(account.to_string()).execute(c).await.map(drop))
}

pub(super) async fn end_made_by(conn: &mut Conn, who: &str, account: Option<AccountId>) -> sqlx::Result<()> {
    let account = account.map(|id| id.to_string());
    on_db!(conn, |c| sqlx::query(END_MADE_BY).bind(who).bind(account).execute(c).await.map(drop))
}

pub(super) async fn people(conn: &mut Conn, kind: &str, now: UnixMs) -> sqlx::Result<Vec<String>> {
    on_db!(conn, |c| sqlx::query_scalar(PEOPLE).bind(kind).bind(now.0).fetch_all(c).await)
}

pub(super) async fn end_person(conn: &mut Conn, person: PersonId) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(END_PERSON).bind(person.to_string()).execute(c).await.map(drop))
}

pub(super) async fn end_to(conn: &mut Conn, person: PersonId, account: AccountId) -> sqlx::Result<()> {
    let (person, account) = (person.to_string(), account.to_string());
    on_db!(conn, |c| sqlx::query(END_TO).bind(person).bind(account).execute(c).await.map(drop))
}

pub(super) async fn sweep(conn: &mut Conn, now: UnixMs) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(SWEEP).bind(now.0).execute(c).await.map(drop))
}
