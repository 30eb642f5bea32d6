//! The audit: who changed what. Each event is written in the same transaction as its change (promise P5) and is
//! never altered: a chain of keyed hashes shows it if somebody does, and signed heads kept elsewhere show it even of
//! somebody who has the keys.

mod chain;
mod diff;
mod export;
mod heads;
mod loads;
mod retention;
mod routes;
mod store;
mod verify;

use keyward_core::ids::AccountId;
use keyward_core::time::UnixMs;
use serde_json::{Map, Value};

use crate::app::App;
use crate::changes::{self, Reach};
use crate::db::Db;
use crate::operation::{Cursor, OpError, Page, Paged};
use crate::vault::Vault;
use store::{AuditRow, Part};
use verify::Verifier;

pub(crate) use chain::{Link, is_sealed, seal};
pub use export::{Export, export};
pub use heads::{Heads, Keeper, Keeping, SignedHead, Tally};
pub use loads::note_config;
pub use retention::retain;
pub use routes::routes;
pub use verify::{Finding, Report};

/// What the program writes down when it finds the head altered by somebody else.
pub(crate) const BROKEN: &str = "audit.broken";
/// Events that are read at once while the chain is gone through.
const VERIFIED_AT_ONCE: i64 = 1_000;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditView {
    /// Its number: they follow each other without gaps.
    pub seq: i64,
    /// The epoch of its change.
    pub epoch: i64,
    /// Its place among that change's events.
    pub place: i64,
    /// When.
    pub at: UnixMs,
    /// Who, such as `management_key:mk_…`.
    pub actor: String,
    /// The address the request came from.
    pub origin: Option<String>,
    /// What was done, such as `key.revoked`.
    pub action: String,
    /// To what.
    pub subject: String,
    /// The account it belongs to.
    pub account: Option<AccountId>,
    /// How it was, as far as it changed.
    pub before: Option<Value>,
    /// How it is since.
    pub after: Option<Value>,
    /// Its keyed hash, hexadecimal.
    pub mac: String,
}

/// Which events to list; all given conditions hold at once.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Of this account.
    pub account: Option<AccountId>,
    /// Of this object.
    pub subject: Option<String>,
    /// By this actor.
    pub actor: Option<String>,
    /// Of this kind.
    pub action: Option<String>,
    /// Not made before this instant.
    pub since: Option<UnixMs>,
    /// Made before this instant.
    pub until: Option<UnixMs>,
}

impl AuditFilter {
    /// No stored text holds a NUL, and PostgreSQL refuses to compare with one.
    fn matches_nothing(&self) -> bool {
        [&self.subject, &self.actor, &self.action].into_iter().flatten().any(|text| text.contains('\0'))
    }
}

/// Events, newest first. An account sees its own.
pub async fn list(app: &App, reach: Reach, filter: AuditFilter, page: Page) -> Result<Paged<AuditView>, OpError> {
    let fetch = page.fetch()?;
    if filter.matches_nothing() {
        return Ok(Paged { items: vec![], next_cursor: None });
    }
    let (limit, cursor) = fetch;
    let part = Part::Before(cursor.map_or(i64::MAX, |cursor| cursor.at));
    let rows = store::list(&mut app.db.conn().await?, reach.within(), &filter, part, limit).await?;
    let views = rows.into_iter().map(AuditRow::view).collect::<sqlx::Result<Vec<_>>>()?;
    Ok(page.cut(views, |view| Cursor { at: view.seq, id: "event".into() }))
}

/// Signs where the chain ends now.
pub async fn signed_head(app: &App) -> Result<SignedHead, OpError> {
    heads::sign(app).await
}

/// Goes through the whole chain, as it stands at one instant, and compares it with signed heads.
pub async fn verify(db: &Db, vault: &Vault, heads: Heads) -> sqlx::Result<Report> {
    let mut conn = db.conn().await?;
    conn.begin_read().await?;
    let head = changes::head(&mut conn).await?;
    let mut verifier = Verifier::new(vault.audit(), head, store::checkpoint(&mut conn).await?, heads);
    let mut next = i64::MIN;
    loop {
        let part = Part::From(next, i64::MAX);
        let rows = match store::list(&mut conn, None, &AuditFilter::default(), part, VERIFIED_AT_ONCE).await {
            Ok(rows) => rows,
            Err(sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_)) => {
                verifier.unreadable();
                break;
            }
            Err(error) => return Err(error),
        };
        for row in &rows {
            verifier.event(row);
        }
        let Some(after) = rows.last().and_then(|row| row.seq.checked_add(1)) else { break };
        next = after;
    }
    conn.run("ROLLBACK").await?;
    Ok(verifier.end())
}

/// Of two objects the members that differ.
pub(crate) fn differences(before: Value, after: Value) -> (Value, Value) {
    let (Value::Object(before), Value::Object(after)) = (&before, &after) else { return (before, after) };
    let only = |these: &Map<String, Value>, those: &Map<String, Value>| -> Value {
        let differs = |(name, value): &(&String, &Value)| those.get(*name) != Some(*value);
        these.iter().filter(differs).map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>().into()
    };
    (only(before, after), only(after, before))
}

#[cfg(test)]
mod tests {
    use super::differences;
    use serde_json::json;

    #[test]
    fn only_what_differs_is_kept() {
        let (was, is) = differences(json!({"a": 1, "b": 2, "c": null}), json!({"a": 1, "b": 3, "c": [0]}));
        assert_eq!((was, is), (json!({"b": 2, "c": null}), json!({"b": 3, "c": [0]})));
    }
}
