//! The SQL of webhooks.

use keyward_core::ids::{AccountId, WebhookId};
use keyward_core::time::UnixMs;

use super::attempts::Attempt;
use super::model::WebhookView;
use crate::db::Conn;
use crate::on_db;
use crate::operation::{Cursor, damaged};

macro_rules! select {
    () => {
        "select id, account_id, url, kinds, secret, old_secret, old_secret_until, enabled, failing_since, \
         disabled_why, created_by, created_at, version from webhook_endpoint where "
    };
}

const GET: &str = concat!(select!(), "id = $1 and account_id = $2");
const BY_ID: &str = concat!(select!(), "id = $1");
const LIST: &str = concat!(select!(), "account_id = $1 order by created_at desc, id desc");
const INSERT: &str = "insert into webhook_endpoint (id, account_id, url, kinds, secret, enabled, created_by, \
    created_at, version) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const SAVE: &str = "update webhook_endpoint set url = $2, kinds = $3, secret = $4, old_secret = $5, \
    old_secret_until = $6, enabled = $7, failing_since = $8, disabled_why = $9, version = $10 where id = $1";
const DELETE: &str = "delete from webhook_endpoint where id = $1";
const DELETE_ATTEMPTS: &str = "delete from webhook_attempt where endpoint_id = $1";
const DELETE_ALL: &str = "delete from webhook_endpoint where account_id = $1";
const DELETE_ALL_ATTEMPTS: &str =
    "delete from webhook_attempt where endpoint_id in (select id from webhook_endpoint where account_id = $1)";
const FAILED: &str = "update webhook_endpoint set failing_since = $2 where id = $1 and failing_since is null";
const SUCCEEDED: &str = "update webhook_endpoint set failing_since = null where id = $1 and failing_since is not null";
const ATTEMPTS: &str = "select id, endpoint_id, parcel_id, kind, nth, at, took_ms, status, error from webhook_attempt \
    where endpoint_id = $1 and ($2 is null or parcel_id = $2) and ($3 is null or (at, id) < ($3, $4)) \
    order by at desc, id desc limit $5";
const LATEST: &str = "select max(at) from webhook_attempt where endpoint_id = $1 and kind = $2";
const INSERT_ATTEMPT: &str = "insert into webhook_attempt (id, endpoint_id, parcel_id, kind, nth, at, took_ms, status, \
    error) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const FINISH: &str = "update webhook_attempt set took_ms = $2, status = $3, error = $4 where id = $1";
const CUT: &str = "delete from webhook_attempt where endpoint_id = $1 and at < (select at from webhook_attempt \
    where endpoint_id = $1 order by at desc, id desc limit 1 offset $2)";
const SWEEP: &str = "delete from webhook_attempt where at < $1";

/// One endpoint.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct EndpointRow {
    pub(super) id: String,
    pub(super) account_id: String,
    pub(super) url: String,
    pub(super) kinds: String,
    pub(super) secret: Vec<u8>,
    pub(super) old_secret: Option<Vec<u8>>,
    pub(super) old_secret_until: Option<i64>,
    pub(super) enabled: bool,
    pub(super) failing_since: Option<i64>,
    pub(super) disabled_why: Option<String>,
    pub(super) created_by: String,
    pub(super) created_at: i64,
    pub(super) version: i64,
}

impl EndpointRow {
    pub(super) fn id(&self) -> sqlx::Result<WebhookId> {
        self.id.parse().map_err(|_| damaged("a webhook's id"))
    }

    pub(super) fn account(&self) -> sqlx::Result<AccountId> {
        self.account_id.parse().map_err(|_| damaged("a webhook's account"))
    }

    pub(super) fn view(&self, now: UnixMs) -> sqlx::Result<WebhookView> {
        Ok(WebhookView {
            id: self.id()?,
            account: self.account()?,
            url: self.url.clone(),
            kinds: self.kinds.split(' ').map(str::to_owned).collect(),
            enabled: self.enabled,
            failing_since: self.failing_since.map(UnixMs),
            disabled_why: self.disabled_why.clone(),
            old_secret_until: self.old_secret_until.filter(|until| now.0 < *until).map(UnixMs),
            created_by: self.created_by.clone(),
            created_at: UnixMs(self.created_at),
            version: self.version,
        })
    }
}

pub(super) async fn get(conn: &mut Conn, account: AccountId, id: WebhookId) -> sqlx::Result<Option<EndpointRow>> {
    on_db!(conn, |c| sqlx::query_as(GET).bind(id.to_string()).bind(account.to_string()).fetch_optional(c).await)
}

pub(super) async fn by_id(conn: &mut Conn, id: &str) -> sqlx::Result<Option<EndpointRow>> {
    on_db!(conn, |c| sqlx::query_as(BY_ID).bind(id).fetch_optional(c).await)
}

pub(super) async fn list(conn: &mut Conn, account: AccountId) -> sqlx::Result<Vec<EndpointRow>> {
    on_db!(conn, |c| sqlx::query_as(LIST).bind(account.to_string()).fetch_all(c).await)
}

pub(super) async fn insert(conn: &mut Conn, row: &EndpointRow) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(INSERT)
        .bind(&row.id)
        .bind(&row.account_id)
        .bind(&row.url)
        .bind(&row.kinds)
        .bind(&row.secret)
        .bind(row.enabled)
        .bind(&row.created_by)
        .bind(row.created_at)
        .bind(row.version)
        .execute(c)
        .await
        .map(drop))
}

pub(super) async fn save(conn: &mut Conn, row: &EndpointRow) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(SAVE)
        .bind(&row.id)
        .bind(&row.url)
        .bind(&row.kinds)
        .bind(&row.secret)
        .bind(&row.old_secret)
        .bind(row.old_secret_until)
        .bind(row.enabled)
        .bind(row.failing_since)
        .bind(&row.disabled_why)
        .bind(row.version)
        .execute(c)
        .await
        .map(drop))
}

/// Deletes an endpoint and the log of it.
pub(super) async fn delete(conn: &mut Conn, id: &str) -> sqlx::Result<()> {
    on_db!(&mut *conn, |c| sqlx::query(DELETE_ATTEMPTS).bind(id).execute(c).await.map(drop))?;
    on_db!(conn, |c| sqlx::query(DELETE).bind(id).execute(c).await.map(drop))
}

pub(super) async fn delete_all(conn: &mut Conn, account: AccountId) -> sqlx::Result<()> {
    let account = account.to_string();
    on_db!(&mut *conn, |c| sqlx::query(DELETE_ALL_ATTEMPTS).bind(&account).execute(c).await.map(drop))?;
    on_db!(conn, |c| sqlx::query(DELETE_ALL).bind(&account).execute(c).await.map(drop))
}

pub(super) async fn failed(conn: &mut Conn, id: &str, now: UnixMs) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(FAILED).bind(id).bind(now.0).execute(c).await.map(drop))
}

pub(super) async fn succeeded(conn: &mut Conn, id: &str) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(SUCCEEDED).bind(id).execute(c).await.map(drop))
}

pub(super) async fn attempts(
    conn: &mut Conn,
    endpoint: &str,
    parcel: Option<String>,
    (limit, cursor): (i64, Option<Cursor>),
) -> sqlx::Result<Vec<Attempt>> {
    let (at, id) = cursor.map_or((None, None), |cursor| (Some(cursor.at), Some(cursor.id)));
    on_db!(conn, |c| sqlx::query_as(ATTEMPTS)
        .bind(endpoint)
        .bind(parcel)
        .bind(at)
        .bind(id)
        .bind(limit)
        .fetch_all(c)
        .await)
}

/// When an endpoint was last told of something of this kind.
pub(super) async fn latest(conn: &mut Conn, endpoint: &str, kind: &str) -> sqlx::Result<Option<i64>> {
    on_db!(conn, |c| sqlx::query_scalar(LATEST).bind(endpoint).bind(kind).fetch_one(c).await)
}

/// Writes an attempt down, and drops those before the newest `keep`.
pub(super) async fn insert_attempt(conn: &mut Conn, attempt: &Attempt, keep: i64) -> sqlx::Result<()> {
    on_db!(&mut *conn, |c| sqlx::query(INSERT_ATTEMPT)
        .bind(&attempt.id)
        .bind(&attempt.endpoint_id)
        .bind(&attempt.parcel_id)
        .bind(&attempt.kind)
        .bind(attempt.nth)
        .bind(attempt.at)
        .bind(attempt.took_ms)
        .bind(attempt.status)
        .bind(&attempt.error)
        .execute(c)
        .await
        .map(drop))?;
    on_db!(conn, |c| sqlx::query(CUT).bind(&attempt.endpoint_id).bind(keep).execute(c).await.map(drop))
}

pub(super) async fn finish_attempt(conn: &mut Conn, attempt: &Attempt) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(FINISH)
        .bind(&attempt.id)
        .bind(attempt.took_ms)
        .bind(attempt.status)
        .bind(&attempt.error)
        .execute(c)
        .await
        .map(drop))
}

pub(super) async fn sweep(conn: &mut Conn, before: UnixMs) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(SWEEP).bind(before.0).execute(c).await.map(drop))
}
