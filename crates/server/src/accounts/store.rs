//! The SQL of accounts.

use keyward_core::account::AcceptedKeys;
use keyward_core::ids::AccountId;
use keyward_core::time::UnixMs;

use super::{AccountFilter, AccountView};
use crate::changes::Reach;
use crate::db::Conn;
use crate::labels;
use crate::on_db;
use crate::operation::{Cursor, damaged};

macro_rules! columns {
    () => {
        "id, api, public_id, name, external_id, region, plan, accepted_keys, totp_required, suspended, metadata, tags, \
         version, created_at, updated_at"
    };
}

// Every later statement of the same change waits for this row, so that counts are taken by one change at a time.
const LOCK: &str =
    concat!("update account set turn = turn + 1 where id = $1 and ($2 is null or id = $2) returning ", columns!());
const GET: &str = concat!("select ", columns!(), " from account where id = $1 and ($2 is null or id = $2)");
const LIST: &str = concat!("select ", columns!(), " from account where true");
const OF_PUBLIC_IDS: &str = "select id, api, public_id from account where public_id in (";
const TAGGED: &str = " and id in (select owner_id from attribute where name = ";
const INSERT: &str = concat!(
    "insert into account (",
    columns!(),
    ", turn) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0)"
);
const SAVE: &str = "update account set name = $2, external_id = $3, plan = $4, accepted_keys = $5, \
    totp_required = $6, suspended = $7, metadata = $8, tags = $9, updated_at = $10, version = version + 1 where id = $1";
const DELETE: &str = "delete from account where id = $1";

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct AccountRow {
    pub(super) id: String,
    pub(super) api: String,
    pub(super) public_id: String,
    pub(super) name: String,
    pub(super) external_id: Option<String>,
    pub(super) region: Option<String>,
    pub(super) plan: Option<String>,
    pub(super) accepted_keys: String,
    pub(super) totp_required: bool,
    pub(super) suspended: bool,
    pub(super) metadata: Option<String>,
    pub(super) tags: String,
    pub(super) version: i64,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
}

impl AccountRow {
    pub(super) fn id(&self) -> sqlx::Result<AccountId> {
        self.id.parse().map_err(|_| damaged("an account's id"))
    }

    pub(super) fn view(&self) -> sqlx::Result<AccountView> {
        let accepted = [AcceptedKeys::Account, AcceptedKeys::User, AcceptedKeys::Both]
            .into_iter()
            .find(|accepted| accepted.as_str() == self.accepted_keys);
        Ok(AccountView {
            id: self.id()?,
            api: self.api.clone(),
            public_id: self.public_id.clone(),
            name: self.name.clone(),
            external_id: self.external_id.clone(),
            region: self.region.clone(),
            plan: self.plan.clone(),
            accepted_keys: accepted.ok_or_else(|| damaged("an account's accepted keys"))?,
            totp_required: self.totp_required,
            suspended: self.suspended,
            metadata: labels::read_metadata(self.metadata.as_deref()),
            tags: labels::read_tags(&self.tags),
            created_at: UnixMs(self.created_at),
            updated_at: UnixMs(self.updated_at),
            version: self.version,
        })
    }
}

fn within(reach: Reach) -> Option<String> {
    reach.within().map(|id| id.to_string())
}

pub(super) async fn lock(conn: &mut Conn, reach: Reach, id: AccountId) -> sqlx::Result<Option<AccountRow>> {
    on_db!(conn, |c| sqlx::query_as(LOCK).bind(id.to_string()).bind(within(reach)).fetch_optional(c).await)
}

pub(super) async fn get(conn: &mut Conn, reach: Reach, id: AccountId) -> sqlx::Result<Option<AccountRow>> {
    on_db!(conn, |c| sqlx::query_as(GET).bind(id.to_string()).bind(within(reach)).fetch_optional(c).await)
}

pub(super) async fn list(
    conn: &mut Conn,
    reach: Reach,
    filter: &AccountFilter,
    (limit, cursor): (i64, Option<Cursor>),
) -> sqlx::Result<Vec<AccountRow>> {
    on_db!(conn, |c| {
        let mut sql = sqlx::QueryBuilder::new(LIST);
        let texts = [
            (" and id = ", within(reach)),
            (" and api = ", filter.api.clone()),
            (" and external_id = ", filter.external_id.clone()),
            (" and public_id = ", filter.public_id.clone()),
        ];
        for (condition, text) in texts.into_iter().filter_map(|(condition, text)| Some((condition, text?))) {
            sql.push(condition).push_bind(text);
        }
        let tag = filter.tag.iter().map(|tag| (labels::TAG.to_owned(), tag.clone()));
        let member = filter.metadata.iter().map(|(name, value)| (labels::member(name), value.clone()));
        for (name, value) in tag.chain(member) {
            sql.push(TAGGED).push_bind(name).push(" and value = ").push_bind(value).push(")");
        }
        if let Some(Cursor { at, id }) = cursor {
            sql.push(" and (created_at, id) < (").push_bind(at).push(", ").push_bind(id).push(")");
        }
        sql.push(" order by created_at desc, id desc limit ").push_bind(limit);
        sql.build_query_as().fetch_all(c).await
    })
}

/// Accounts with these public ids, of whatever API: id, API and public id.
pub(super) async fn of_public_ids(conn: &mut Conn, ids: &[String]) -> sqlx::Result<Vec<(String, String, String)>> {
    if ids.is_empty() {
        return Ok(vec![]);
    }
    on_db!(conn, |c| {
        let mut sql = sqlx::QueryBuilder::new(OF_PUBLIC_IDS);
        let mut list = sql.separated(", ");
        for id in ids {
            list.push_bind(id);
        }
        sql.push(")");
        sql.build_query_as().persistent(false).fetch_all(c).await
    })
}

pub(super) async fn insert(conn: &mut Conn, row: &AccountRow) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(INSERT)
        .bind(&row.id)
        .bind(&row.api)
        .bind(&row.public_id)
        .bind(&row.name)
        .bind(&row.external_id)
        .bind(&row.region)
        .bind(&row.plan)
        .bind(&row.accepted_keys)
        .bind(row.totp_required)
        .bind(row.suspended)
        .bind(&row.metadata)
        .bind(&row.tags)
        .bind(row.version)
        .bind(row.created_at)
        .bind(row.updated_at)
        .execute(c)
        .await
        .map(drop))
}

/// Writes what an edit may change, and counts the version up.
pub(super) async fn save(conn: &mut Conn, row: &AccountRow) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(SAVE)
        .bind(&row.id)
        .bind(&row.name)
        .bind(&row.external_id)
        .bind(&row.plan)
        .bind(&row.accepted_keys)
        .bind(row.totp_required)
        .bind(row.suspended)
        .bind(&row.metadata)
        .bind(&row.tags)
        .bind(row.updated_at)
        .execute(c)
        .await
        .map(drop))
}

pub(super) async fn delete(conn: &mut Conn, id: AccountId) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(DELETE).bind(id.to_string()).execute(c).await.map(drop))
}
