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

/// A line of comma-separated values. A cell that a spreadsheet would take for a formula begins with an apostrophe
/// (threat T15).
pub(super) fn csv(cells: &[&str]) -> String {
    let mut line = String::new();
    for (place, cell) in cells.iter().enumerate() {
        if place > 0 {
            line.push(',');
        }
        let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
        if is_formula || cell.contains([',', '"', '\r', '\n']) {
            line.push('"');
            line.push_str(if is_formula { "'" } else { "" });
            line.push_str(&cell.replace('"', "\"\""));
            line.push('"');
        } else {
            line.push_str(cell);
        }
    }
    line.push_str("\r\n");
    line
}

#[cfg(test)]
mod tests {
    use super::csv;

    #[test]
    fn a_cell_is_one_cell_whatever_is_in_it() {
        assert_eq!(csv(&["a", "", "b,c", "say \"x\"", "1\n2"]), "a,,\"b,c\",\"say \"\"x\"\"\",\"1\n2\"\r\n");
    }

    #[test]
    fn no_cell_is_a_formula() {
        for start in ["=", "+", "-", "@", "\t", "\r"] {
            let line = csv(&["a", &format!("{start}cmd|' /C calc'!A0")]);
            assert!(line.starts_with(&format!("a,\"'{start}cmd")), "{line}");
        }
    }
}
