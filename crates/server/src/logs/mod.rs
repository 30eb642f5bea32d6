//! The request log: a record of every decision, handed over without waiting, kept on this machine, and read again.
//!
//! Recording never makes a request wait: where the hand-off or the disk is full, records are dropped, counted and
//! shown. Usage is made of the same records, after they are durable, and of nothing else.

mod absorb;
mod archive;
mod codec;
mod counts;
mod disk;
mod engine;
mod filter;
#[cfg(test)]
mod fixtures;
mod graves;
mod handoff;
mod live;
mod named;
mod names;
mod query;
mod record;
mod redact;
mod routes;
mod sealer;
mod segment;
mod shelf;
mod start;
mod store;
mod table;
mod tail;
#[cfg(test)]
mod tests;
mod writer;

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use keyward_core::time::{DAY_MS, UnixMs};
use tokio::sync::OwnedSemaphorePermit;

pub use archive::{Archive, NextSegment};
pub use counts::Loss;
pub use disk::{Disk, Hold};
pub use engine::Failing;
pub use filter::Filter;
pub use handoff::{Book, Recorder};
pub use live::{Subscription, Told};
pub use named::KeyNames;
pub use names::{Name, Names};
pub use query::{Found, Place};
pub use record::{
    AGENT_BYTES_MAX, Bodies, Cause, Kept, METHOD_BYTES_MAX, Method, Outcome, PATH_BYTES_MAX, Record, Source,
};
pub(crate) use routes::entries;
pub use routes::routes;

use crate::app::App;
use crate::config::Config;
use crate::db::Conn;
use live::Live;
use start::Running;

/// One run of one process: its records are numbered in batches from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Incarnation(pub u64);

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Incarnation {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

/// Why the log can't start.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    /// Its folder.
    #[error("the request log can't be used: {0}")]
    Io(#[from] std::io::Error),
    /// The store.
    #[error("the request log can't be accounted for: {0}")]
    Store(#[from] sqlx::Error),
}

/// What is missing from the log, for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// A [`Loss`], by its word.
    pub reason: String,
    /// Since when, at the earliest.
    pub since: UnixMs,
    /// Until when, at the latest.
    pub until: UnixMs,
    /// How many records.
    pub records: u64,
}

/// What this process has counted so far. While nothing is under way, `decided` is the sum of the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Decisions.
    pub decided: u64,
    /// Records that are durable.
    pub stored: u64,
    /// Records that were dropped, by reason.
    pub dropped: Vec<(Loss, u64)>,
    /// That nothing can be written at the moment.
    pub failing: Option<Failing>,
}

/// What is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// Records that can be found.
    pub records: u64,
    /// Bytes on the disk.
    pub bytes: u64,
    /// The earliest record.
    pub oldest: Option<UnixMs>,
    /// Compressed files among them.
    pub segments: usize,
}

/// The request log of this process.
#[derive(Debug)]
pub struct Logs {
    names: Arc<Names>,
    book: Arc<Book>,
    live: Arc<Live>,
    running: OnceLock<Running>,
}

impl Logs {
    /// A log that knows the names of this configuration, and records nothing until it is started.
    pub fn new(config: &Config) -> Self {
        let names = Names::new(crate::gateway::stats::CODES);
        let book = Arc::new(Book::new(config, &names));
        Self { names: Arc::new(names), book, live: Arc::new(Live::new()), running: OnceLock::new() }
    }

    /// What the numbers of names in records stand for.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Batches from now on, each as soon as it is durable: within a second of its records.
    pub fn subscribe(&self) -> Subscription {
        self.live.subscribe()
    }

    /// A thread's way to the log; `None` for a log that was not started.
    pub fn recorder(&self) -> Option<Recorder> {
        let engine = &self.running.get()?.engine;
        let (counts, book) = (Arc::clone(&engine.counts), Arc::clone(&engine.book));
        let waiting = Arc::clone(&engine.waiting);
        Some(Recorder::new(&engine.queues, QUEUE_RECORDS, counts, book, waiting))
    }

    /// Waits until every record that was handed over by now is durable and in usage.
    pub async fn settle(&self) {
        if let Some(running) = self.running.get() {
            running.settle().await;
        }
    }

    /// A place for somebody who watches from outside; `None` if all are taken.
    pub(crate) fn watcher(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.running.get()?.engine.watchers).try_acquire_owned().ok()
    }

    /// The newest records that a filter asks for, from a place on.
    pub async fn newest(&self, filter: Filter, from: Option<Place>, limit: usize) -> Result<Found, LogsError> {
        let Some(running) = self.running.get() else { return Ok(Found { records: vec![], next: None }) };
        let engine = Arc::clone(&running.engine);
        let place = Arc::clone(&engine.readers).acquire_owned().await;
        let read = tokio::task::spawn_blocking(move || {
            let _place = place;
            query::newest(&engine.shelf, &engine.names, &filter, from.as_ref(), limit)
        });
        let found = read.await.map_err(|error| LogsError::Io(std::io::Error::other(error)))?;
        Ok(found?)
    }

    /// What is stored; `None` for a log that was not started.
    pub fn holding(&self) -> Option<Holding> {
        let held = self.running.get()?.engine.shelf.held();
        Some(Holding {
            records: held.rows(),
            bytes: held.bytes(),
            oldest: held.oldest(),
            segments: held.segments.len(),
        })
    }

    /// Makes a segment of what is in the tail, without waiting for the hour's end, and waits until that is done or has
    /// failed.
    pub async fn seal_now(&self) -> Result<(), LogsError> {
        match self.running.get() {
            Some(running) => Ok(running.seal().await?),
            None => Ok(()),
        }
    }

    /// What was counted so far; `None` for a log that was not started.
    pub fn tally(&self) -> Option<Tally> {
        let engine = &self.running.get()?.engine;
        let stored = engine.stored.load(Ordering::Acquire);
        let dropped = Loss::COUNTED.into_iter().zip(engine.counts.dropped()).collect();
        Some(Tally { decided: engine.counts.decided(), stored, dropped, failing: engine.failing() })
    }

    /// The log's disk, to bound it or hold it up.
    pub fn disk(&self) -> Option<&Disk> {
        self.running.get().map(|running| &running.engine.disk)
    }

    /// Writes everything down and ends. Nobody may record any more.
    pub async fn stop(&self) {
        if let Some(running) = self.running.get() {
            running.stop().await;
        }
    }
}

/// Records that one thread's hand-off holds: at 25,000 requests a second, two thirds of a second.
const QUEUE_RECORDS: usize = 16_384;

/// Starts the program's log: accounts for what earlier processes left, then records. Called once, before anything is
/// served.
pub async fn start(app: &App) -> Result<(), LogsError> {
    let running = start::start(app).await?;
    // Started twice: the first one stays.
    let _ = app.logs.running.set(running);
    Ok(())
}

/// What is missing from the log of a stretch of time: dropped, or lost with a process that was killed. What this
/// process drops is here as soon as usage knows of the batches around it.
pub async fn missing(app: &App, since: UnixMs, until: UnixMs) -> sqlx::Result<Vec<Missing>> {
    store::missing(&mut app.db.conn().await?, since, until).await
}

/// Forgets what was missing of times that are long gone.
pub(crate) async fn sweep(app: &App, conn: &mut Conn) -> sqlx::Result<()> {
    let days = app.config.logs.keep_days.unwrap_or(MISSING_DAYS_MAX).min(MISSING_DAYS_MAX);
    store::forget(conn, app.clock.now().plus(-i64::from(days) * DAY_MS)).await
}

/// For how long it is told what is missing, at most.
const MISSING_DAYS_MAX: u32 = 400;
