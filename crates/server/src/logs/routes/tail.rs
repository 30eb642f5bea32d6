//! The tail of the log, as it grows.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use keyward_sdk::wire;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout_at};

use super::{confined, convert};
use crate::app::App;
use crate::http::{Caller, Problem, Query, Standing};
use crate::logs::{Filter, KeyNames, Record, Subscription, Told};

/// How often it is looked whether the caller still may.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often a quiet stream shows that it is there.
const ALIVE_EVERY: Duration = Duration::from_secs(15);

struct Tail {
    app: App,
    /// `None`: nothing of what was asked for is theirs.
    filter: Option<Filter>,
    records: Subscription,
    keys: KeyNames,
    standing: Standing,
    looked: Instant,
    /// Events that are to be sent next, in reverse.
    ready: Vec<Event>,
    _place: OwnedSemaphorePermit,
}

/// Streams rows as they come: server-sent events `row`, each with a row as JSON, and `missed` with the number of rows
/// that a slow reader lost. Rows come within a second of their answers' ends.
#[utoipa::path(get, path = "/v1/logs/tail", tag = "logs", operation_id = "tail_logs",
    extensions(("x-permission" = json!("logs.read"))), params(wire::LogTailQuery),
    responses((status = 200, description = "Events.", body = String, content_type = "text/event-stream")))]
pub(super) async fn tail(
    State(app): State<App>,
    caller: Caller,
    standing: Standing,
    Query(query): Query<wire::LogTailQuery>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let filter = confined(convert::filter(query.filter())?, &caller);
    let place = app.logs.watcher().ok_or_else(|| {
        let detail = "As many streams of the log are open as may be.";
        Problem::new(http::StatusCode::TOO_MANY_REQUESTS, "too_many_streams", detail)
    })?;
    let (records, keys) = (app.logs.subscribe(), KeyNames::new(app.db.clone()));
    let looked = Instant::now();
    let tail = Tail { app, filter, records, keys, standing, looked, ready: Vec::new(), _place: place };
    let events = futures_util::stream::unfold(tail, |mut tail| async move {
        let event = tail.next().await?;
        Some((Ok(event), tail))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE_EVERY)))
}

impl Tail {
    /// The next event; `None` when the log stops or the caller may not read it any more.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop() {
                return Some(event);
            }
            if self.looked.elapsed() >= LOOK_EVERY {
                if !self.standing.holds().await {
                    return None;
                }
                self.looked = Instant::now();
            }
            match timeout_at(self.looked + LOOK_EVERY, self.records.next()).await {
                Err(_) => {}
                Ok(None) => return None,
                Ok(Some(Told::Missed(missed))) => {
                    return Some(Event::default().event("missed").data(format!("{{\"records\":{missed}}}")));
                }
                Ok(Some(Told::Records(records))) => self.take(&records).await,
            }
        }
    }

    async fn take(&mut self, records: &[Record]) {
        let Some(filter) = &self.filter else { return };
        let names = self.app.logs.names();
        let wanted = records.iter().filter(|record| filter.matches(record, names)).cloned().collect::<Vec<_>>();
        if let Err(error) = self.keys.learn(&wanted).await {
            tracing::warn!(%error, "names of keys could not be looked up for the log's tail");
        }
        for record in wanted.iter().rev() {
            match Event::default().event("row").json_data(convert::entry(names, &self.keys, record)) {
                Ok(event) => self.ready.push(event),
                Err(error) => tracing::error!(%error, "a row of the log can't be told"),
            }
        }
    }
}
