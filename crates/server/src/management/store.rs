//! The SQL of management keys.

use keyward_core::ids::{AccountId, ManagementKeyId};
use keyward_core::role::Permissions;
use keyward_core::secret::Digest;
use keyward_core::time::UnixMs;

use super::ManagementKeyView;
use crate::db::Conn;
use crate::on_db;
use crate::operation::{Cursor, damaged};

macro_rules! select {
    () => {
        "select id, name, hint, account_id, permissions, expires_at, created_by, root, created_at, revoked_at \
         from management_key where "
    };
}

const GET: &str = concat!(select!(), "id = $1 and ($2 is null or account_id = $2)");
const BY_DIGEST: &str = concat!(select!(), "digest = $1");
const LIST: &str = concat!(
    select!(),
    "($1 is null or account_id = $1) and ($2 is null or (created_at, id) < ($2, $3)) \
     order by created_at desc, id desc limit $4"
);
const INSERT: &str = "insert into management_key (id, name, digest, pepper_id, hint, account_id, permissions, \
    expires_at, created_by, root, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const COUNT: &str = "select count(*) from management_key where account_id = $1";
const LIVING_BY: &str = concat!(
    select!(),
    "root = $1 and revoked_at is null and ($2 is null or account_id = $2) and (expires_at is null or expires_at > $3) \
     order by created_at desc, id desc limit $4"
);
const REVOKE: &str = "update management_key set revoked_at = $2 where id = $1";
const DELETE_ALL: &str = "delete from management_key where account_id = $1";

/// One row, without its digest.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct ManagementKeyRow {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) hint: String,
    pub(super) account_id: Option<String>,
    pub(super) permissions: String,
    pub(super) expires_at: Option<i64>,
    pub(super) created_by: String,
    pub(super) root: String,
    pub(super) created_at: i64,
    pub(super) revoked_at: Option<i64>,
}

impl ManagementKeyRow {
    pub(super) fn view(&self) -> sqlx::Result<ManagementKeyView> {
        let account = self.account_id.as_deref().map(str::parse).transpose();
        Ok(ManagementKeyView {
            id: self.id.parse().map_err(|_| damaged("a management key's id"))?,
            name: self.name.clone(),
            hint: self.hint.clone(),
            account: account.map_err(|_| damaged("a management key's account"))?,
            may: Permissions::parse(self.permissions.split_whitespace())
                .map_err(|_| damaged("a management key's permissions"))?,
            expires_at: self.expires_at.map(UnixMs),
            created_by: self.created_by.clone(),
            created_at: UnixMs(self.created_at),
            revoked_at: self.revoked_at.map(UnixMs),
        })
    }
}

pub(super) async fn get(
    conn: &mut Conn,
    within: Option<AccountId>,
    id: ManagementKeyId,
) -> sqlx::Result<Option<ManagementKeyRow>> {
    let within = within.map(|id| id.to_string());
    on_db!(conn, |c| sqlx::query_as(GET).bind(id.to_string()).bind(within).fetch_optional(c).await)
}

pub(super) async fn by_digest(conn: &mut Conn, digest: &Digest) -> sqlx::Result<Option<ManagementKeyRow>> {
    on_db!(conn, |c| sqlx::query_as(BY_DIGEST).bind(digest.as_slice()).fetch_optional(c).await)
}

pub(super) async fn list(
    conn: &mut Conn,
    within: Option<AccountId>,
    (limit, cursor): (i64, Option<Cursor>),
) -> sqlx::Result<Vec<ManagementKeyRow>> {
    let (at, id) = cursor.map_or((None, None), |cursor| (Some(cursor.at), Some(cursor.id)));
    on_db!(conn, |c| sqlx::query_as(LIST)
        .bind(within.map(|id| id.to_string()))
        .bind(at)
        .bind(id)
        .bind(limit)
        .fetch_all(c)
        .await)
}

pub(super) async fn count(conn: &mut Conn, account: AccountId) -> sqlx::Result<i64> {
    on_db!(conn, |c| sqlx::query_scalar(COUNT).bind(account.to_string()).fetch_one(c).await)
}

/// The management keys in force at whose beginning somebody stands.
pub(super) async fn living_by(
    conn: &mut Conn,
    within: Option<AccountId>,
    maker: &str,
    now: UnixMs,
    limit: i64,
) -> sqlx::Result<Vec<ManagementKeyRow>> {
    on_db!(conn, |c| sqlx::query_as(LIVING_BY)
        .bind(maker)
        .bind(within.map(|id| id.to_string()))
        .bind(now.0)
        .bind(limit)
        .fetch_all(c)
        .await)
}

pub(super) async fn insert(
    conn: &mut Conn,
    row: &ManagementKeyRow,
    digest: &Digest,
    pepper_id: &str,
) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(INSERT)
        .bind(&row.id)
        .bind(&row.name)
        .bind(digest.as_slice())
        .bind(pepper_id)
        .bind(&row.hint)
        .bind(&row.account_id)
        .bind(&row.permissions)
        .bind(row.expires_at)
        .bind(&row.created_by)
        .bind(&row.root)
        .bind(row.created_at)
        .execute(c)
        .await
        .map(drop))
}

pub(super) async fn revoke(conn: &mut Conn, id: ManagementKeyId, now: UnixMs) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(REVOKE).bind(id.to_string()).bind(now.0).execute(c).await.map(drop))
}

pub(super) async fn delete_all(conn: &mut Conn, account: AccountId) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(DELETE_ALL).bind(account.to_string()).execute(c).await.map(drop))
}
