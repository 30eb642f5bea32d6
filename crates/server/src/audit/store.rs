//! The SQL that reads the audit; `changes` writes it.

use keyward_core::ids::AccountId;
use keyward_core::time::UnixMs;
use sqlx::QueryBuilder;

use super::{AuditFilter, AuditView};
use crate::db::Conn;
use crate::on_db;
use crate::operation::{Cursor, damaged};

const LIST: &str = "select epoch, place, at, actor, origin, action, subject, account_id, before, after \
    from audit_event where true";

/// One row.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct AuditRow {
    epoch: i64,
    place: i64,
    at: i64,
    actor: String,
    origin: Option<String>,
    action: String,
    subject: String,
    account_id: Option<String>,
    before: Option<String>,
    after: Option<String>,
}

impl AuditRow {
    pub(super) fn view(self) -> sqlx::Result<AuditView> {
        let account = self.account_id.as_deref().map(str::parse).transpose();
        let parsed = |text: Option<String>| {
            let value = text.map(|text| serde_json::from_str(&text)).transpose();
            value.map_err(|_| damaged("an audit event"))
        };
        Ok(AuditView {
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
        })
    }
}

pub(super) async fn list(
    conn: &mut Conn,
    within: Option<AccountId>,
    filter: &AuditFilter,
    (limit, cursor): (i64, Option<Cursor>),
) -> sqlx::Result<Vec<AuditRow>> {
    let place = cursor.as_ref().and_then(|cursor| cursor.id.parse::<i64>().ok()).unwrap_or_default();
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
        if let Some(cursor) = &cursor {
            sql.push(" and (epoch, place) < (").push_bind(cursor.at).push(", ").push_bind(place).push(")");
        }
        sql.push(" order by epoch desc, place desc limit ").push_bind(limit);
        sql.build_query_as().fetch_all(c).await
    })
}
