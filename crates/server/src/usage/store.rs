//! The SQL of usage.

use std::collections::HashMap;

use keyward_core::ids::AccountId;
use keyward_core::time::{DAY_MS, HOUR_MS, MINUTE_MS, UnixMs};
use sqlx::QueryBuilder;

use super::cells::Cells;
use super::day::KeyDay;
use super::group::{BucketNews, EVER, KeyNews, News};
use crate::config::UsageSettings;
use crate::db::Conn;
use crate::logs::Incarnation;
use crate::on_db;

const BEGIN: &str = "insert into flush (incarnation, seq) values ($1, 0) on conflict (incarnation) do nothing";
const ADVANCE: &str =
    "update flush set seq = $4, upto = $5, done = $6 where incarnation = $1 and seq = $2 and done = $3";
const FLUSHED: &str = "select seq, upto, done from flush where incarnation = $1";

// A row is made or locked first, and tells what it holds; what is new is added to that and written back. Nobody else
// can add to it in between.
const LOCK_BUCKETS: &str = "insert into usage_bucket (subject, grain, at, route, api, requests, cells) ";
const LOCKED_BUCKETS: &str = " on conflict (subject, grain, at, route) \
    do update set requests = usage_bucket.requests + excluded.requests returning subject, grain, at, route, cells";
const SET_BUCKETS: &str = " on conflict (subject, grain, at, route) do update set cells = excluded.cells";
const LOCK_KEYS: &str = "insert into usage_key \
    (key_id, day, account_id, api, requests, refused, first_at, last_at, detail) ";
const LOCKED_KEYS: &str = " on conflict (key_id, day) do update set requests = usage_key.requests + excluded.requests, \
    refused = usage_key.refused + excluded.refused, \
    first_at = case when excluded.first_at >= usage_key.first_at or excluded.first_at is null \
        then usage_key.first_at else excluded.first_at end, \
    last_at = case when excluded.last_at <= usage_key.last_at or excluded.last_at is null \
        then usage_key.last_at else excluded.last_at end \
    returning key_id, day, detail";
const SET_KEYS: &str = " on conflict (key_id, day) do update set detail = excluded.detail";

const BUCKETS: &str = "select at, cells from usage_bucket where grain = $1 and at >= $2 and at < $3 and route = $4 \
    and subject = $5 order by at";
const REQUESTS: &str = "select cast(coalesce(sum(requests), 0) as bigint) from usage_bucket where grain = $1 \
    and at >= $2 and at < $3 and route = $4 and subject = $5";
const ROUTES: &str = "select route, cells from usage_bucket where subject = $1 and grain = $2 and at >= $3 and at < $4 \
    and route <> '*'";
const KEY_COLUMNS: &str = "select key_id, day, requests, refused, first_at, last_at, detail from usage_key ";
const OF_ACCOUNT: &str = "select key_id, day, requests, refused, first_at, last_at, detail \
    from usage_key where account_id = $1 and day >= $2 and day < $3 order by key_id, day limit $4";
const TOP_KEYS: &str = "select key_id, cast(sum(requests) as bigint), cast(sum(refused) as bigint) from usage_key \
    where day >= $1 and day < $2 and ($3 is null or account_id = $3) and ($4 is null or api = $4) \
    group by key_id order by 2 desc, key_id limit $5";
const TOP_ACCOUNTS: &str = "select subject, cast(sum(requests) as bigint) from usage_bucket \
    where grain = $1 and at >= $2 and at < $3 and route = '*' and subject not like 'api:%' and ($4 is null or api = $4) \
    group by subject order by 2 desc, subject limit $5";

const SWEEP_BUCKETS: &str = "delete from usage_bucket where (subject, grain, at, route) in \
    (select subject, grain, at, route from usage_bucket where grain = $1 and at < $2 limit $3)";
const SWEEP_KEYS: &str = "delete from usage_key where (key_id, day) in \
    (select key_id, day from usage_key where day > -1 and day < $1 limit $2)";
const SWEEP_EVER: &str = "delete from usage_key where (key_id, day) in \
    (select u.key_id, u.day from usage_key u where u.day = -1 and u.last_at < $1 \
     and not exists (select 1 from api_key k where k.id = u.key_id) limit $2)";
const FORGET_BUCKETS: &str = "delete from usage_bucket where subject = $1";
const FORGET_KEYS: &str = "delete from usage_key where account_id = $1";

/// Rows that one deletion takes at most, and how many deletions follow each other.
const SWEPT: i64 = 1_000;
const SWEEPS_MAX: usize = 20;

/// How far the counting of an incarnation's batches has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Flushed {
    /// The last batch that is counted whole.
    pub(super) seq: u64,
    /// Up to which batch rows are being stored, where some are.
    pub(super) upto: u64,
    /// How many of those rows are stored.
    pub(super) done: u64,
}

/// A key's row.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct KeyRow {
    pub(super) key_id: String,
    pub(super) day: i64,
    pub(super) requests: i64,
    pub(super) refused: i64,
    pub(super) first_at: Option<i64>,
    pub(super) last_at: Option<i64>,
    pub(super) detail: Vec<u8>,
}

/// Which stretch of time, and of what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch<'a> {
    pub(super) subject: &'a str,
    pub(super) route: &'a str,
    pub(super) grain: i64,
    pub(super) from: i64,
    pub(super) to: i64,
}

pub(super) async fn flushed(conn: &mut Conn, incarnation: Incarnation) -> sqlx::Result<Flushed> {
    let row: Option<(i64, i64, i64)> =
        on_db!(conn, |c| sqlx::query_as(FLUSHED).bind(incarnation.to_string()).fetch_optional(c).await)?;
    let flushed = |(seq, upto, done)| Flushed { seq: seq as u64, upto: upto as u64, done: done as u64 };
    Ok(row.map(flushed).unwrap_or_default())
}

/// Stores some rows and moves on from `at` to `next`, in one transaction. After an error nobody knows whether it was
/// committed: [`flushed`] tells.
pub(super) async fn put(
    conn: &mut Conn,
    incarnation: Incarnation,
    at: &Flushed,
    next: &Flushed,
    news: &[News],
) -> sqlx::Result<()> {
    conn.begin_write().await?;
    let incarnation = incarnation.to_string();
    on_db!(&mut *conn, |c| sqlx::query(BEGIN).bind(&incarnation).execute(c).await.map(drop))?;
    let moved = on_db!(&mut *conn, |c| {
        let sql = sqlx::query(ADVANCE).bind(&incarnation).bind(at.seq as i64).bind(at.done as i64);
        let sql = sql.bind(next.seq as i64).bind(next.upto as i64).bind(next.done as i64);
        sql.execute(c).await.map(|done| done.rows_affected())
    })?;
    if moved != 1 {
        return Err(sqlx::Error::Protocol(format!("somebody else counts the batches of {incarnation}")));
    }
    let (mut buckets, mut keys) = (Vec::new(), Vec::new());
    for one in news {
        match one {
            News::Bucket(bucket) => buckets.push(bucket),
            News::Key(key) => keys.push(&**key),
        }
    }
    add_buckets(conn, &buckets).await?;
    add_keys(conn, &keys).await?;
    conn.run("COMMIT").await
}

async fn add_buckets(conn: &mut Conn, news: &[&BucketNews]) -> sqlx::Result<()> {
    if news.is_empty() {
        return Ok(());
    }
    let rows: Vec<(String, i64, i64, String, Vec<u8>)> = on_db!(&mut *conn, |c| {
        let mut sql = QueryBuilder::new(LOCK_BUCKETS);
        sql.push_values(news, |mut row, one| {
            row.push_bind(&one.subject).push_bind(one.grain).push_bind(one.at).push_bind(&one.route);
            row.push_bind(&one.api).push_bind(one.cells.requests() as i64).push_bind(&b""[..]);
        });
        sql.push(LOCKED_BUCKETS);
        sql.build_query_as().persistent(false).fetch_all(c).await
    })?;
    let mut held: HashMap<_, _> =
        rows.into_iter().map(|(subject, grain, at, route, cells)| ((subject, grain, at, route), cells)).collect();
    let mut sums = Vec::with_capacity(news.len());
    for one in news {
        let name = (one.subject.clone(), one.grain, one.at, one.route.clone());
        let mut cells = Cells::read(&held.remove(&name).unwrap_or_default()).unwrap_or_else(|| {
            tracing::error!(?name, "what was counted in a bucket can't be read; it begins anew");
            Cells::default()
        });
        cells.merge(&one.cells);
        sums.push(cells.write());
    }
    on_db!(conn, |c| {
        let mut sql = QueryBuilder::new(LOCK_BUCKETS);
        sql.push_values(news.iter().zip(&sums), |mut row, (one, cells)| {
            row.push_bind(&one.subject).push_bind(one.grain).push_bind(one.at).push_bind(&one.route);
            row.push_bind(&one.api).push_bind(0_i64).push_bind(&cells[..]);
        });
        sql.push(SET_BUCKETS);
        sql.build().persistent(false).execute(c).await.map(drop)
    })
}

async fn add_keys(conn: &mut Conn, news: &[&KeyNews]) -> sqlx::Result<()> {
    if news.is_empty() {
        return Ok(());
    }
    let rows: Vec<(String, i64, Vec<u8>)> = on_db!(&mut *conn, |c| {
        let mut sql = QueryBuilder::new(LOCK_KEYS);
        sql.push_values(news, |mut row, one| {
            row.push_bind(&one.key).push_bind(one.day).push_bind(&one.account).push_bind(&one.api);
            row.push_bind(one.requests as i64).push_bind(one.refused as i64);
            row.push_bind(one.accepted.map(|(first, _)| first)).push_bind(one.accepted.map(|(_, last)| last));
            row.push_bind(&b""[..]);
        });
        sql.push(LOCKED_KEYS);
        sql.build_query_as().persistent(false).fetch_all(c).await
    })?;
    let mut held: HashMap<_, _> = rows.into_iter().map(|(key, day, detail)| ((key, day), detail)).collect();
    let mut sums = Vec::with_capacity(news.len());
    for one in news {
        let name = (one.key.clone(), one.day);
        let mut detail = KeyDay::read(&held.remove(&name).unwrap_or_default()).unwrap_or_else(|| {
            tracing::error!(?name, "what was counted of a key can't be read; it begins anew");
            KeyDay::default()
        });
        detail.merge(&one.detail);
        sums.push(detail.write());
    }
    on_db!(conn, |c| {
        let mut sql = QueryBuilder::new(LOCK_KEYS);
        sql.push_values(news.iter().zip(&sums), |mut row, (one, detail)| {
            row.push_bind(&one.key).push_bind(one.day).push_bind(&one.account).push_bind(&one.api);
            row.push_bind(0_i64).push_bind(0_i64).push_bind(None::<i64>).push_bind(None::<i64>);
            row.push_bind(&detail[..]);
        });
        sql.push(SET_KEYS);
        sql.build().persistent(false).execute(c).await.map(drop)
    })
}

/// When each bucket of a stretch begins, and what it holds.
pub(super) async fn buckets(conn: &mut Conn, of: Stretch<'_>) -> sqlx::Result<Vec<(i64, Vec<u8>)>> {
    on_db!(conn, |c| sqlx::query_as(BUCKETS)
        .bind(of.grain)
        .bind(of.from)
        .bind(of.to)
        .bind(of.route)
        .bind(of.subject)
        .fetch_all(c)
        .await)
}

/// How many requests the buckets of a stretch hold.
pub(super) async fn requests(conn: &mut Conn, of: Stretch<'_>) -> sqlx::Result<u64> {
    let sum: i64 = on_db!(conn, |c| sqlx::query_scalar(REQUESTS)
        .bind(of.grain)
        .bind(of.from)
        .bind(of.to)
        .bind(of.route)
        .bind(of.subject)
        .fetch_one(c)
        .await)?;
    Ok(sum as u64)
}

/// The routes of a subject on whole days, with what each day holds.
pub(super) async fn routes(conn: &mut Conn, subject: &str, from: i64, to: i64) -> sqlx::Result<Vec<(String, Vec<u8>)>> {
    on_db!(conn, |c| sqlx::query_as(ROUTES).bind(subject).bind(DAY_MS).bind(from).bind(to).fetch_all(c).await)
}

/// The rows of these keys on whole days, or of their whole lives.
pub(super) async fn keys(conn: &mut Conn, keys: &[String], from: i64, to: i64) -> sqlx::Result<Vec<KeyRow>> {
    if keys.is_empty() {
        return Ok(vec![]);
    }
    on_db!(conn, |c| {
        let mut sql = QueryBuilder::new(KEY_COLUMNS);
        sql.push("where day >= ").push_bind(from).push(" and day < ").push_bind(to).push(" and key_id in (");
        let mut list = sql.separated(", ");
        for key in keys {
            list.push_bind(key);
        }
        sql.push(") order by key_id, day");
        sql.build_query_as().persistent(keys.len() == 1).fetch_all(c).await
    })
}

/// The rows of an account's keys, at most `limit`.
pub(super) async fn of_account(
    conn: &mut Conn,
    account: AccountId,
    (from, to): (i64, i64),
    limit: i64,
) -> sqlx::Result<Vec<KeyRow>> {
    on_db!(conn, |c| sqlx::query_as(OF_ACCOUNT)
        .bind(account.to_string())
        .bind(from)
        .bind(to)
        .bind(limit)
        .fetch_all(c)
        .await)
}

/// The keys with the most requests: how many, and how many of them were refused.
pub(super) async fn top_keys(
    conn: &mut Conn,
    (from, to): (i64, i64),
    account: Option<AccountId>,
    api: Option<&str>,
    limit: i64,
) -> sqlx::Result<Vec<(String, i64, i64)>> {
    let account = account.map(|id| id.to_string());
    on_db!(conn, |c| sqlx::query_as(TOP_KEYS)
        .bind(from)
        .bind(to)
        .bind(&account)
        .bind(api)
        .bind(limit)
        .fetch_all(c)
        .await)
}

/// The accounts with the most requests.
pub(super) async fn top_accounts(
    conn: &mut Conn,
    (from, to): (i64, i64),
    api: Option<&str>,
    limit: i64,
) -> sqlx::Result<Vec<(String, i64)>> {
    on_db!(conn, |c| sqlx::query_as(TOP_ACCOUNTS)
        .bind(DAY_MS)
        .bind(from)
        .bind(to)
        .bind(api)
        .bind(limit)
        .fetch_all(c)
        .await)
}

/// Forgets what is too old, a bounded part of it at a time.
pub(super) async fn sweep(conn: &mut Conn, kept: &UsageSettings, now: UnixMs) -> sqlx::Result<()> {
    let before = |days: u32| now.0 - i64::from(days) * DAY_MS;
    for (grain, days) in [(MINUTE_MS, kept.minutes_days), (HOUR_MS, kept.hours_days), (DAY_MS, kept.days_days)] {
        for _ in 0..SWEEPS_MAX {
            let gone = on_db!(&mut *conn, |c| sqlx::query(SWEEP_BUCKETS)
                .bind(grain)
                .bind(before(days))
                .bind(SWEPT)
                .execute(c)
                .await
                .map(|done| done.rows_affected()))?;
            if gone < SWEPT as u64 {
                break;
            }
        }
    }
    for (sql, days) in [(SWEEP_KEYS, kept.keys_days), (SWEEP_EVER, kept.days_days)] {
        for _ in 0..SWEEPS_MAX {
            let gone = on_db!(&mut *conn, |c| sqlx::query(sql)
                .bind(before(days))
                .bind(SWEPT)
                .execute(c)
                .await
                .map(|done| done.rows_affected()))?;
            if gone < SWEPT as u64 {
                break;
            }
        }
    }
    Ok(())
}

/// Forgets everything of an account.
pub(super) async fn forget(conn: &mut Conn, account: AccountId) -> sqlx::Result<()> {
    for sql in [FORGET_BUCKETS, FORGET_KEYS] {
        on_db!(&mut *conn, |c| sqlx::query(sql).bind(account.to_string()).execute(c).await.map(drop))?;
    }
    Ok(())
}

/// The stretch of days that holds only the row of a key's whole life.
pub(super) const LIFE: (i64, i64) = (EVER, EVER + 1);
