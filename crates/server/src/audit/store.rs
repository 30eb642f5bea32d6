//! The SQL that reads the audit and cuts its beginning off; `changes` writes it.

use keyward_core::ids::AccountId;
use keyward_core::time::UnixMs;
use sqlx::QueryBuilder;

use super::chain::Link;
use super::{AuditFilter, AuditView};
use crate::db::Conn;
use crate::on_db;
use crate::operation::damaged;
use crate::vault::hex;

const LIST: &str = "select seq, epoch, place, at, actor, origin, action, subject, account_id, before, after, mac \
    from audit_event where true";
const CHECKPOINT: &str = "select seq, mac, at, signature from audit_checkpoint where one = 1";
const SET_CHECKPOINT: &str = "insert into audit_checkpoint (one, seq, mac, at, signature) values (1, $1, $2, $3, $4) \
    on conflict (one) do update set seq = excluded.seq, mac = excluded.mac, at = excluded.at, \
    signature = excluded.signature";
const CUT: &str = "delete from audit_event where seq <= $1";
const FACT: &str = "select value from fact where name = $1";
const SET_FACT: &str =
    "insert into fact (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value";

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct AuditRow {
    pub(super) seq: i64,
    pub(super) epoch: i64,
    pub(super) place: i64,
    pub(super) at: i64,
    pub(super) actor: String,
    pub(super) origin: Option<String>,
    pub(super) action: String,
    pub(super) subject: String,
    pub(super) account_id: Option<String>,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    pub(super) mac: Vec<u8>,
}

impl AuditRow {
    /// Where it stands: its change, and its place among that change's events.
    pub(super) fn stood(&self) -> (i64, i64) {
        (self.epoch, self.place)
    }

    /// What its hash covers.
    pub(super) fn link(&self) -> Link<'_> {
        Link {
            seq: self.seq,
            epoch: self.epoch,
            place: self.place,
            at: self.at,
            actor: &self.actor,
            origin: self.origin.as_deref(),
            action: &self.action,
            subject: &self.subject,
            account_id: self.account_id.as_deref(),
            before: self.before.as_deref(),
            after: self.after.as_deref(),
        }
    }

    pub(super) fn view(self) -> sqlx::Result<AuditView> {
        let account = self.account_id.as_deref().map(str::parse).transpose();
        let parsed = |text: Option<String>| {
            let value = text.map(|text| serde_json::from_str(&text)).transpose();
            value.map_err(|_| damaged("an audit event"))
        };
        Ok(AuditView {
            seq: self.seq,
            epoch: self.epoch,
            place: self.place,
            at: UnixMs(self.at),
            actor: self.actor,
            origin: self.origin,
            action: self.action,
            subject: self.subject,
            account: account.map_err(|_| damaged("an audit event's account"))?,
            before: parsed(self.before)?,
            after: parsed(self.after)?,
            mac: hex(&self.mac),
        })
    }
}

/// What retention has left of the beginning.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Checkpoint {
    /// The last event that was cut off.
    pub(super) seq: i64,
    pub(super) mac: Vec<u8>,
    pub(super) at: i64,
    pub(super) signature: Vec<u8>,
}

impl Checkpoint {
    /// What is signed.
    pub(super) fn text(&self, history: &str) -> String {
        format!("keyward audit checkpoint 1\n{history}\n{}\n{}\n{}\n", self.seq, self.at, hex(&self.mac))
    }
}

/// Which part of the audit, in which order.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    /// The newest, before this event.
    Before(i64),
    /// The oldest, from this event up to that one.
    From(i64, i64),
}

pub(super) async fn list(
    conn: &mut Conn,
    within: Option<AccountId>,
    filter: &AuditFilter,
    part: Part,
    limit: i64,
) -> sqlx::Result<Vec<AuditRow>> {
    on_db!(conn, |c| {
        let mut sql = QueryBuilder::new(LIST);
        let texts = [
            (" and account_id = ", within.map(|id| id.to_string())),
            (" and account_id = ", filter.account.map(|id| id.to_string())),
            (" and subject = ", filter.subject.clone()),
            (" and actor = ", filter.actor.clone()),
            (" and action = ", filter.action.clone()),
        ];
        for (condition, text) in texts.into_iter().filter_map(|(condition, text)| Some((condition, text?))) {
            sql.push(condition).push_bind(text);
        }
        let instants = [(" and at >= ", filter.since), (" and at < ", filter.until)];
        for (condition, at) in instants.into_iter().filter_map(|(condition, at)| Some((condition, at?))) {
            sql.push(condition).push_bind(at.0);
        }
        match part {
            Part::Before(seq) => sql.push(" and seq < ").push_bind(seq).push(" order by seq desc"),
            Part::From(seq, last) => {
                sql.push(" and seq >= ").push_bind(seq).push(" and seq <= ").push_bind(last).push(" order by seq")
            }
        };
        sql.push(" limit ").push_bind(limit);
        sql.build_query_as().fetch_all(c).await
    })
}

pub(super) async fn checkpoint(conn: &mut Conn) -> sqlx::Result<Option<Checkpoint>> {
    on_db!(conn, |c| sqlx::query_as(CHECKPOINT).fetch_optional(c).await)
}

pub(super) async fn set_checkpoint(conn: &mut Conn, checkpoint: &Checkpoint) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(SET_CHECKPOINT)
        .bind(checkpoint.seq)
        .bind(&checkpoint.mac)
        .bind(checkpoint.at)
        .bind(&checkpoint.signature)
        .execute(c)
        .await
        .map(drop))
}

pub(super) async fn cut(conn: &mut Conn, until: i64) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(CUT).bind(until).execute(c).await.map(drop))
}

pub(super) async fn fact(conn: &mut Conn, name: &str) -> sqlx::Result<Option<String>> {
    on_db!(conn, |c| sqlx::query_scalar(FACT).bind(name).fetch_optional(c).await)
}

pub(super) async fn set_fact(conn: &mut Conn, name: &str, value: &str) -> sqlx::Result<()> {
    on_db!(conn, |c| sqlx::query(SET_FACT).bind(name).bind(value).execute(c).await.map(drop))
}
