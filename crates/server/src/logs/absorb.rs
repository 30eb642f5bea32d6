//! From the log into usage: every durable batch, in order, once; again and again while the store can't take it.
//!
//! What it is too slow for waits in the tail, from where it is read when its turn comes: nothing is lost by waiting.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use keyward_core::time::UnixMs;
use tokio::sync::{mpsc, watch};

use super::counts::{Dropped, Loss};
use super::engine::Engine;
use super::record::Record;
use super::store::{self, Note};
use super::tail::{Frame, Reached, Tail};
use super::writer::Stored;
use super::{Incarnation, LogsError};
use crate::app::App;
use crate::usage;

/// How long to wait before a batch is tried again; doubled each time.
const AGAIN_MIN: Duration = Duration::from_millis(100);
const AGAIN_MAX: Duration = Duration::from_secs(5);

/// The task that feeds usage.
pub(super) struct Feeder {
    pub(super) app: App,
    pub(super) engine: Arc<Engine>,
    pub(super) stored: mpsc::Receiver<Stored>,
    /// Turned true when the last batch is durable.
    pub(super) ending: watch::Receiver<bool>,
}

impl Feeder {
    pub(super) async fn run(mut self) {
        let mut durable = self.engine.durable.subscribe();
        let mut reached = Reached::default();
        let mut since = self.app.clock.now();
        let mut early = None;
        loop {
            let target = *durable.borrow_and_update();
            while reached.seq < target {
                let Some(next) = self.next(&mut early, reached.seq + 1).await else { break };
                let until = self.app.clock.now();
                let mut again = AGAIN_MIN;
                while let Err(error) = self.take(&next, reached.dropped, since, until).await {
                    tracing::warn!(%error, "usage can't be written; trying again");
                    tokio::select! {
                        () = tokio::time::sleep(again) => {}
                        // At the end there is no time: what is not in usage is replayed at the next start.
                        _ = self.ending.wait_for(|ending| *ending) => return,
                    }
                    again = (again * 2).min(AGAIN_MAX);
                }
                (reached, since) = (next.reached, until);
                let counted = usage::stored(&self.app, self.engine.counts.incarnation());
                self.engine.counted.store(counted, Ordering::Release);
                self.engine.absorbed.send_replace(reached.seq);
            }
            tokio::select! {
                changed = durable.changed() => if changed.is_err() { return },
                _ = self.ending.wait_for(|ending| *ending) => if reached.seq >= *durable.borrow() { return },
            }
        }
    }

    /// A batch by its number: from the writer's hand, or from the tail.
    async fn next(&mut self, early: &mut Option<Stored>, seq: u64) -> Option<Stored> {
        while early.as_ref().is_none_or(|stored| stored.seq < seq) {
            match self.stored.try_recv() {
                Ok(stored) => *early = Some(stored),
                Err(_) => break,
            }
        }
        if early.as_ref().is_some_and(|stored| stored.seq == seq) {
            return early.take();
        }
        let engine = Arc::clone(&self.engine);
        let read = tokio::task::spawn_blocking(move || from_tails(&engine, seq)).await;
        read.unwrap_or_else(|error| {
            tracing::error!(%error, "reading the log's tail broke off");
            None
        })
    }

    async fn take(&self, next: &Stored, dropped: Dropped, since: UnixMs, until: UnixMs) -> sqlx::Result<()> {
        let incarnation = self.engine.counts.incarnation();
        usage::absorb(&self.app, incarnation, next.seq, &next.records).await?;
        note_dropped(&self.app, incarnation, next.reached, dropped, since, until).await
    }
}

fn from_tails(engine: &Engine, seq: u64) -> Option<Stored> {
    let held = engine.shelf.held();
    let holds = |tail: &&Arc<Tail>| {
        tail.incarnation == engine.counts.incarnation() && tail.before.seq < seq && seq <= tail.reached().seq
    };
    let Some(tail) = held.tails.iter().chain(&held.spent).find(holds) else {
        tracing::error!(seq, "a batch of the log is gone before it came into usage");
        return Some(lost(seq, Reached { seq, ..Reached::default() }));
    };
    let frame = tail.frames().find(|frame| frame.head.seq == seq)?;
    let reached = reached(frame);
    match tail.records(frame, &engine.names) {
        Ok(records) => Some(Stored { seq, records: records.into(), reached }),
        Err(error) => {
            tracing::error!(%error, seq, "a batch of the log can't be read again, and is missing from usage");
            Some(lost(seq, reached))
        }
    }
}

fn lost(seq: u64, reached: Reached) -> Stored {
    Stored { seq, records: Arc::new([]), reached }
}

fn reached(frame: &Frame) -> Reached {
    let stored = frame.head.stored_before + u64::from(frame.head.count);
    Reached { seq: frame.head.seq, stored, dropped: frame.head.dropped }
}

/// Notes what an incarnation dropped since `before`.
async fn note_dropped(
    app: &App,
    incarnation: Incarnation,
    reached: Reached,
    before: Dropped,
    since: UnixMs,
    until: UnixMs,
) -> sqlx::Result<()> {
    let fresh = [0, 1].map(|at| reached.dropped[at].saturating_sub(before[at]));
    let losses = Loss::COUNTED.into_iter().zip(fresh);
    note(app, incarnation, reached.seq, losses, since, until).await
}

/// Notes what is missing, as told by one batch.
pub(super) async fn note(
    app: &App,
    incarnation: Incarnation,
    seq: u64,
    losses: impl IntoIterator<Item = (Loss, u64)>,
    since: UnixMs,
    until: UnixMs,
) -> sqlx::Result<()> {
    let incarnation = incarnation.to_string();
    for (loss, records) in losses.into_iter().filter(|(_, records)| *records > 0) {
        let mut conn = app.db.conn().await?;
        let reason = loss.as_str();
        store::note(&mut conn, Note { incarnation: &incarnation, seq, reason, since, until, records }).await?;
    }
    Ok(())
}

/// Takes into usage what an earlier incarnation left in its tails.
pub(super) async fn replay(app: &App, tails: &[Arc<Tail>]) -> Result<(), LogsError> {
    let Some(incarnation) = tails.first().map(|tail| tail.incarnation) else { return Ok(()) };
    let absorbed = usage::absorbed(app, incarnation).await?;
    for tail in tails {
        let mut before = tail.before;
        for frame in tail.frames() {
            if frame.head.seq > absorbed {
                let records: Vec<Record> = tail.records(frame, app.logs.names())?;
                usage::absorb(app, incarnation, frame.head.seq, &records).await?;
            }
            let (since, until) = (frame.head.since, frame.head.until);
            note_dropped(app, incarnation, reached(frame), before.dropped, since, until).await?;
            before = reached(frame);
        }
    }
    // Its tails may go from here on.
    usage::settle(app).await?;
    Ok(())
}
