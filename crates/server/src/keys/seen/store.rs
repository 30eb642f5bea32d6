//! The SQL of who has seen which secret.

use keyward_core::ids::{AccountId, PersonId};
use keyward_core::time::UnixMs;

use crate::db::Conn;
use crate::on_db;

const NOTE: &str = "insert into secret_seen (key_id, person_id, how, at) values ($1, $2, $3, $4) \
    on conflict (key_id, person_id, how) do update set at = excluded.at";
// What they saw is still good when a good secret is as old as their look.
const WAYS_OF: &str = "select distinct v.key_id, v.how from secret_seen v join api_key k on k.id = v.key_id \
    join secret s on s.key_id = v.key_id and s.created_at <= v.at and (s.until is null or s.until > $3) \
    where k.account_id = $1 and v.person_id = $2";
const FORGET: &str = "delete from secret_seen where key_id = $1";
const FORGET_ALL: &str = "delete from secret_seen where key_id in (select id from api_key where account_id = $1)";

pub(super) async fn note(conn: &mut Conn, key: &str, person: &str, how: &str, now: UnixMs) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(NOTE).bind(key).bind(person).bind(how).bind(now.0).execute(c).await.map(drop))
}

/// Keys and how their secrets were seen.
pub(super) async fn ways_of(
    conn: &mut Conn,
    account: AccountId,
    person: PersonId,
    now: UnixMs,
) -> sqlx::Result<Vec<(String, String)>> {
    on_db!(conn, |c| sqlx::query_as(WAYS_OF)
        .bind(account.to_string())
        .bind(person.to_string())
        .bind(now.0)
        .fetch_all(c)
        .await)
}

/// Forgets who has seen the secrets of a key that is being deleted.
pub(in crate::keys) async fn forget(conn: &mut Conn, key: &str) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(FORGET).bind(key).execute(c).await.map(drop))
}

/// Likewise for all keys of an account.
pub(in crate::keys) async fn forget_all(conn: &mut Conn, account: AccountId) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(FORGET_ALL).bind(account.to_string()).execute(c).await.map(drop))
}
