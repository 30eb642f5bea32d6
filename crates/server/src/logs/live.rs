//! What was just written, for those who watch: live views and the tail of the log.
//!
//! Nothing waits for a watcher. One that is too slow misses records, and is told how many.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast;

use super::record::Record;

/// How many batches wait for a slow watcher; at a flush every half second, half a minute.
const BATCHES_MAX: usize = 64;

/// Records that became durable together.
#[derive(Debug)]
struct Batch {
    /// How many were published before them.
    before: u64,
    records: Arc<[Record]>,
}

/// Where the writer publishes.
#[derive(Debug)]
pub(super) struct Live {
    /// `None` once the log has stopped.
    sender: Mutex<Option<broadcast::Sender<Arc<Batch>>>>,
    published: AtomicU64,
}

/// One watcher's place.
#[derive(Debug)]
pub struct Subscription {
    receiver: broadcast::Receiver<Arc<Batch>>,
    /// How many records it was given or told it missed.
    seen: u64,
}

/// What a watcher is told.
#[derive(Debug, Clone)]
pub enum Told {
    /// Records, in the order in which their answers ended on each thread.
    Records(Arc<[Record]>),
    /// So many were missed.
    Missed(u64),
}

impl Live {
    pub(super) fn new() -> Self {
        let sender = Mutex::new(Some(broadcast::Sender::new(BATCHES_MAX)));
        Self { sender, published: AtomicU64::new(0) }
    }

    /// Tells all watchers. Only the writer calls it.
    pub(super) fn publish(&self, records: &Arc<[Record]>) {
        let before = self.published.fetch_add(records.len() as u64, Ordering::AcqRel);
        if let Some(sender) = &*self.sender() {
            // Nobody watching is no failure.
            let _ = sender.send(Arc::new(Batch { before, records: Arc::clone(records) }));
        }
    }

    pub(super) fn subscribe(&self) -> Subscription {
        let receiver = match &*self.sender() {
            Some(sender) => sender.subscribe(),
            None => broadcast::channel(1).1,
        };
        Subscription { receiver, seen: self.published.load(Ordering::Acquire) }
    }

    /// There will be nothing more.
    pub(super) fn end(&self) {
        self.sender().take();
    }

    fn sender(&self) -> MutexGuard<'_, Option<broadcast::Sender<Arc<Batch>>>> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscription {
    /// What comes next; `None` once the log has stopped. May be dropped while waiting and called again.
    pub async fn next(&mut self) -> Option<Told> {
        loop {
            match self.receiver.recv().await {
                Ok(batch) => {
                    let end = batch.before + batch.records.len() as u64;
                    // Published while it subscribed: counted as seen already.
                    if end <= self.seen {
                        continue;
                    }
                    self.seen = end;
                    return Some(Told::Records(Arc::clone(&batch.records)));
                }
                Err(broadcast::error::RecvError::Closed) => return None,
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    let Some(missed) = self.catch_up() else { continue };
                    return Some(Told::Missed(missed));
                }
            }
        }
    }

    /// Goes on at the latest there is, and says how many records lie between.
    fn catch_up(&mut self) -> Option<u64> {
        let fresh = self.receiver.resubscribe();
        let mut old = std::mem::replace(&mut self.receiver, fresh);
        let mut end = self.seen;
        loop {
            match old.try_recv() {
                Ok(batch) => end = batch.before + batch.records.len() as u64,
                Err(broadcast::error::TryRecvError::Lagged(_)) => {}
                Err(broadcast::error::TryRecvError::Empty | broadcast::error::TryRecvError::Closed) => break,
            }
        }
        let missed = end - self.seen;
        self.seen = end;
        (missed > 0).then_some(missed)
    }
}

#[cfg(test)]
mod tests {
    use keyward_core::time::UnixMs;

    use super::*;
    use crate::logs::record::Source;

    fn batch(from: i64, count: i64) -> Arc<[Record]> {
        (from..from + count).map(|at| Record::new(UnixMs(at), Source::Gateway)).collect()
    }

    #[tokio::test]
    async fn a_slow_watcher_is_told_exactly_how_many_it_missed() {
        let live = Live::new();
        let mut watcher = live.subscribe();
        let (mut sent, mut told) = (0, 0);
        for round in 0..BATCHES_MAX as i64 * 3 {
            live.publish(&batch(round * 10, 1 + round % 5));
            sent += 1 + round % 5;
        }
        let first = watcher.next().await;
        assert!(matches!(first, Some(Told::Missed(_))), "{first:?}");
        if let Some(Told::Missed(missed)) = first {
            told += missed as i64;
        }
        live.publish(&batch(1, 4));
        sent += 4;
        drop(live);
        while let Some(next) = watcher.next().await {
            told += match next {
                Told::Records(records) => records.len() as i64,
                Told::Missed(missed) => missed as i64,
            };
        }
        assert_eq!(told, sent);
    }
}
