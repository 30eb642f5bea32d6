//! The SQL of changes: the head row, the change table, audit rows.

use keyward_core::time::UnixMs;

use super::tx::Touched;
use crate::audit::{self, Link};
use crate::db::Conn;
use crate::on_db;
use crate::vault::AuditKey;

const HEAD: &str = "select epoch, hash, history, floor, at, audit_seq, audit_mac, audit_seal from head where one = 1";
const FIRST_HEAD: &str = "insert into head (one, epoch, hash, history, floor, at, audit_seq, audit_mac, audit_seal) \
    values (1, 0, '', $1, 0, $2, 0, $3, $3) on conflict do nothing";
// The head is the last lock that a change takes: epochs have no gaps and follow the order of commits.
const TAKE_EPOCHS: &str = "update head set epoch = epoch + $1, at = $2 where one = 1 \
    returning epoch, hash, history, floor, at, audit_seq, audit_mac, audit_seal";
const SET_HEAD: &str = "update head set hash = $1, audit_seq = $2, audit_mac = $3, audit_seal = $4 where one = 1";
const SEAL_FIRST: &str =
    "update head set audit_seal = $1 where one = 1 and epoch = 0 and audit_seq = 0 and length(audit_seal) = 0";
const LAST_EVENT: &str = "select seq, mac from audit_event order by seq desc limit 1";
const CHANGE: &str = "insert into change (epoch, place, hash, kind, subject, at) values ($1, $2, $3, $4, $5, $6)";
const EVENT: &str = "insert into audit_event \
    (seq, epoch, place, at, actor, origin, action, subject, account_id, before, after, mac) \
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
const LOCK_HEAD: &str = "update head set at = at where one = 1";
const RAISE_HIGH_WATER: &str = "update head set at = $1 where one = 1 and at < $1";
const HASH_OF: &str = "select hash from change where epoch = $1 and place = 0";

/// The single row that gives epochs.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Head {
    /// The number of changes so far.
    pub epoch: i64,
    /// Chains them: a store with another past has another hash at the same epoch.
    pub hash: String,
    /// Names this store's past.
    pub history: String,
    /// Changes up to here are no longer listed one by one.
    pub floor: i64,
    /// When the last one was made.
    pub at: i64,
    /// The last event of the audit.
    pub audit_seq: i64,
    /// Its hash.
    pub audit_mac: Vec<u8>,
    /// Says that these are ours.
    pub audit_seal: Vec<u8>,
}

/// Reads the head; `None` before the first start.
pub async fn head(conn: &mut Conn) -> sqlx::Result<Option<Head>> {
    on_db!(conn, |c| sqlx::query_as(HEAD).fetch_optional(c).await)
}

/// Makes the head of a new store.
pub(crate) async fn make_head(conn: &mut Conn, history: &str, now: UnixMs) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(FIRST_HEAD)
        .bind(history)
        .bind(now.0)
        .bind(&[][..] as &[u8])
        .execute(c)
        .await
        .map(drop))
}

pub(super) async fn take_epochs(conn: &mut Conn, count: i64, now: UnixMs) -> sqlx::Result<Head> {
    on_db!(conn, |c| sqlx::query_as(TAKE_EPOCHS).bind(count).bind(now.0).fetch_one(c).await)
}

pub(super) async fn set_head(conn: &mut Conn, head: &Head) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(SET_HEAD)
        .bind(&head.hash)
        .bind(head.audit_seq)
        .bind(&head.audit_mac)
        .bind(&head.audit_seal)
        .execute(c)
        .await
        .map(drop))
}

/// Seals the head of a store that nothing was written to yet.
pub(crate) async fn seal_first(conn: &mut Conn, key: &AuditKey) -> sqlx::Result<()> {
    let Some(head) = head(conn).await? else { return Ok(()) };
    let seal = audit::seal(key, &head).to_vec();
    on_db!(conn, |c| sqlx::query(SEAL_FIRST).bind(seal).execute(c).await.map(drop))
}

/// The last event that is there, and its hash.
pub(super) async fn last_event(conn: &mut Conn) -> sqlx::Result<Option<(i64, Vec<u8>)>> {
    on_db!(conn, |c| sqlx::query_as(LAST_EVENT).fetch_optional(c).await)
}

pub(super) async fn hash_of(conn: &mut Conn, epoch: i64) -> sqlx::Result<Option<String>> {
    on_db!(conn, |c| sqlx::query_scalar(HASH_OF).bind(epoch).fetch_optional(c).await)
}

pub(super) struct Place<'a> {
    pub(super) epoch: i64,
    pub(super) nth: i64,
    pub(super) hash: &'a str,
    pub(super) now: UnixMs,
}

pub(super) async fn add_change(conn: &mut Conn, at: &Place<'_>, kind: Touched, subject: &str) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(CHANGE)
        .bind(at.epoch)
        .bind(at.nth)
        .bind(at.hash)
        .bind(kind.as_str())
        .bind(subject)
        .bind(at.now.0)
        .execute(c)
        .await
        .map(drop))
}

pub(super) async fn add_event(conn: &mut Conn, link: &Link<'_>, mac: &[u8]) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(EVENT)
        .bind(link.seq)
        .bind(link.epoch)
        .bind(link.place)
        .bind(link.at)
        .bind(link.actor)
        .bind(link.origin)
        .bind(link.action)
        .bind(link.subject)
        .bind(link.account_id)
        .bind(link.before)
        .bind(link.after)
        .bind(mac)
        .execute(c)
        .await
        .map(drop))
}

/// Waits for whatever holds the head's lock, and takes it.
pub(super) async fn lock_head(conn: &mut Conn) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(LOCK_HEAD).execute(c).await.map(drop))
}

/// Remembers that it is as late as this: a clock set back while the program is stopped revives no expired key
/// (threat T16).
pub(crate) async fn raise_high_water(conn: &mut Conn, now: UnixMs) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(RAISE_HIGH_WATER).bind(now.0).execute(c).await.map(drop))
}
