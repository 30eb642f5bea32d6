//! What writer, sealer, usage's feeder and those who ask share of one log at work.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use keyward_core::time::UnixMs;
use tokio::sync::{Semaphore, watch};

use super::counts::Counts;
use super::disk::Disk;
use super::handoff::{Book, Queues, Waiting};
use super::live::Live;
use super::names::Names;
use super::redact::Redactor;
use super::shelf::Shelf;

/// One log at work.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) names: Arc<Names>,
    pub(super) book: Arc<Book>,
    pub(super) live: Arc<Live>,
    pub(super) counts: Arc<Counts>,
    pub(super) queues: Queues,
    pub(super) waiting: Arc<Waiting>,
    pub(super) redactor: Redactor,
    pub(super) shelf: Shelf,
    pub(super) disk: Disk,
    /// Records that are durable.
    pub(super) stored: AtomicU64,
    /// The last durable batch.
    pub(super) durable: watch::Sender<u64>,
    /// The last batch that usage has counted.
    pub(super) absorbed: watch::Sender<u64>,
    /// The last batch whose counts are in the store: what comes after it must be here should the process be killed.
    pub(super) counted: AtomicU64,
    /// Tails that were handed to the sealer.
    pub(super) handed: AtomicU64,
    pub(super) sealed: watch::Sender<Sealed>,
    pub(super) failing: Mutex<Option<Failing>>,
    /// Places of those who read.
    pub(super) readers: Arc<Semaphore>,
    /// Places of those who watch.
    pub(super) watchers: Arc<Semaphore>,
}

/// What the sealer has done.
#[derive(Debug, Clone, Default)]
pub(super) struct Sealed {
    /// How many tails are segments.
    pub(super) tails: u64,
    /// How often it failed, and why the last time.
    pub(super) failures: u64,
    pub(super) why: String,
    /// It does nothing more.
    pub(super) ended: bool,
}

/// That nothing can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// Since when.
    pub since: UnixMs,
    /// What the disk said.
    pub why: String,
}

impl Engine {
    pub(super) fn failing(&self) -> Option<Failing> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_failing(&self, failing: Option<Failing>) {
        *self.failing.lock().unwrap_or_else(PoisonError::into_inner) = failing;
    }
}
