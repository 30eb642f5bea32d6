//! The log as a file.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use keyward_sdk::wire;

use super::{confined, convert};
use crate::app::App;
use crate::http::{Caller, Problem, Query};
use crate::logs::table::{Cell, Parquet};
use crate::logs::{Filter, KeyNames, Place};
use crate::operation::csv;

/// Rows that are in memory at once.
const AT_ONCE: usize = 10_000;

struct Export {
    app: App,
    /// `None`: nothing of what was asked for is theirs.
    filter: Option<Filter>,
    from: Option<Place>,
    keys: KeyNames,
    format: Format,
    begun: bool,
    done: bool,
}

enum Format {
    Ndjson,
    Csv,
    /// `None` once it is complete.
    Parquet(Option<Box<Parquet>>),
}

/// Exports rows, newest first: `application/x-ndjson`, `text/csv` or Apache Parquet. An answer that breaks off is not
/// whole.
#[utoipa::path(get, path = "/v1/logs/export", tag = "logs", operation_id = "export_logs",
    params(wire::LogExportQuery), extensions(("x-permission" = json!("logs.read"))),
    responses((status = 200, description = "All of them.", body = String, content_type = "application/x-ndjson")))]
pub(super) async fn export(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<wire::LogExportQuery>,
) -> Result<Response, Problem> {
    let format = match query.format {
        wire::LogFormat::Ndjson => Format::Ndjson,
        wire::LogFormat::Csv => Format::Csv,
        wire::LogFormat::Parquet => {
            let parquet = Parquet::begin().map_err(|error| Problem::unavailable(&error))?;
            Format::Parquet(Some(Box::new(parquet)))
        }
    };
    let (kind, file) = match &format {
        Format::Ndjson => ("application/x-ndjson", "attachment; filename=\"requests.ndjson\""),
        Format::Csv => ("text/csv; charset=utf-8; header=present", "attachment; filename=\"requests.csv\""),
        Format::Parquet(_) => ("application/vnd.apache.parquet", "attachment; filename=\"requests.parquet\""),
    };
    // Rows that come while it is written are not in it.
    let mut filter = convert::filter(query.filter())?;
    let now = app.clock.now().plus(1);
    filter.until = Some(filter.until.map_or(now, |until| until.min(now)));
    let (filter, keys) = (confined(filter, &caller), KeyNames::new(app.db.clone()));
    let export = Export { app, filter, from: None, keys, format, begun: false, done: false };
    let pieces = futures_util::stream::try_unfold(export, |mut export| async move {
        let piece = export.piece().await;
        let piece = piece.inspect_err(|error| tracing::error!(%error, "an export of the log broke off"))?;
        Ok::<_, axum::BoxError>(piece.map(|piece| (Bytes::from(piece), export)))
    });
    Ok(([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, file)], Body::from_stream(pieces)).into_response())
}

impl Export {
    /// The next piece; `None` at the end.
    async fn piece(&mut self) -> Result<Option<Vec<u8>>, axum::BoxError> {
        if self.done {
            return Ok(None);
        }
        let mut piece = Vec::new();
        while piece.is_empty() && !self.done {
            let rows = self.rows().await?;
            self.write(&rows, &mut piece)?;
        }
        // One that is empty would be taken for the end.
        Ok(Some(piece).filter(|piece| !piece.is_empty()))
    }

    async fn rows(&mut self) -> Result<Vec<wire::LogEntry>, axum::BoxError> {
        let Some(filter) = self.filter.clone() else {
            self.done = true;
            return Ok(Vec::new());
        };
        let found = self.app.logs.newest(filter, self.from.take(), AT_ONCE).await?;
        self.done = found.next.is_none();
        self.from = found.next;
        self.keys.learn(&found.records).await?;
        let names = self.app.logs.names();
        Ok(found.records.iter().map(|record| convert::entry(names, &self.keys, record)).collect())
    }

    fn write(&mut self, rows: &[wire::LogEntry], out: &mut Vec<u8>) -> Result<(), axum::BoxError> {
        match &mut self.format {
            Format::Ndjson => {
                for row in rows {
                    serde_json::to_writer(&mut *out, row)?;
                    out.push(b'\n');
                }
            }
            Format::Csv => {
                if !self.begun {
                    out.extend_from_slice(csv(&Cell::HEADINGS).as_bytes());
                }
                for row in rows {
                    let cells = Cell::of(row).map(|cell| cell.to_string());
                    out.extend_from_slice(csv(&cells.each_ref().map(String::as_str)).as_bytes());
                }
            }
            Format::Parquet(parquet) => {
                if let Some(own) = parquet {
                    own.add(rows, out)?;
                }
                if let (true, Some(own)) = (self.done, parquet.take_if(|_| self.done)) {
                    own.finish(out)?;
                }
            }
        }
        self.begun = true;
        Ok(())
    }
}
