//! The audit as a file: all of it, oldest first, a piece at a time.

use keyward_core::ids::AccountId;

use super::store::{self, AuditRow, Part};
use super::{AuditFilter, AuditView};
use crate::app::App;
use crate::changes::{self, Reach};
use crate::operation::OpError;

/// Events that are in memory at once.
const AT_ONCE: i64 = 500;

/// An export under way: what was there when it began.
#[derive(Debug)]
pub struct Export {
    app: App,
    within: Option<AccountId>,
    filter: AuditFilter,
    next: i64,
    last: i64,
}

/// Begins an export. An account sees its own events.
pub async fn export(app: &App, reach: Reach, filter: AuditFilter) -> Result<Export, OpError> {
    let head = changes::head(&mut app.db.conn().await?).await?;
    let last = if filter.matches_nothing() { 0 } else { head.map_or(0, |head| head.audit_seq) };
    Ok(Export { app: app.clone(), within: reach.within(), filter, next: 1, last })
}

impl Export {
    /// The next events; none at the end.
    pub async fn piece(&mut self) -> Result<Vec<AuditView>, OpError> {
        if self.next > self.last {
            return Ok(Vec::new());
        }
        let part = Part::From(self.next, self.last);
        let mut conn = self.app.db.conn().await?;
        let rows = store::list(&mut conn, self.within, &self.filter, part, AT_ONCE).await?;
        self.next = rows.last().map_or(i64::MAX, |row| row.seq.saturating_add(1));
        Ok(rows.into_iter().map(AuditRow::view).collect::<sqlx::Result<_>>()?)
    }
}
