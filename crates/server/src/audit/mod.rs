//! The audit: who changed what. Each event is written in the same transaction as its change (promise P5) and is
//! never altered.

mod routes;
mod store;

use keyward_core::ids::AccountId;
use keyward_core::time::UnixMs;
use serde_json::{Map, Value};

use crate::app::App;
use crate::changes::Reach;
use crate::operation::{Cursor, OpError, Page, Paged};
use store::AuditRow;

pub use routes::routes;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditView {
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
}

/// Events, newest first. An account sees its own.
pub async fn list(app: &App, reach: Reach, filter: AuditFilter, page: Page) -> Result<Paged<AuditView>, OpError> {
    let fetch = page.fetch()?;
    let AuditFilter { subject, actor, action, .. } = &filter;
    // No stored text holds a NUL, and PostgreSQL refuses to compare with one.
    if [subject, actor, action].into_iter().flatten().any(|text| text.contains('\0')) {
        return Ok(Paged { items: vec![], next_cursor: None });
    }
    let within = match reach {
        Reach::All => None,
        Reach::Account(id) => Some(id),
    };
    let rows = store::list(&mut app.db.conn().await?, within, &filter, fetch).await?;
    let views = rows.into_iter().map(AuditRow::view).collect::<sqlx::Result<Vec<_>>>()?;
    Ok(page.cut(views, |view| Cursor { at: view.epoch, id: view.place.to_string() }))
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
