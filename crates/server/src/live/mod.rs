//! What happens now: counts and what is left of limits, told within a second to whoever watches.
//!
//! Each watcher counts for itself, from the batches that the log has just made durable, what it may see and asked for.
//! What is left of a limit is read from the counters themselves, so that it is what a rate header would say. Nothing
//! here is kept.

mod routes;
mod watcher;

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

pub use routes::routes;

/// Most watchers at once.
const WATCHERS_MAX: usize = 100;

/// The places of all watchers.
#[derive(Debug)]
pub struct Places {
    free: Arc<Semaphore>,
    closing: watch::Sender<bool>,
}

impl Default for Places {
    fn default() -> Self {
        Self { free: Arc::new(Semaphore::new(WATCHERS_MAX)), closing: watch::Sender::new(false) }
    }
}

impl Places {
    /// A place, if one is free.
    fn take(&self) -> Option<(OwnedSemaphorePermit, watch::Receiver<bool>)> {
        Some((Arc::clone(&self.free).try_acquire_owned().ok()?, self.closing.subscribe()))
    }

    /// Ends all streams: the program stops.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }
}
