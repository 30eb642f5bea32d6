//! What is counted and not yet in the store, and how it gets there, once.
//!
//! Records are counted in memory and stored a minute's worth at a time, since many of them are about the same rows;
//! the log has them already, so a kill loses none. They go into the store in transactions of a few hundred rows, so
//! that no change of a key waits long behind one; the row of `flush` says how far the last one came. A transaction
//! whose outcome is unknown is looked up there, never guessed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::group::{Group, News};
use super::store::{self, Flushed};
use crate::app::App;
use crate::clock::boot_ms;
use crate::logs::{Incarnation, Record};

/// How long counts stay in memory.
const KEPT_MS: i64 = 60_000;
/// Rows that share a transaction.
const CHUNK: usize = 250;
/// Whoever asks for usage has counts of up to so many rows stored first; with more there would be a wait.
const ROWS_AWAITED_MAX: usize = 20_000;

/// What is counted and not yet in the store.
#[derive(Debug, Default)]
pub struct Book {
    runs: Mutex<HashMap<Incarnation, Run>>,
    /// Held by whoever stores.
    turn: tokio::sync::Mutex<()>,
}

/// One incarnation's counts.
#[derive(Debug)]
struct Run {
    /// The last batch that was taken: in the store, on its way there, or in `group`.
    taken: u64,
    /// Where what is in the store and on its way there ends, and `group` begins.
    frozen_to: u64,
    group: Group,
    /// When the first record of `group` came, on the boot clock.
    since_ms: i64,
    /// A group that a killed process had begun to store: it ends here and nowhere else.
    resume_at: Option<u64>,
    frozen: Option<Arc<Frozen>>,
}

/// A group on its way into the store.
#[derive(Debug)]
struct Frozen {
    from: u64,
    upto: u64,
    news: Vec<News>,
    /// When its first record came, on the boot clock.
    since_ms: i64,
}

impl Run {
    fn new(at: Flushed) -> Self {
        let resume_at = (at.done > 0).then_some(at.upto);
        Self { taken: at.seq, frozen_to: at.seq, group: Group::default(), since_ms: 0, resume_at, frozen: None }
    }

    /// Whether the next batch must wait until this group is stored.
    fn is_full(&self) -> bool {
        self.resume_at.map_or_else(|| self.group.is_full(), |end| self.taken >= end)
    }

    fn take(&mut self, seq: u64, records: &[Record]) {
        if self.group.is_empty() {
            self.since_ms = boot_ms();
        }
        self.group.take(records);
        self.taken = seq;
    }

    /// Closes the group, unless one is on its way already or a killed process's is not whole yet.
    fn freeze(&mut self, app: &App) -> Option<Arc<Frozen>> {
        let is_whole = self.resume_at.is_none_or(|end| self.taken >= end);
        if self.frozen.is_none() && is_whole && self.taken > self.frozen_to {
            let group = std::mem::take(&mut self.group);
            let news = group.news(app.logs.names());
            let (from, upto, since_ms) = (self.frozen_to, self.taken, self.since_ms);
            self.frozen = Some(Arc::new(Frozen { from, upto, news, since_ms }));
            (self.frozen_to, self.resume_at) = (upto, None);
        }
        self.frozen.clone()
    }

    /// Since when something waits to be stored, on the boot clock.
    fn since_ms(&self) -> Option<i64> {
        let frozen = self.frozen.as_ref().map(|frozen| frozen.since_ms);
        frozen.or_else(|| (!self.group.is_empty()).then_some(self.since_ms))
    }
}

impl Book {
    fn runs(&self) -> MutexGuard<'_, HashMap<Incarnation, Run>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a batch, once.
    pub(super) async fn absorb(
        &self,
        app: &App,
        incarnation: Incarnation,
        seq: u64,
        records: &[Record],
    ) -> sqlx::Result<()> {
        if !self.runs().contains_key(&incarnation) {
            let at = store::flushed(&mut app.db.conn().await?, incarnation).await?;
            self.runs().entry(incarnation).or_insert_with(|| Run::new(at));
        }
        loop {
            {
                let mut runs = self.runs();
                let run = runs.get_mut(&incarnation).ok_or_else(|| missing(incarnation, seq, 0))?;
                if seq <= run.taken {
                    return Ok(());
                }
                if seq != run.taken + 1 {
                    return Err(missing(incarnation, seq, run.taken));
                }
                if !run.is_full() {
                    run.take(seq, records);
                    return Ok(());
                }
            }
            self.store(app, incarnation).await?;
        }
    }

    /// The last batch of an incarnation that is known to be in the store, since this process counts it.
    pub(super) fn stored(&self, incarnation: Incarnation) -> u64 {
        let end = |run: &Run| run.frozen.as_ref().map_or(run.frozen_to, |frozen| frozen.from);
        self.runs().get(&incarnation).map_or(0, end)
    }

    /// Stores everything that was counted until now.
    pub(super) async fn store_all(&self, app: &App) -> sqlx::Result<()> {
        let all: Vec<Incarnation> = self.runs().keys().copied().collect();
        for incarnation in all {
            self.store(app, incarnation).await?;
        }
        Ok(())
    }

    /// Stores what has been in memory long enough.
    pub(super) async fn store_due(&self, app: &App) -> sqlx::Result<()> {
        let due = boot_ms() - KEPT_MS;
        if self.waiting_since_ms().is_some_and(|since| since <= due) { self.store_all(app).await } else { Ok(()) }
    }

    /// Stores what was counted, where that takes no time worth speaking of; says since when the rest waits, in
    /// milliseconds before now.
    pub(super) async fn store_for_reader(&self, app: &App) -> sqlx::Result<i64> {
        let rows: usize = self.runs().values().map(|run| run.group.len()).sum();
        if rows <= ROWS_AWAITED_MAX {
            self.store_all(app).await?;
        }
        Ok(self.waiting_since_ms().map_or(0, |since| (boot_ms() - since).max(0)))
    }

    fn waiting_since_ms(&self) -> Option<i64> {
        self.runs().values().filter_map(Run::since_ms).min()
    }

    async fn store(&self, app: &App, incarnation: Incarnation) -> sqlx::Result<()> {
        let _turn = self.turn.lock().await;
        // What an earlier try left, then what came since.
        for _ in 0..2 {
            let frozen = self.runs().get_mut(&incarnation).and_then(|run| run.freeze(app));
            let Some(frozen) = frozen else { return Ok(()) };
            put(app, incarnation, &frozen).await?;
            if let Some(run) = self.runs().get_mut(&incarnation) {
                run.frozen = None;
            }
        }
        Ok(())
    }
}

fn missing(incarnation: Incarnation, seq: u64, taken: u64) -> sqlx::Error {
    sqlx::Error::Protocol(format!("batch {seq} of {incarnation} came after batch {taken}"))
}

async fn put(app: &App, incarnation: Incarnation, frozen: &Frozen) -> sqlx::Result<()> {
    let Frozen { from, upto, news, .. } = frozen;
    let mut conn = app.db.conn().await?;
    let mut at = store::flushed(&mut conn, incarnation).await?;
    loop {
        if at.seq == *upto {
            return Ok(());
        }
        let is_ours = at.seq == *from && (at.done == 0 || at.upto == *upto);
        let rest = usize::try_from(at.done).ok().and_then(|done| news.get(done..)).filter(|_| is_ours);
        let Some(rest) = rest else {
            let why = format!("usage of {incarnation} stands at {at:?}, not between batches {from} and {upto}");
            return Err(sqlx::Error::Protocol(why));
        };
        let chunk = &rest[..rest.len().min(CHUNK)];
        let next = if chunk.len() == rest.len() {
            Flushed { seq: *upto, upto: 0, done: 0 }
        } else {
            Flushed { seq: *from, upto: *upto, done: at.done + chunk.len() as u64 }
        };
        if let Err(error) = store::put(&mut conn, incarnation, &at, &next, chunk).await {
            conn.discard();
            return Err(error);
        }
        at = next;
    }
}
