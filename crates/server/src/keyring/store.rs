//! The keyring's SQL: everything at start, then what changed.

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;

use super::rows::{AccountRow, SecretRow};
use crate::db::Conn;
use crate::on_db;

const ACCOUNTS: &str =
    "select id, api, public_id, name, external_id, region, plan, accepted_keys, suspended, metadata from account";

const SECRETS: &str = "select s.digest, s.until, s.last_used_at, k.id as key_id, k.account_id, k.kind, k.environment, \
    k.person_id, k.scopes, k.addresses, k.limits, k.quotas, k.plan, k.state, k.expires_at \
    from secret s join api_key k on k.id = s.key_id";

const CHANGES: &str = "select kind, subject from change where epoch > $1 and epoch <= $2 order by epoch, place";

const CHANGED_ACCOUNTS: &str = "select distinct a.id, a.api, a.public_id, a.name, a.external_id, a.region, a.plan, \
    a.accepted_keys, a.suspended, a.metadata from change c join account a on a.id = c.subject \
    where c.epoch > $1 and c.epoch <= $2 and c.kind in ('account', 'account_keys')";

const CHANGED_SECRETS: &str = "select s.digest, s.until, s.last_used_at, k.id as key_id, k.account_id, k.kind, k.environment, \
    k.person_id, k.scopes, k.addresses, k.limits, k.quotas, k.plan, k.state, k.expires_at \
    from secret s join api_key k on k.id = s.key_id \
    where k.id in (select subject from change where epoch > $1 and epoch <= $2 and kind = 'key') \
    or k.account_id in (select subject from change where epoch > $1 and epoch <= $2 and kind = 'account_keys')";

const GONE_SECRETS: &str = "select t.digest from tombstone t \
    where t.key_id in (select subject from change where epoch > $1 and epoch <= $2 and kind = 'key') \
    or t.account_id in (select subject from change where epoch > $1 and epoch <= $2 and kind = 'account_keys')";

/// One row of the change table.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct ChangeRow {
    pub(super) kind: String,
    pub(super) subject: String,
}

pub(super) async fn accounts(conn: &mut Conn) -> sqlx::Result<Vec<AccountRow>> {
    on_db!(conn, |c| sqlx::query_as(ACCOUNTS).fetch_all(c).await)
}

/// All secrets, one after the other: a million of them are never in memory at once.
pub(super) fn secrets(conn: &mut Conn) -> BoxStream<'_, sqlx::Result<SecretRow>> {
    on_db!(conn, |c| sqlx::query_as(SECRETS).fetch(c).boxed())
}

pub(super) async fn changes(conn: &mut Conn, after: i64, until: i64) -> sqlx::Result<Vec<ChangeRow>> {
    on_db!(conn, |c| sqlx::query_as(CHANGES).bind(after).bind(until).fetch_all(c).await)
}

pub(super) async fn changed_accounts(conn: &mut Conn, after: i64, until: i64) -> sqlx::Result<Vec<AccountRow>> {
    on_db!(conn, |c| sqlx::query_as(CHANGED_ACCOUNTS).bind(after).bind(until).fetch_all(c).await)
}

pub(super) async fn changed_secrets(conn: &mut Conn, after: i64, until: i64) -> sqlx::Result<Vec<SecretRow>> {
    on_db!(conn, |c| sqlx::query_as(CHANGED_SECRETS).bind(after).bind(until).fetch_all(c).await)
}

pub(super) async fn gone_secrets(conn: &mut Conn, after: i64, until: i64) -> sqlx::Result<Vec<Vec<u8>>> {
    on_db!(conn, |c| sqlx::query_scalar(GONE_SECRETS).bind(after).bind(until).fetch_all(c).await)
}
